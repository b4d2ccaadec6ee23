"""scikit-learn's GaussianMixture."""

import warnings
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_info, threadpool_limits

from comparison.problems import Parameters


class Library:
    """scikit-learn as a contender."""

    covariance_types = ("full", "tied", "diag", "spherical")

    def __init__(self) -> None:
        warnings.simplefilter("ignore", ConvergenceWarning)

    def versions(self) -> dict[str, str]:
        blas = {
            f"{info['internal_api']} {info['version']} {info.get('architecture', '')}".strip()
            for info in threadpool_info()
            if info["user_api"] == "blas"
        }
        return {name: version(name) for name in ("scikit-learn", "scipy")} | {"BLAS": " and ".join(sorted(blas))}

    def use_threads(self, n_threads: int) -> None:
        threadpool_limits(n_threads)

    def fit(self, X: np.ndarray, start: Parameters, covariance_type: str, n_iter: int) -> Parameters:
        model = prepared(start, covariance_type, X.dtype)
        model.set_params(max_iter=n_iter, tol=0.0, reg_covar=0.0)
        return learnt(model.fit(X))

    def fit_from_default_start(
        self, X: np.ndarray, n_components: int, covariance_type: str, max_iter: int, tol: float
    ) -> Parameters:
        model = GaussianMixture(
            n_components, covariance_type=covariance_type, max_iter=max_iter, tol=tol, random_state=0
        )
        return learnt(model.fit(X))

    def predict_proba(self, X: np.ndarray, parameters: Parameters, covariance_type: str) -> Callable[[], np.ndarray]:
        model = prepared(parameters, covariance_type, X.dtype).set_params(max_iter=1).fit(X[: 1 << 10])
        model.weights_, model.means_ = parameters.weights, parameters.means
        model.precisions_cholesky_ = np.linalg.cholesky(np.linalg.inv(parameters.covariances))
        return lambda: model.predict_proba(X)


def prepared(start: Parameters, covariance_type: str, dtype: np.dtype) -> GaussianMixture:
    """A model that starts from these parameters, in the dtype of the rows: others would make all float64."""
    matrices = covariance_type in ("full", "tied")
    precisions = np.linalg.inv(start.covariances) if matrices else 1 / start.covariances
    return GaussianMixture(
        len(start.weights),
        covariance_type=covariance_type,
        weights_init=start.weights.astype(dtype),
        means_init=start.means.astype(dtype),
        precisions_init=precisions.astype(dtype),
    )


def learnt(model: GaussianMixture) -> Parameters:
    """What the model has learnt."""
    return Parameters(model.weights_, model.means_, model.covariances_)
