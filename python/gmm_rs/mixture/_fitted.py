"""A mixture that has its parameters, from a fit or set by hand: what its methods have in common."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs._validation import Float64Array, FloatArray
from gmm_rs.mixture._arrays import mixture_arrays, n_parameters
from gmm_rs.mixture._settings import CovarianceType, check_covariance_type
from gmm_rs.mixture._sklearn import ScikitLearnEstimator, not_fitted_error

_FLOAT64 = np.dtype(np.float64)


class FittedMixture(ScikitLearnEstimator):
    """Parameters of a mixture as attributes."""

    covariance_type: str
    num_threads: int | None
    random_state: int | np.random.Generator | np.random.RandomState | None
    weights_: FloatArray
    means_: FloatArray
    covariances_: FloatArray
    precisions_: FloatArray
    precisions_cholesky_: FloatArray
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    @property
    def n_parameters_(self) -> int:
        """Number of free parameters of the mixture."""
        self._check_fitted()
        return n_parameters(self._covariance_type(), *self.means_.shape)

    def _n_parameters(self) -> int:
        """The same by the name that it has in scikit-learn's class."""
        return self.n_parameters_

    def _check_fitted(self) -> None:
        if not (hasattr(self, "weights_") and hasattr(self, "means_")):
            raise not_fitted_error(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with appropriate arguments before "
                f"using this estimator."
            )

    def _covariance_type(self) -> CovarianceType:
        return check_covariance_type(self.covariance_type)

    def _weights_and_means(self) -> tuple[Float64Array, Float64Array]:
        return as_float64(self.weights_), as_float64(self.means_)

    def _set_mixture(
        self,
        weights: Float64Array,
        means: Float64Array,
        covariances: Float64Array,
        dtype: np.dtype[Any] = _FLOAT64,
    ) -> None:
        arrays = mixture_arrays(weights, means, covariances, self._covariance_type(), dtype)
        self.weights_, self.means_, self.covariances_ = arrays.weights, arrays.means, arrays.covariances
        self.precisions_, self.precisions_cholesky_ = arrays.precisions, arrays.precisions_cholesky
        self.n_features_in_ = means.shape[1]


def as_float64(array: object) -> Float64Array:
    """An array as the engine takes it."""
    return np.asarray(array, dtype=np.float64)
