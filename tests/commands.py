"""How tests of the command line run it."""

import os
import sys

import pytest

from gmm_rs.cli import main
from gmm_rs.cli._in_memory import in_memory
from gmm_rs.cli._input import open_table

PROGRAM = [sys.executable, "-m", "gmm_rs"]
posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals, links and limits")


def read_table(path, words=None):
    """The `values` and `column_names` of a table, as commands read them."""
    return in_memory(open_table(path, words))


def fails(capsys, *arguments, code=1):
    """What the command says when it fails: one line."""
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gmm-rs: ")
    assert err.count("\n") == 1
    return err
