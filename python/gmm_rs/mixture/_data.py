"""What data must be like, so that a mixture can be fitted to them, beside having a matrix's shape and dtype."""

from collections.abc import Generator, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs import _core
from gmm_rs._validation import FloatArray, check_data
from gmm_rs.exceptions import DegenerateCovarianceError, DimensionError, NonFiniteError, ParameterError
from gmm_rs.sources import RowSource
from gmm_rs.sources._row_source import Piece

_BLOCK = 65536


def read_rows(X: object, n_components: int, *, estimator: str) -> FloatArray:
    """The rows of a fit as an array, of which there are enough.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError

    Examples
    --------
    >>> read_rows([[1, 2], [3, 4]], 2, estimator="GaussianMixture")
    array([[1., 2.],
           [3., 4.]])
    """
    rows = check_data(X, what="X")
    check_enough_rows(len(rows), n_components, estimator=estimator)
    if rows.dtype == np.float32:
        check_float32_range(rows.min(axis=0), rows.max(axis=0))
    return rows


class MeasuredRows(RowSource):
    """The rows of another source, once all of them have been read: they are finite, and there are enough.

    Parameters
    ----------
    source : RowSource
    n_components : int
    estimator : str
        How messages call what is fitted.

    Attributes
    ----------
    extent : tuple
        The number of rows, and the least and the largest value of each column: what the engine need not find again.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError, NonFiniteError
    OSError
        If they cannot be read.

    Examples
    --------
    >>> from gmm_rs import open_rows
    >>> MeasuredRows(open_rows([[1, 2], [3, 4]]), 2, estimator="GaussianMixture").n_rows
    2
    """

    def __init__(self, source: RowSource, n_components: int, *, estimator: str) -> None:
        try:
            self.extent = _core.extent(source)
        except NonFiniteError as error:  # the engine's, or one of the source
            message = str(error)
            message = f"{source.name}{message[1:]}" if message.startswith("X holds ") else message
            raise NonFiniteError(message) from None
        n_samples, (low, high) = self.extent
        super().__init__(source.name, source.n_features, source.dtype, source.feature_names, n_samples)
        self._source = source
        check_enough_rows(n_samples, n_components, estimator=estimator)
        if source.dtype == np.float32:
            check_float32_range(low, high)

    def _named_errors(self, n_rows: int) -> Generator[Piece]:
        return self._source._named_errors(n_rows)

    def _pieces(self, n_rows: int) -> Generator[Piece]:
        return self._source._pieces(n_rows)


def check_enough_rows(n_samples: int, n_components: int, *, estimator: str) -> None:
    """Refuse a fit of fewer rows than components, or of a single one.

    Raises
    ------
    DimensionError

    Examples
    --------
    >>> check_enough_rows(3, 3, estimator="GaussianMixture")
    """
    if n_samples < 2:
        raise DimensionError(f"Found array with {n_samples} sample(s) while a minimum of 2 is required by {estimator}")
    if n_samples < n_components:
        raise DimensionError(
            f"Expected n_samples >= n_components but got n_components = {n_components}, n_samples = {n_samples}"
        )


def check_finite(X: FloatArray, *, first_row: int = 0, what: str = "X") -> None:
    """Refuse NaN and infinity in the words of the engine, where it doesn't see the rows first, or not all of them.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    first_row : int
        The number of the first of these rows, counted from 0.
    what : str
        How the message calls the data.

    Raises
    ------
    NonFiniteError

    Examples
    --------
    >>> check_finite(np.array([[0.0], [1e30]]))
    """
    for start in range(0, len(X), _BLOCK):
        wrong = np.argwhere(~np.isfinite(X[start : start + _BLOCK]))
        if wrong.size:
            row, column = start + int(wrong[0, 0]), int(wrong[0, 1])
            value = "NaN" if np.isnan(X[row, column]) else f"{X[row, column]}"
            raise NonFiniteError(
                f"{what} holds {value} at row {first_row + row}, column {column}; every entry must be finite: "
                f"remove or impute such rows first"
            )


def check_float32_range(low: NDArray[Any], high: NDArray[Any]) -> None:
    """Refuse float32 data whose variances float32 cannot hold, given the range of each column.

    Raises
    ------
    ParameterError
        The message says what to do.

    Examples
    --------
    >>> check_float32_range(np.array([0.0]), np.array([1e10]))
    """
    limits = np.finfo(np.float32)
    squared_range = np.square(high.astype(np.float64) - low)
    out_of_range = (squared_range > limits.max) | ((squared_range > 0.0) & (squared_range < limits.tiny))
    if out_of_range.any():
        column = int(out_of_range.argmax())
        raise ParameterError(
            f"X is float32, whose range is too small for the variance of column {column}, "
            f"about {squared_range[column]:.3g}: pass X.astype(numpy.float64), or data in other units"
        )


def check_distinct(blocks: Iterable[FloatArray], n_components: int) -> None:
    """Refuse data with fewer different rows than components.

    Raises
    ------
    DegenerateCovarianceError

    Examples
    --------
    >>> check_distinct([np.array([[0.0], [0.0]]), np.array([[1.0]])], 2)
    """
    distinct: FloatArray | None = None
    for block in blocks:
        distinct = np.unique(block if distinct is None else np.concatenate([distinct, block]), axis=0)
        if len(distinct) >= n_components:
            return
    n_distinct = 0 if distinct is None else len(distinct)
    raise DegenerateCovarianceError(
        "Fitting the mixture model failed because some components have ill-defined empirical covariance (for "
        "instance caused by singleton or collapsed samples). Try to decrease the number of components, increase "
        f"reg_covar, or scale the input data. X has {n_distinct} different rows for {n_components} components"
    )
