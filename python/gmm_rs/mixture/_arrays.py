"""The arrays of a mixture: their shapes, their domains, and what follows from them.

With Σ = L Lᵀ, `precisions_cholesky` is L⁻ᵀ, upper triangular, and the precision Σ⁻¹ is its product with its transpose;
of diagonal and spherical covariances they are 1/σ and 1/σ².
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gmm_rs import _core
from gmm_rs._positive_definite import first_indefinite
from gmm_rs._validation import Float64Array, FloatArray, check_float64
from gmm_rs.exceptions import DegenerateCovarianceError, DimensionError, ParameterError
from gmm_rs.mixture._settings import CovarianceType

_WEIGHT_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class MixtureArrays:
    """Weights (K,), means (K, D), and per component or shared: covariances, precisions and their Cholesky factors."""

    weights: FloatArray
    means: FloatArray
    covariances: FloatArray
    precisions_cholesky: FloatArray
    precisions: FloatArray


def mixture_arrays(
    weights: Float64Array,
    means: Float64Array,
    covariances: Float64Array,
    covariance_type: CovarianceType,
    dtype: DTypeLike = np.float64,
) -> MixtureArrays:
    """All arrays of a mixture, in `dtype`.

    Raises
    ------
    DegenerateCovarianceError
        If a covariance is not positive definite.
    ParameterError
        If `dtype` is float32 and its range is too small for them.
    """
    factors = _core.precisions_cholesky(covariances, covariance_type=covariance_type)
    arrays: list[NDArray[Any]] = [weights, means, covariances, factors]
    if dtype != np.float64:
        with np.errstate(over="ignore", under="ignore"):
            arrays = [array.astype(dtype) for array in arrays]
        in_range = all(np.isfinite(array).all() for array in arrays)
        if not in_range or _variances(arrays[2], covariance_type).min() < np.finfo(np.float32).tiny:
            exact = _variances(covariances, covariance_type)
            raise ParameterError(
                f"X is float32, whose range is too small for the parameters of this mixture, whose variances go from "
                f"{exact.min():.3g} to {exact.max():.3g}: pass X.astype(numpy.float64), or data in other units"
            )
    weights, means, covariances, factors = arrays
    return MixtureArrays(weights, means, covariances, factors, precisions_of(factors, covariance_type))


def precisions_of(precisions_cholesky: NDArray[Any], covariance_type: CovarianceType) -> NDArray[Any]:
    """Inverses of covariances from their Cholesky factors, in the same dtype.

    Examples
    --------
    >>> precisions_of(np.array([0.5, 2.0]), "spherical")
    array([0.25, 4.  ])
    """
    factors = np.asarray(precisions_cholesky, dtype=np.float64)
    is_matrix = covariance_type in ("full", "tied")
    with np.errstate(over="ignore", under="ignore"):  # precisions of data in tiny units; evaluation doesn't use them
        precisions = factors @ factors.swapaxes(-1, -2) if is_matrix else np.square(factors)
        return np.asarray(precisions, dtype=precisions_cholesky.dtype)


def covariances_of(precisions: Float64Array, covariance_type: CovarianceType) -> Float64Array:
    """Inverses of precisions, as symmetric as they are."""
    if covariance_type in ("full", "tied"):
        inverses = np.linalg.inv(precisions)
        return np.asarray((inverses + inverses.swapaxes(-1, -2)) / 2)
    return 1.0 / precisions


def check_weights(weights: object, n_components: int, *, n_sets: int | None = None) -> Float64Array:
    """Mixing proportions, shape (n_components,), or with a leading axis of those of `n_sets` mixtures.

    Raises
    ------
    DimensionError
    ParameterError
        If they are not in [0, 1] or do not sum to 1.
    """
    array = _finite("weights", weights)
    _check_shape("weights", array, (n_components,), n_sets)
    if array.min() < 0.0 or array.max() > 1.0:
        # The words of scikit-learn, which people match; it calls the smaller number the larger one.
        raise ParameterError(
            f"The parameter 'weights' should be in the range [0, 1], but got "
            f"max value {array.min():.5f}, min value {array.max():.5f}"
        )
    sums = array.sum(axis=-1).ravel()
    farthest = sums[np.abs(sums - 1.0).argmax()]
    if abs(farthest - 1.0) > _WEIGHT_SUM_TOLERANCE:
        raise ParameterError(f"The parameter 'weights' should be normalized, but got sum(weights) = {farthest:.5f}")
    return array


def check_means(means: object, n_components: int, n_features: int, *, n_sets: int | None = None) -> Float64Array:
    """Means of the components, shape (n_components, n_features), or with a leading axis of `n_sets` mixtures.

    Raises
    ------
    DimensionError, ParameterError
    """
    array = _finite("means", means)
    _check_shape("means", array, (n_components, n_features), n_sets)
    return array


def check_matrices(
    kind: str,
    matrices: object,
    covariance_type: CovarianceType,
    n_components: int,
    n_features: int,
    *,
    n_sets: int | None = None,
) -> Float64Array:
    """Covariances or precisions, of the shape that belongs to `covariance_type`, or with a leading axis of `n_sets`.

    Parameters
    ----------
    kind : {"covariance", "precision"}
        What the messages of errors call them.

    Raises
    ------
    DimensionError
    DegenerateCovarianceError
        If one is not symmetric and positive definite.
    """
    name = f"{covariance_type} {kind}"
    array = _finite(name, matrices)
    _check_shape(name, array, covariances_shape(covariance_type, n_components, n_features), n_sets)
    if covariance_type in ("diag", "spherical"):
        if array.min() <= 0.0:
            raise DegenerateCovarianceError(
                f"The parameter '{name}' should be positive, but is {array.min()} somewhere"
            )
        return array
    k = first_indefinite(array.reshape(-1, n_features, n_features))
    if k is not None:
        which = f": that of component {k % n_components} is not" if covariance_type == "full" else ""
        raise DegenerateCovarianceError(f"The parameter '{name}' should be symmetric, positive-definite{which}")
    return array


def covariances_shape(covariance_type: CovarianceType, n_components: int, n_features: int) -> tuple[int, ...]:
    """Shape of the covariances of a mixture.

    Examples
    --------
    >>> covariances_shape("tied", 3, 2)
    (2, 2)
    """
    return {
        "full": (n_components, n_features, n_features),
        "tied": (n_features, n_features),
        "diag": (n_components, n_features),
        "spherical": (n_components,),
    }[covariance_type]


def moments_shape(covariance_type: CovarianceType, n_components: int, n_features: int) -> tuple[int, ...]:
    """Shape of the second moments from which covariances of this type follow.

    Examples
    --------
    >>> moments_shape("spherical", 3, 2)
    (3, 2)
    """
    form = "diag" if covariance_type == "spherical" else covariance_type
    return covariances_shape(form, n_components, n_features)


def n_parameters(covariance_type: CovarianceType, n_components: int, n_features: int) -> int:
    """Number of free parameters of a mixture: weights (which sum to 1), means, covariances (which are symmetric).

    Examples
    --------
    >>> n_parameters("full", 3, 2)
    17
    """
    triangle = n_features * (n_features + 1) // 2
    of_covariances = {
        "full": n_components * triangle,
        "tied": triangle,
        "diag": n_components * n_features,
        "spherical": n_components,
    }[covariance_type]
    return n_components - 1 + n_components * n_features + of_covariances


def _variances(covariances: NDArray[Any], covariance_type: CovarianceType) -> NDArray[Any]:
    if covariance_type in ("full", "tied"):
        return np.diagonal(covariances, axis1=-2, axis2=-1)
    return covariances


def _finite(name: str, value: object) -> Float64Array:
    array = np.array(check_float64(f"The parameter '{name}'", value))
    if not np.isfinite(array).all():
        raise ParameterError(f"The parameter '{name}' should be finite, but holds NaN or infinity")
    return array


def _check_shape(name: str, array: Float64Array, shape: tuple[int, ...], n_sets: int | None) -> None:
    if n_sets is not None:
        shape = (n_sets, *shape)
    if array.shape != shape:
        raise DimensionError(f"The parameter '{name}' should have the shape of {shape}, but got {array.shape}")
