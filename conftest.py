"""Every test and doctest runs in an empty folder of its own: pipelines write into the current one."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def scratch_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a fresh folder the current one."""
    monkeypatch.chdir(tmp_path)
