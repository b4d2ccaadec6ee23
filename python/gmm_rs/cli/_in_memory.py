"""Tables for what takes arrays only."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs._validation import FloatArray
from gmm_rs.sources import RowSource
from gmm_rs.sources._row_source import read_whole


@dataclass(frozen=True, eq=False)
class Table:
    """A matrix whose columns may have names; an array-like, which estimators take as they take a data frame.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns), float32 or float64
    column_names : tuple of str, or None
    """

    values: FloatArray
    column_names: tuple[str, ...] | None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The matrix, without the names."""
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)


def in_memory(source: RowSource) -> Table:
    """All rows of a source at once."""
    return Table(read_whole(source), source.feature_names)
