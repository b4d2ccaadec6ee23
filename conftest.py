"""Every test and doctest runs in an empty folder of its own: pipelines write into the current one."""

import os
from pathlib import Path

import pytest

os.environ["MPLBACKEND"] = "agg"  # pictures in memory, on any machine


@pytest.fixture(autouse=True)
def scratch_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a fresh folder the current one."""
    monkeypatch.chdir(tmp_path)
