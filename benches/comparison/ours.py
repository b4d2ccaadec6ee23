"""gmm_rs, through the compiled engine: the same work as a fit of a user's, less checks of the arguments."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

from comparison.problems import Parameters
from gmm_rs import _core


class Library:
    """gmm_rs as a contender."""

    covariance_types = ("full", "tied", "diag", "spherical")

    def __init__(self) -> None:
        self.n_threads = 1

    def versions(self) -> dict[str, str]:
        return {"gmm_rs": version("gmm-rs")}

    def use_threads(self, n_threads: int) -> None:
        self.n_threads = n_threads

    def fit(self, X: np.ndarray, start: Parameters, covariance_type: str, n_iter: int) -> Parameters:
        initial = {"weights_init": start.weights, "means_init": start.means, "covariances_init": start.covariances}
        return self._fit(X, len(start.weights), covariance_type, n_iter, tol=0.0, reg_covar=0.0, **initial)

    def fit_from_default_start(
        self, X: np.ndarray, n_components: int, covariance_type: str, max_iter: int, tol: float
    ) -> Parameters:
        return self._fit(X, n_components, covariance_type, max_iter, tol=tol, reg_covar=1e-6)

    def predict_proba(self, X: np.ndarray, parameters: Parameters, covariance_type: str) -> Callable[[], np.ndarray]:
        arrays = (parameters.weights, parameters.means, parameters.covariances)
        options: dict[str, Any] = {"covariance_type": covariance_type, "log_prior": None, "num_threads": self.n_threads}
        return lambda: _core.predict_proba(X, *arrays, **options)

    def _fit(
        self, X: np.ndarray, n_components: int, covariance_type: str, max_iter: int, **options: object
    ) -> Parameters:
        fitted = _core.fit(
            X,
            n_components,
            covariance_type=covariance_type,
            max_iter=max_iter,
            relative_tol=False,
            max_time=None,
            n_init=1,
            init="kmeans",
            halving=False,
            seed=0,
            acceleration=None,
            weight_concentration_prior=None,
            mean_precision_prior=1.0,
            mean_prior=None,
            degrees_of_freedom_prior=None,
            covariance_prior=None,
            sample_weight=None,
            log_prior=None,
            align_to=None,
            observer=None,
            checkpoint=None,
            num_threads=self.n_threads,
            **({"weights_init": None, "means_init": None, "covariances_init": None} | options),
        )
        return Parameters(fitted["weights"], fitted["means"], fitted["covariances"])
