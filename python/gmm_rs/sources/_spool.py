"""Rows that cost much to read, kept in a temporary file."""

import shutil
import tempfile
from functools import partial

import numpy as np

from gmm_rs.sources._ahead import read_ahead
from gmm_rs.sources._array import MappedRows
from gmm_rs.sources._block_size import block_size
from gmm_rs.sources._columns import find_columns
from gmm_rs.sources._row_source import RowSource


class _NoRoomError(OSError):
    """The folder for temporary files is full."""


def for_many_passes(source: RowSource) -> RowSource:
    """The same rows in the form in which many passes over them take least: spooled, if they are parsed or decoded.

    Parquet is spooled if there is room for twice its numbers, and otherwise left as it is. Text takes so long to parse
    that it is spooled always: how many rows it has isn't known before.

    Raises
    ------
    OSError
        If the folder for temporary files is too full for text, or the rows cannot be read.
    DataTypeError, NonFiniteError, DimensionError
        As `RowSource.blocks` does.

    Examples
    --------
    >>> from gmm_rs import open_rows
    >>> np.savetxt("rows.csv", [1, 2])
    >>> for_many_passes(open_rows("rows.csv"))
    <MappedRows rows.csv: 2 rows, 1 columns, float64>
    >>> array = open_rows([[1], [2]])
    >>> for_many_passes(array) is array
    True
    """
    if not source._is_encoded:
        return source
    if source.n_rows is None:
        return spooled(source)
    n_bytes = source.n_rows * source.n_features * source.dtype.itemsize
    try:
        return spooled(source) if _has_room(2 * n_bytes) else source
    except _NoRoomError:  # others write there, too, or there is a quota
        return source


def spooled(source: RowSource) -> RowSource:
    """The same rows, written once to a temporary file that goes when they are no longer used.

    Raises
    ------
    OSError
        If the folder for temporary files is full.

    Examples
    --------
    >>> from gmm_rs import open_rows
    >>> [block.tolist() for block in spooled(open_rows([[1], [2]])).blocks(9)]
    [[[1.0], [2.0]]]
    """
    n_rows = 0
    with tempfile.TemporaryFile(prefix="gmm_rs-") as file:
        for block in read_ahead(source.blocks(block_size(source.n_features))):
            try:
                file.write(block.data)
                file.flush()
            except OSError as error:
                raise _NoRoomError(
                    error.errno, f"cannot write a temporary file in {tempfile.gettempdir()}: {error.strerror}"
                ) from error
            n_rows += len(block)
        matrix = np.memmap(file, source.dtype, "r", shape=(n_rows, source.n_features))
    rows = MappedRows(matrix, partial(find_columns, None), None, source.name)
    rows.feature_names = source.feature_names
    return rows


def _has_room(n_bytes: int) -> bool:
    """Whether so many bytes are free in the folder for temporary files, if there is one."""
    try:
        return shutil.disk_usage(tempfile.gettempdir()).free >= n_bytes
    except OSError:
        return False
