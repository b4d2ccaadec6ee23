"""The Python blocks of README.md run as they stand, one after the other, like a reader's session."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def test_python_blocks_run(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = ""
    for block in PYTHON_BLOCK.finditer(readme):
        # Blank lines up to where the block starts, so that a traceback names the line of the README.
        script += "\n" * (readme.count("\n", 0, block.start(1)) - script.count("\n")) + block[1]
    (tmp_path / "README.md").write_text(script, encoding="utf-8")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    finished = subprocess.run(
        [sys.executable, "-W", "error", "README.md"], cwd=tmp_path, check=False, capture_output=True, encoding="utf-8"
    )
    assert finished.returncode == 0, finished.stderr
