"""The Python blocks of the README and of each page in docs/ run as they stand, one after the other, like a session."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parent.parent
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
PAGES = [
    path
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    if PYTHON_BLOCK.search(path.read_text("utf-8"))
]
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.py"))


@pytest.fixture
def clone(tmp_path):
    """The working folder as in a clone: with the examples, whose data pages and pictures read."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run(clone, page):
    text = page.read_text(encoding="utf-8")
    script = ""
    for block in PYTHON_BLOCK.finditer(text):
        # Blank lines up to where the block starts, so that a traceback names the line of the page.
        script += "\n" * (text.count("\n", 0, block.start(1)) - script.count("\n")) + block[1]
    (clone / page.name).write_text(script, encoding="utf-8")
    finished = subprocess.run(
        [sys.executable, "-W", "error", page.name], cwd=clone, check=False, capture_output=True, encoding="utf-8"
    )
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_pictures_are_drawn(clone, picture):
    plt.close("all")  # those of examples in docstrings
    try:
        runpy.run_path(str(picture))
        assert all(ax.has_data() for number in plt.get_fignums() for ax in plt.figure(number).axes)
        assert len(plt.get_fignums()) == 1
    finally:
        plt.close("all")
