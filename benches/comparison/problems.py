"""Synthetic mixtures whose components overlap moderately, and the parameters that every contender starts from.

The means of two components are about four standard deviations apart, standard deviations are about 1 in every
feature and direction, and a start is near the truth: no component of any contender empties or collapses.
"""

from dataclasses import dataclass

import numpy as np

SEPARATION = 4.0
BLOCK = 1 << 14


@dataclass(frozen=True)
class Shape:
    """The size of a problem."""

    n_samples: int
    n_features: int
    n_components: int
    covariance_type: str

    def __str__(self) -> str:
        return f"{self.n_samples:,} x {self.n_features}, K={self.n_components}, {self.covariance_type}"


@dataclass(frozen=True)
class Parameters:
    """Parameters of a mixture, with covariances in scikit-learn's shape for each type."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


SHAPES = {
    "W1": Shape(1_000_000, 2, 8, "full"),
    "W2": Shape(500_000, 16, 16, "full"),
    "W3": Shape(100_000, 64, 32, "full"),
    "W4": Shape(20_000, 256, 16, "full"),
    "W5": Shape(500_000, 39, 64, "diag"),
    "tied": Shape(1_000_000, 8, 10, "tied"),
    "spherical": Shape(1_000_000, 8, 10, "spherical"),
    "predict": Shape(1_000_000, 16, 16, "full"),
    "small": Shape(500, 4, 3, "full"),
}


def sample(shape: Shape, dtype: str, n_samples: int | None = None) -> np.ndarray:
    """Rows of the problem's mixture, the same in every process; made block by block, to leave no peak of memory."""
    rng, means, factors = truth(shape)
    X = np.empty((n_samples or shape.n_samples, shape.n_features), dtype)
    for start in range(0, len(X), BLOCK):
        rows = X[start : start + BLOCK]
        labels = rng.integers(shape.n_components, size=len(rows))
        noise = rng.standard_normal(rows.shape)
        for k in range(shape.n_components):
            rows[labels == k] = means[k] + noise[labels == k] @ factors[k].T
    return X


def truth(shape: Shape) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """The generator, means (K, D) and factors F (K, D, D) of the covariances F Fᵀ that the rows are drawn from."""
    rng = np.random.default_rng(0)
    d, k = shape.n_features, shape.n_components
    means = SEPARATION / np.sqrt(2 * d) * rng.standard_normal((k, d))
    factors = np.eye(d) + 0.3 / np.sqrt(d) * rng.standard_normal((k, d, d))
    if shape.covariance_type == "tied":
        factors[:] = factors[0]
    elif shape.covariance_type == "diag":
        factors = np.eye(d) * rng.uniform(0.7, 1.3, (k, 1, d))
    elif shape.covariance_type == "spherical":
        factors = np.eye(d) * rng.uniform(0.7, 1.3, (k, 1, 1))
    return rng, means, factors


def start(shape: Shape) -> Parameters:
    """Means off by about a quarter of a standard deviation, equal weights, unit covariances."""
    _, means, _ = truth(shape)
    d, k = shape.n_features, shape.n_components
    covariances = {
        "full": np.broadcast_to(np.eye(d), (k, d, d)),
        "tied": np.eye(d),
        "diag": np.ones((k, d)),
        "spherical": np.ones(k),
    }[shape.covariance_type]
    shifted = means + 0.25 * np.random.default_rng(1).standard_normal(means.shape)
    return Parameters(np.full(k, 1 / k), shifted, np.ascontiguousarray(covariances))


def log_likelihood(X: np.ndarray, parameters: Parameters, covariance_type: str) -> float:
    """Mean log-likelihood of the rows in nats, in float64, independent of all contenders."""
    d = X.shape[1]
    log_prob = np.empty((len(X), len(parameters.weights)))
    for k, (weight, mean) in enumerate(zip(parameters.weights, parameters.means, strict=True)):
        covariance = parameters.covariances if covariance_type == "tied" else parameters.covariances[k]
        matrix = covariance if covariance.ndim == 2 else np.eye(d) * covariance
        factor = np.linalg.cholesky(matrix.astype(np.float64))
        whitened = np.linalg.solve(factor, (X - mean.astype(np.float64)).T)
        log_det = np.log(np.diag(factor)).sum()
        log_prob[:, k] = np.log(weight) - 0.5 * (d * np.log(2 * np.pi) + (whitened**2).sum(axis=0)) - log_det
    return float(np.logaddexp.reduce(log_prob, axis=1).mean())
