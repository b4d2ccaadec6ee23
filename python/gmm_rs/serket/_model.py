"""The mixture that a GMM learns, as plain arrays, and the check that they are one."""

from dataclasses import dataclass

import numpy as np

from gmm_rs import _core
from gmm_rs._positive_definite import is_positive_definite
from gmm_rs._validation import Float64Array, FloatArray
from gmm_rs.exceptions import DegenerateCovarianceError, DimensionError, NonFiniteError, ParameterError
from gmm_rs.serket._accuracy import IntArray

_WEIGHT_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Model:
    """Weights (K,), means (K, D) and covariances (K, D, D) of a mixture of Gaussians, all float64."""

    weights: Float64Array
    means: Float64Array
    covariances: Float64Array

    @property
    def n_components(self) -> int:
        """K, the number of classes."""
        return len(self.weights)

    @property
    def n_features(self) -> int:
        """D, the number of columns of the data."""
        return int(self.means.shape[1])

    def probabilities(self, X: FloatArray, *, num_threads: int) -> Float64Array:
        """P(z|d): the probability of each class for each row, (N, K), without any message."""
        return _core.predict_proba(
            X,
            self.weights,
            self.means,
            self.covariances,
            covariance_type="full",
            log_prior=None,
            num_threads=num_threads,
        )

    def labels(self, X: FloatArray, log_prior: Float64Array, *, num_threads: int) -> IntArray:
        """The most probable class of each row, (N,), given the prior log-probabilities (N, K) of a message."""
        return _core.predict(
            X,
            self.weights,
            self.means,
            self.covariances,
            covariance_type="full",
            log_prior=log_prior,
            num_threads=num_threads,
        )

    def check_fits(self, n_components: int, n_features: int, *, reader: str, origin: str) -> None:
        """Refuse a model that is for another number of classes or columns than its reader has.

        Raises
        ------
        DimensionError
            The message says which module, which model, and both numbers.
        """
        if self.n_components != n_components:
            raise DimensionError(
                f"{reader} has K={n_components} classes, but its trained model ({origin}) has {self.n_components}"
            )
        if self.n_features != n_features:
            raise DimensionError(
                f"the data of {reader} have {n_features} columns, but its trained model ({origin}) is for "
                f"{self.n_features}"
            )

    def check(self) -> None:
        """Refuse arrays that are no mixture.

        Raises
        ------
        DimensionError, NonFiniteError, ParameterError, DegenerateCovarianceError
        """
        shapes = f"weights {self.weights.shape}, means {self.means.shape}, covariances {self.covariances.shape}"
        n_components, n_features = len(self.weights) if self.weights.ndim else 0, self.means.shape[-1:]
        expected = ((n_components,), (n_components, *n_features), (n_components, *n_features, *n_features))
        if expected != (self.weights.shape, self.means.shape, self.covariances.shape) or 0 in expected[2]:
            raise DimensionError(f"the shapes of a mixture must be (K,), (K, D) and (K, D, D), but are: {shapes}")
        for name in ("weights", "means", "covariances"):
            if not np.isfinite(getattr(self, name)).all():
                raise NonFiniteError(f"the {name} hold NaN or infinity")
        if self.weights.min() < 0.0 or abs(self.weights.sum() - 1.0) > _WEIGHT_SUM_TOLERANCE:
            raise ParameterError(f"the weights must not be negative and sum to 1, but are {self.weights}")
        for k, covariance in enumerate(self.covariances):
            if not is_positive_definite(covariance):
                raise DegenerateCovarianceError(f"the covariance of class {k} is not symmetric and positive definite")
