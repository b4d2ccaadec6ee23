"""Rows that cost much to read, kept in a temporary file."""

import tempfile
from functools import partial

import numpy as np

from gmm_rs.sources._ahead import read_ahead
from gmm_rs.sources._array import MappedRows
from gmm_rs.sources._block_size import block_size
from gmm_rs.sources._columns import find_columns
from gmm_rs.sources._row_source import RowSource


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
                raise OSError(
                    error.errno, f"cannot write a temporary file in {tempfile.gettempdir()}: {error.strerror}"
                ) from error
            n_rows += len(block)
        matrix = np.memmap(file, source.dtype, "r", shape=(n_rows, source.n_features))
    rows = MappedRows(matrix, partial(find_columns, None), None, source.name)
    rows.feature_names = source.feature_names
    return rows
