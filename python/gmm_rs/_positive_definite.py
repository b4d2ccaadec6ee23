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
    return first_indefinite(matrix[None]) is None


def first_indefinite(matrices: Float64Array) -> int | None:
    """Index of the first of the matrices (n, d, d) that `is_positive_definite` refuses; None if there is none.

    Examples
    --------
    >>> first_indefinite(np.array([[[1.0]], [[-1.0]], [[0.0]]]))
    1
    """
    deviations = np.sqrt(np.abs(np.diagonal(matrices, axis1=1, axis2=2)))
    allowed = _ASYMMETRY_TOLERANCE * deviations[:, :, None] * deviations[:, None, :]
    asymmetric = (np.abs(matrices - matrices.swapaxes(1, 2)) > allowed).any(axis=(1, 2))
    n_symmetric = int(asymmetric.argmax()) if asymmetric.any() else len(matrices)
    if _have_factors(matrices[:n_symmetric]):
        return n_symmetric if n_symmetric < len(matrices) else None
    return next(index for index, matrix in enumerate(matrices) if not _have_factors(matrix))


def _have_factors(matrices: Float64Array) -> bool:
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        return False
    return True
