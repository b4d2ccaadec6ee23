"""Opening a table for writing: as a whole, or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from gmm_rs._staging import staged_file
from gmm_rs.outputs._npy import write_npy
from gmm_rs.outputs._parquet import write_parquet
from gmm_rs.outputs._text import write_csv, write_txt
from gmm_rs.outputs._write import Write
from gmm_rs.sources._arrow import import_pyarrow
from gmm_rs.sources._formats import format_of

_WRITERS = {".npy": write_npy, ".csv": write_csv, ".txt": write_txt, ".parquet": write_parquet}
WRITTEN = tuple(_WRITERS)
"""The ends of names of files that can be written."""


@contextmanager
def open_output(path: str | PathLike[str], names: Sequence[str]) -> Iterator[Write]:
    """A function that writes the next rows of a table; after an error, the file of before is there, or none.

    Parameters
    ----------
    path : str or PathLike
        A file whose name ends in ``.npy``, ``.csv``, ``.txt`` or ``.parquet``.
    names : sequence of str
        Names of the columns, for CSV and Parquet.

    Raises
    ------
    ParameterError
        If the name ends in something else.
    ImportError
        If it is Parquet and PyArrow is not installed.
    OSError
        If it cannot be written; the message names it.

    Examples
    --------
    >>> import numpy as np
    >>> with open_output("labels.npy", ["label"]) as write:
    ...     write(np.array([0, 1]))
    ...     write(np.array([1]))
    >>> np.load("labels.npy")
    array([0, 1, 1])
    """
    write_table = _WRITERS[format_of(path, WRITTEN)]
    with staged_file(Path(path)) as staged, write_table(staged, names) as write:
        yield write


def check_writable(path: str | PathLike[str]) -> None:
    """Find out before long work whether a file can be written after it.

    Raises
    ------
    OSError, ImportError
        If it cannot.
    """
    if Path(path).suffix.lower() == ".parquet":
        import_pyarrow()
    with staged_file(Path(path)):
        pass
