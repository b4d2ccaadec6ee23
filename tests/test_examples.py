"""The demo does what the README says, in a folder of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-W", "error", str(EXAMPLES / "demo.py"), str(folder)]
    finished = subprocess.run(command, check=False, capture_output=True, encoding="utf-8")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout, folder / "module001_gmm"


def test_both_processes_find_the_species(demo):
    output, _ = demo
    accuracies = dict(re.findall(r"^ +(learn|recog) +([\d.]+)", output, flags=re.MULTILINE))
    assert {mode: float(accuracy) >= 0.95 for mode, accuracy in accuracies.items()} == {"learn": True, "recog": True}


def test_every_listed_file_is_there(demo):
    output, folder = demo
    listed = re.findall(r"^ +(\S+) +[\d,]+ bytes", output, flags=re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in folder.iterdir())
    assert len(listed) == 9


def test_a_row_of_each_file_stands_for_a_bird(demo):
    _, folder = demo
    for mode, birds in (("learn", 257), ("recog", 85)):
        for name in ("class", "Pdz", "mu"):
            assert len((folder / f"{name}_{mode}.txt").read_text().splitlines()) == birds


def test_a_second_demo_in_the_same_folder_reports_its_own_files(demo):
    output, folder = demo
    command = [sys.executable, str(EXAMPLES / "demo.py"), str(folder.parent)]
    again = subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout
    without_times = re.compile(r"[\d.]+ m?s\b")
    assert without_times.sub("", again).split() == without_times.sub("", output).split()
