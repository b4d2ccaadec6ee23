"""The backward message into a GMM: prior probabilities of the classes, row by row."""

import warnings

import numpy as np

from gmm_rs._class_prior import divide_by_largest
from gmm_rs._validation import Float64Array
from gmm_rs.exceptions import DimensionError, ParameterError, StaleMessageWarning

FLOOR = 1e-12
"""Smallest prior probability of a class: a zero from downstream is a strong opinion, not a proof."""


def read_message(message: object, n_samples: int, n_components: int, *, receiver: str) -> Float64Array | None:
    """The message as a fresh matrix of probabilities, or None if it says nothing.

    Senders pad to their widest input, so columns after the first K are dropped. Rows without information (zeros, or
    anything not finite) become uniform. Negative numbers count as zero, and every probability is raised to `FLOOR`.

    Parameters
    ----------
    message : array-like of shape (n_samples, n_components or more), or None
    n_samples, n_components : int
        What the receiver has now.
    receiver : str
        Name of the receiving module, for errors and warnings.

    Returns
    -------
    ndarray of shape (n_samples, n_components), float64, or None
        Each row sums to 1. None if there is no message, it is for another number of rows, or all rows are uniform.

    Raises
    ------
    DimensionError
        If the message is not 2-D or has fewer than `n_components` columns.
    ParameterError
        If it does not consist of real numbers, or has negative numbers and no positive one (logarithms, perhaps).

    Warns
    -----
    StaleMessageWarning
        If the message is for another number of rows.

    Examples
    --------
    >>> read_message([[3, 1], [0, 0]], n_samples=2, n_components=2, receiver="module001_gmm")
    array([[0.75, 0.25],
           [0.5 , 0.5 ]])
    """
    if message is None:
        return None
    try:
        array = np.asarray(message)
    except ValueError as error:
        raise DimensionError(f"the backward message to {receiver} must be 2-D (rows, classes): {error}") from error
    if array.ndim == 0 and array.item() is None:
        return None
    if array.dtype.kind not in "biuf":
        raise ParameterError(
            f"the backward message to {receiver} has dtype {array.dtype}, but probabilities of classes are needed"
        )
    if array.ndim != 2:
        raise DimensionError(
            f"the backward message to {receiver} must be 2-D (rows, classes), but has shape {array.shape}"
        )
    if len(array) != n_samples:
        warnings.warn(
            # Without the numbers, so that Python shows it once where the data grow by a row per update.
            f"{receiver} ignores a backward message that has another number of rows than its data have now: "
            f"update the module that sent it after this one",
            StaleMessageWarning,
            stacklevel=3,  # the caller of update()
        )
        return None
    if array.shape[1] < n_components:
        raise DimensionError(
            f"the backward message to {receiver} has {array.shape[1]} columns, but one for each of the "
            f"K={n_components} classes is needed: give the sending module as many classes"
        )
    return _normalised(array[:, :n_components].astype(np.float64), receiver)


def _normalised(probabilities: Float64Array, receiver: str) -> Float64Array | None:
    """Normalise the rows in place."""
    probabilities[~np.isfinite(probabilities).all(axis=1)] = 0.0
    if probabilities.min() < 0.0 and probabilities.max() <= 0.0:
        raise ParameterError(
            f"the backward message to {receiver} has negative numbers and no positive one, but probabilities are "
            f"needed: if they are logarithms, send numpy.exp of them"
        )
    np.maximum(probabilities, 0.0, out=probabilities)
    divide_by_largest(probabilities)  # first, because the sum of a row could overflow
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    np.maximum(probabilities, FLOOR, out=probabilities)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    says_nothing = np.ptp(probabilities, axis=1).max() <= FLOOR
    return None if says_nothing else probabilities
