"""How tests of the command line run it."""

import os
import sys
from typing import NamedTuple

import numpy as np
import pytest
from tables import read_whole

from gmm_rs.cli import main
from gmm_rs.cli._input import open_table

PROGRAM = [sys.executable, "-m", "gmm_rs"]
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals, links and limits")


class Table(NamedTuple):
    values: np.ndarray
    column_names: tuple[str, ...] | None


def read_table(path, words=None):
    """A table as commands read it."""
    source = open_table(path, words)
    return Table(read_whole(source), source.feature_names)


def fails(capsys, *arguments, code=1):
    """What the command says when it fails: one line."""
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gmm-rs: ")
    assert err.count("\n") == 1
    return err
