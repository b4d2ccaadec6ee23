"""Intel oneDAL's EM for Gaussian mixtures, through daal4py, which comes with the package scikit-learn-intelex.

It regularises a covariance only if that is ill-conditioned, which no problem here leads to. Its own start,
`em_gmm_init`, ends in such covariances on some of the small problems and its fit then in an error, so it isn't used.
"""

from importlib.metadata import version
from typing import Any

import daal4py
import numpy as np

from comparison.problems import Parameters

STORAGE = {"full": "full", "diag": "diagonal"}


class Library:
    """oneDAL as a contender."""

    covariance_types = tuple(STORAGE)

    def versions(self) -> dict[str, str]:
        return {name: version(name) for name in ("scikit-learn-intelex", "daal")}

    def use_threads(self, n_threads: int) -> None:
        daal4py.daalinit(n_threads)

    def fit(self, X: np.ndarray, start: Parameters, covariance_type: str, n_iter: int) -> Parameters:
        weights, means = start.weights[None].astype(X.dtype), start.means.astype(X.dtype)
        covariances = [np.atleast_2d(covariance) for covariance in start.covariances.astype(X.dtype)]
        algorithm: Any = daal4py.em_gmm(
            nComponents=len(means),
            fptype="double" if X.dtype == np.float64 else "float",
            maxIterations=n_iter,
            accuracyThreshold=0.0,
            covarianceStorage=STORAGE[covariance_type],
            regularizationFactor=0.0,
        )
        fitted = algorithm.compute(X, weights, means, covariances)
        stacked = np.stack(fitted.covariances)
        return Parameters(fitted.weights[0], fitted.means, stacked[:, 0] if covariance_type == "diag" else stacked)
