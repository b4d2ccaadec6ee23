"""Reading a table, whatever its format."""

from collections.abc import Sequence
from functools import partial

from gmm_rs.cli._tables._columns import find_columns
from gmm_rs.cli._tables._formats import format_of
from gmm_rs.cli._tables._npy import read_npy
from gmm_rs.cli._tables._parquet import read_parquet
from gmm_rs.cli._tables._rows import check_finite
from gmm_rs.cli._tables._table import Table
from gmm_rs.cli._tables._text import read_text

_READERS = {"npy": read_npy, "csv": read_text, "txt": read_text, "parquet": read_parquet}


def read_table(path: str, columns: Sequence[str] | None = None, *, fitted: Sequence[str] | None = None) -> Table:
    """Read a table of finite real numbers.

    Parameters
    ----------
    path : str
        A file whose name ends in ``.npy``, ``.csv``, ``.txt`` or ``.parquet``; ``-`` is standard input, CSV.
    columns : sequence of str, optional
        Names of columns, or numbers counted from 1. Default: those of `fitted`, or all.
    fitted : sequence of str, optional
        Names of the columns that a model was fitted to, which are taken where the file's columns have names.

    Returns
    -------
    Table

    Raises
    ------
    OSError
        If the file cannot be read.
    GmmError
        If it isn't what its name says, or holds something else than finite real numbers; the message names the file
        and the place in it.
    ImportError
        If a Parquet file is to be read without PyArrow.
    """
    table = _READERS[format_of(path)](path, partial(find_columns, columns, fitted))
    check_finite(table)
    return table
