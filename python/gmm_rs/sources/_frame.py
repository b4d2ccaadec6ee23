"""Rows of data frames of pandas, and of what is like them."""

from collections.abc import Generator
from typing import Any

import numpy as np

from gmm_rs._validation import FloatArray, check_data
from gmm_rs.sources._columns import Chooser
from gmm_rs.sources._row_source import RowSource


class FrameRows(RowSource):
    """The rows of a data frame, of which a block at a time becomes an array.

    Parameters
    ----------
    frame : DataFrame
    choose : Chooser
    dtype : dtype, optional
        Default: float32 or float64, as the frame would become.
    name : str

    Raises
    ------
    DimensionError, DataTypeError
        As `check_data` does.
    """

    def __init__(self, frame: Any, choose: Chooser, dtype: np.dtype[Any] | None, name: str) -> None:
        if frame.ndim != 2 or 0 in frame.shape:
            check_data(frame, what=name)
        names = list(frame.columns) if all(isinstance(column, str) for column in frame.columns) else None
        chosen = choose(names, frame.shape[1], name)
        for i in chosen:
            check_data(frame.iloc[:1, [i]], what=f"column {frame.columns[i]!r} of {name}")
        first = check_data(frame.iloc[:1, chosen], what=name)
        feature_names = None if names is None else tuple(names[i] for i in chosen)
        super().__init__(name, len(chosen), dtype or first.dtype, feature_names, len(frame))
        self._frame = frame
        self._chosen = chosen

    def _pieces(self, n_rows: int) -> Generator[FloatArray]:
        for start in range(0, len(self._frame), n_rows):
            yield check_data(self._frame.iloc[start : start + n_rows, self._chosen], what=self.name)
