"""Whether a matrix can be a covariance."""

import numpy as np

from gmm_rs._validation import Float64Array

_ASYMMETRY_TOLERANCE = 1e-6
"""How far an entry and its mirror image may be apart, as a part of the deviations of the two features."""


def is_positive_definite(matrix: Float64Array) -> bool:
    """Whether a square matrix is symmetric, but for rounding (of float32 too), and positive definite.

    Examples
    --------
    >>> is_positive_definite(np.array([[1.0, 0.5], [0.5, 1.0]]))
    True
    >>> is_positive_definite(np.array([[1.0, 2.0], [2.0, 1.0]]))
    False
    """
    deviations = np.sqrt(np.abs(np.diagonal(matrix)))
    if np.any(np.abs(matrix - matrix.T) > _ASYMMETRY_TOLERANCE * np.outer(deviations, deviations)):
        return False
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True
