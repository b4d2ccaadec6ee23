"""Matrices in files of NumPy, ``.npy``, which stay on disk until they are looked at."""

from pathlib import Path

import numpy as np

from gmm_rs._validation import check_data
from gmm_rs.cli._tables._columns import Chooser
from gmm_rs.cli._tables._table import Table
from gmm_rs.exceptions import DataTypeError, DimensionError


def read_npy(path: str, choose: Chooser) -> Table:
    """The matrix in the file at `path`, mapped into memory; a vector is one column.

    Raises
    ------
    OSError
        If it cannot be read.
    DataTypeError
        If it is no such file, is shorter than its header says, or doesn't hold real numbers.
    """
    if Path(path).stat().st_size == 0:
        raise DataTypeError(f"{path} is empty")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataTypeError(f"{path} is no whole .npy file of numbers: {_reason(error)}") from error
    if not isinstance(array, np.ndarray):
        raise DataTypeError(f"{path} is an archive of several arrays, not one .npy file")
    if array.ndim not in (1, 2):
        raise DimensionError(f"{path} must hold a matrix, rows × columns, but its shape is {array.shape}")
    matrix = array[:, None] if array.ndim == 1 else array
    chosen = choose(None, matrix.shape[1], path)
    is_whole = chosen == list(range(matrix.shape[1]))
    return Table(check_data(matrix if is_whole else matrix[:, chosen], what=path), None, path)


def _reason(error: Exception) -> str:
    text = str(error)
    if "mmap length" in text:
        return "it is shorter than its header says"
    return "it holds Python objects" if "pickle" in text.lower() or "Python objects" in text else text
