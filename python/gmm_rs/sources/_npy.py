"""Matrices in files of NumPy, ``.npy``."""

from pathlib import Path
from typing import Any

import numpy as np

from gmm_rs.exceptions import DataTypeError, DimensionError
from gmm_rs.sources._array import MappedRows
from gmm_rs.sources._columns import Chooser


def open_npy(path: Path, choose: Chooser, dtype: np.dtype[Any] | None) -> MappedRows:
    """The rows in the file at `path`, which is mapped into memory; a vector is one column.

    Raises
    ------
    OSError
        If it cannot be read.
    DataTypeError
        If it is no such file, is shorter than its header says, or doesn't hold real numbers.
    DimensionError
        If it holds no matrix, or one without rows or columns.
    """
    if path.stat().st_size == 0:
        raise DataTypeError(f"{path} is empty")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataTypeError(f"{path} is no whole .npy file of numbers: {_reason(error)}") from error
    if not isinstance(array, np.memmap):
        array.close()
        raise DataTypeError(f"{path} is an archive of several arrays, not one .npy file")
    if array.ndim not in (1, 2):
        raise DimensionError(f"{path} must hold a matrix, rows × columns, but its shape is {array.shape}")
    return MappedRows(array[:, None] if array.ndim == 1 else array, choose, dtype, str(path))


def _reason(error: Exception) -> str:
    text = str(error)
    if "mmap length" in text:
        return "it is shorter than its header says"
    return "it holds Python objects" if "pickle" in text.lower() or "Python objects" in text else text
