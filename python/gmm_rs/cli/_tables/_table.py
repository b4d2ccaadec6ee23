"""`Table`: a matrix whose columns may have names."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs._validation import FloatArray


@dataclass(frozen=True, eq=False)
class Table:
    """A matrix whose columns may have names; an array-like, which estimators take as they take a data frame.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns), float32 or float64
    column_names : tuple of str, or None
    source : str
        Where it comes from, for messages.
    """

    values: FloatArray
    column_names: tuple[str, ...] | None
    source: str

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The matrix, without the names."""
        return np.array(self.values, dtype=dtype) if copy else np.asarray(self.values, dtype=dtype)
