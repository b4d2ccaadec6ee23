"""What is known of the rows beside their features: how often each counts, and priors of its component."""

import numpy as np

from gmm_rs._class_prior import divide_by_largest, to_log_prior
from gmm_rs._validation import Float64Array, check_float64
from gmm_rs.exceptions import DimensionError, ParameterError


def check_sample_weight(sample_weight: object, n_samples: int | None) -> Float64Array | None:
    """How often each row counts, shape (n_samples,); None stays None, and a number is for all rows.

    `n_samples` is None if the rows have not been counted yet.

    Raises
    ------
    DimensionError
        If there is not one weight for each row.
    ParameterError
        If a weight is negative, NaN or infinite, or all of them are zero.

    Examples
    --------
    >>> check_sample_weight([1, 2], n_samples=2)
    array([1., 2.])
    """
    if sample_weight is None:
        return None
    weights = check_float64("sample_weight", sample_weight)
    if weights.ndim == 0 and n_samples is not None:
        weights = np.full(n_samples, float(weights))
    if n_samples is None and weights.ndim == 1:
        n_samples = len(weights)
    if weights.shape != (n_samples,):
        raise DimensionError(
            f"sample_weight must have shape ({_shown(n_samples)},), one weight for each row of X, but has "
            f"{weights.shape}"
        )
    check_not_negative("sample_weight", weights)
    if not weights.any():
        raise ParameterError("sample_weight is zero for every row; at least one row must count")
    return weights


def check_class_prior(class_prior: object, n_samples: int | None, n_components: int) -> Float64Array | None:
    """Log-probabilities (n_samples, n_components) of the components for each row; None if nothing is said of any.

    The rows of `class_prior` are divided by their largest entry, so that the largest logarithm of each is 0.
    `n_samples` is None if the rows have not been counted yet.

    Raises
    ------
    DimensionError
        If it has another shape.
    ParameterError
        If an entry is negative, NaN or infinite, or all entries of a row are zero.

    Examples
    --------
    >>> check_class_prior([[5, 5], [0, 3]], n_samples=2, n_components=2)
    array([[  0.,   0.],
           [-inf,   0.]])
    """
    if class_prior is None:
        return None
    probabilities = np.array(check_float64("class_prior", class_prior))
    if n_samples is None and probabilities.ndim == 2:
        n_samples = len(probabilities)
    if probabilities.shape != (n_samples, n_components):
        raise DimensionError(
            f"class_prior must have shape (n_samples, n_components) = ({_shown(n_samples)}, {n_components}), "
            f"but has {probabilities.shape}"
        )
    check_not_negative("class_prior", probabilities)
    rules_out_all = np.flatnonzero(~probabilities.any(axis=1))
    if rules_out_all.size:
        raise ParameterError(
            f"class_prior is zero for every component at row {rules_out_all[0]}: "
            f"give a row of which nothing is known equal positive numbers"
        )
    divide_by_largest(probabilities)
    return None if (probabilities == 1.0).all() else to_log_prior(probabilities)


def _shown(n_samples: int | None) -> int | str:
    return "n_samples" if n_samples is None else n_samples


def check_not_negative(name: str, values: Float64Array) -> Float64Array:
    """`values`, if none is negative, NaN or infinite.

    Raises
    ------
    ParameterError
        The message says which is.
    """
    wrong = np.argwhere(~(np.isfinite(values) & (values >= 0.0)))
    if wrong.size:
        place = tuple(int(index) for index in wrong[0])
        raise ParameterError(f"{name} must be finite and not negative, but is {values[place]} at index {place}")
    return values
