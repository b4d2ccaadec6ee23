"""How well clusters agree with known categories, under the best one-to-one matching of the two."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs import _core
from gmm_rs.exceptions import DimensionError, ParameterError

IntArray = NDArray[np.int64]


def check_category(category: object) -> IntArray | None:
    """A copy of the correct labels as integers; None stays None.

    Parameters
    ----------
    category : array-like of shape (n_samples,), or None
        Any integers, also as floats, which is what ``numpy.loadtxt`` gives.

    Raises
    ------
    DimensionError
        If it is not one-dimensional.
    ParameterError
        If an entry is not a whole number.

    Examples
    --------
    >>> check_category([7.0, 3.0])
    array([7, 3])
    """
    if category is None:
        return None
    try:
        labels: NDArray[Any] = np.asarray(category)
    except ValueError as error:
        raise DimensionError(f"category must have one label for each row of the data ({error})") from error
    if labels.ndim != 1:
        raise DimensionError(
            f"category must be 1-D, one label for each row of the data, but has shape {labels.shape}: use ravel()"
        )
    if labels.dtype.kind not in "biuf":
        raise ParameterError(
            f"category must hold integers, but has dtype {labels.dtype}: "
            f"numpy.unique(category, return_inverse=True)[1] numbers labels of any kind"
        )
    with np.errstate(invalid="ignore"):  # what does not survive the conversion is reported below
        integers = labels.astype(np.int64)
    altered = np.flatnonzero(integers != labels)
    if altered.size:
        raise ParameterError(f"category must hold integers, but entry {altered[0]} is {labels[altered[0]]!r}")
    return integers


def match_labels(labels: IntArray, n_components: int, category: IntArray) -> IntArray:
    """`labels` renamed so that they agree with `category` in as many rows as a one-to-one renaming can reach.

    There may be more clusters than categories or fewer. A cluster that is left without a category gets the smallest
    non-negative number that is neither a category nor taken.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,), int64
        In [0, n_components).
    n_components : int
    category : ndarray of shape (n_samples,), int64

    Returns
    -------
    ndarray of shape (n_samples,), int64
        ``numpy.mean(result == category)`` is the accuracy.

    Examples
    --------
    >>> match_labels(np.array([0, 0, 1, 2]), 3, np.array([7, 7, 3, 3]))
    array([7, 7, 3, 0])
    """
    names, position = np.unique(category, return_inverse=True)
    agreement = np.bincount(labels * len(names) + position, minlength=n_components * len(names))
    rows, columns = _core.linear_sum_assignment(agreement.reshape(n_components, len(names)).astype(np.float64))
    matched = dict(zip(rows.tolist(), names[columns].tolist(), strict=True))
    categories = set(names.tolist())
    unused = (number for number in range(n_components + len(names)) if number not in categories)
    new_names = np.array([matched[k] if k in matched else next(unused) for k in range(n_components)], dtype=np.int64)
    return new_names[labels]
