"""The tables that commands write: files of every kind, and standard output."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from gmm_rs.cli._input import STANDARD_STREAM
from gmm_rs.outputs import Write, check_writable, open_output
from gmm_rs.outputs._text import write_standard_output


def open_table_output(path: str, names: Sequence[str]) -> AbstractContextManager[Write]:
    """A function that writes rows into a file, which is put in place when it is whole; ``-`` is standard output, CSV.

    Raises
    ------
    OSError, ImportError
    """
    return write_standard_output(names) if path == STANDARD_STREAM else open_output(path, names)


def check_table_writable(path: str) -> None:
    """Find out before long work whether a table can be written after it.

    Raises
    ------
    OSError, ImportError
        If it cannot.
    """
    if path != STANDARD_STREAM:
        check_writable(path)
