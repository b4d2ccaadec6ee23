"""Rows of arrays in memory, and of memory maps, whose pages don't stay in memory."""

import mmap
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs._validation import FloatArray, check_data
from gmm_rs.exceptions import DataTypeError
from gmm_rs.sources._columns import Chooser
from gmm_rs.sources._row_source import RowSource


class ArrayRows(RowSource):
    """The rows of a matrix, as views of it where it has the dtype of the blocks.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_columns)
    choose : Chooser
    dtype : dtype, optional
        Default: float32 or float64, as the matrix would become.
    name : str

    Raises
    ------
    DimensionError, DataTypeError, ParameterError
        As `check_data` does.
    """

    def __init__(self, matrix: NDArray[Any], choose: Chooser, dtype: np.dtype[Any] | None, name: str) -> None:
        first = check_data(matrix[:1] if matrix.ndim == 2 else matrix, what=name)
        n_rows, n_columns = matrix.shape
        chosen = choose(None, n_columns, name)
        super().__init__(name, len(chosen), dtype or first.dtype, n_rows=n_rows)
        self._matrix = matrix
        self._chosen = None if chosen == list(range(n_columns)) else chosen

    def _pieces(self, n_rows: int) -> Generator[FloatArray]:
        for start in range(0, len(self._matrix), n_rows):
            yield check_data(self._read(slice(start, start + n_rows)), what=self.name)

    def _read(self, rows: slice) -> NDArray[Any]:
        block = self._matrix[rows]
        return block if self._chosen is None else block[:, self._chosen]


class MappedRows(ArrayRows):
    """The rows of a memory map; the pages of rows that have been read are given back to the system.

    A map of mode "c", whose changes are in memory only, keeps its pages.

    Parameters
    ----------
    matrix : memmap of shape (n_rows, n_columns)
        Or a view of one.
    choose, dtype, name
        See `ArrayRows`.
    """

    def __init__(self, matrix: NDArray[Any], choose: Chooser, dtype: np.dtype[Any] | None, name: str) -> None:
        super().__init__(np.asarray(matrix), choose, dtype, name)
        # An array that was computed from a map is a memmap without a map.
        self._map: mmap.mmap | None = getattr(matrix, "_mmap", None)
        self._gives_back = hasattr(mmap, "MADV_DONTNEED") and getattr(matrix, "mode", "c") in ("r", "r+", "w+")
        if self._map is not None:
            self._size = self._map.size()
            self._address = _address(np.frombuffer(self._map, dtype=np.uint8))

    def _pieces(self, n_rows: int) -> Generator[FloatArray]:
        start = 0
        for piece in super()._pieces(n_rows):
            yield piece
            self._give_back(self._matrix[start : start + n_rows])
            start += n_rows

    def _read(self, rows: slice) -> NDArray[Any]:
        if self._map is not None and self._map.size() < self._size:  # reading its end would end the process
            raise DataTypeError(f"the file of {self.name} has become shorter since it was opened")
        block = self._matrix[rows]
        if abs(block.strides[0]) >= abs(block.strides[1]):
            return super()._read(rows)
        columns = range(block.shape[1]) if self._chosen is None else self._chosen
        copy = np.empty((len(block), len(columns)), block.dtype, order="F")
        for j, column in enumerate(columns):  # each is far from the next, in a large page of its own
            copy[:, j] = block[:, column]
            self._give_back(block[:, column : column + 1])
        return copy

    def _give_back(self, part: NDArray[Any]) -> None:
        if self._map is None or not self._gives_back:
            return
        reach = [(length - 1) * stride for length, stride in zip(part.shape, part.strides, strict=True)]
        start = _address(part) - self._address
        first = start + sum(min(0, step) for step in reach)
        last = start + sum(max(0, step) for step in reach) + part.itemsize
        begin = first // mmap.PAGESIZE * mmap.PAGESIZE
        end = last // mmap.PAGESIZE * mmap.PAGESIZE  # the last page is left: the next block may begin there
        if begin < end:
            self._map.madvise(mmap.MADV_DONTNEED, begin, end - begin)


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
