"""What data must be like, so that a mixture can be fitted to them, beside having a matrix's shape and dtype."""

import numpy as np

from gmm_rs._validation import FloatArray, check_data
from gmm_rs.exceptions import DegenerateCovarianceError, DimensionError, NonFiniteError, ParameterError

_BLOCK = 65536


def read_rows(X: object, n_components: int, *, estimator: str) -> FloatArray:
    """The rows of a fit, of which there are enough.

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
    check_float32_range(rows)
    return rows


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


def check_finite(X: FloatArray) -> None:
    """Refuse NaN and infinity in the words of the engine, where something else reads the rows before it.

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
                f"X holds {value} at row {row}, column {column}; every entry must be finite: "
                f"remove or impute such rows first"
            )


def check_float32_range(X: FloatArray) -> None:
    """Refuse float32 data whose variances float32 cannot hold.

    Raises
    ------
    ParameterError
        The message says what to do.

    Examples
    --------
    >>> check_float32_range(np.array([[0.0], [1e30]]))
    """
    if X.dtype == np.float32:
        check_float32_extent(X.min(axis=0), X.max(axis=0))


def check_float32_extent(smallest: FloatArray, largest: FloatArray) -> None:
    """The same for float32 data of which the extreme numbers of each column are known, shapes (n_features,).

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> check_float32_extent(np.array([0.0]), np.array([1e15]))
    """
    limits = np.finfo(np.float32)
    squared_range = np.square(np.asarray(largest, dtype=np.float64) - smallest)
    out_of_range = (squared_range > limits.max) | ((squared_range > 0.0) & (squared_range < limits.tiny))
    if out_of_range.any():
        column = int(out_of_range.argmax())
        raise ParameterError(
            f"X is float32, whose range is too small for the variance of column {column}, "
            f"about {squared_range[column]:.3g}: pass X.astype(numpy.float64), or data in other units"
        )


def check_distinct(X: FloatArray, n_components: int) -> None:
    """Refuse data with fewer different rows than components.

    Raises
    ------
    DegenerateCovarianceError

    Examples
    --------
    >>> check_distinct(np.array([[0.0], [0.0], [1.0]]), 2)
    """
    n_distinct = len(np.unique(X, axis=0))
    if n_distinct < n_components:
        raise DegenerateCovarianceError(
            "Fitting the mixture model failed because some components have ill-defined empirical covariance (for "
            "instance caused by singleton or collapsed samples). Try to decrease the number of components, increase "
            f"reg_covar, or scale the input data. X has {n_distinct} different rows for {n_components} components"
        )
