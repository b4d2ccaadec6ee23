"""Mixtures, fits and brute-force references that several tests use; all of it in plain NumPy and SciPy."""

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import softmax
from scipy.stats import multivariate_normal

from gmm_rs import _core

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
DTYPES = (np.float64, np.float32)
# The sets that machines like this one may have; one that it lacks falls back to the widest that it has.
INSTRUCTION_SETS = (
    ("neon", "portable") if platform.machine() in ("arm64", "aarch64") else ("avx512", "avx2", "portable")
)


class Parameters(NamedTuple):
    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


def fit(X: np.ndarray, n_components: int, *, initial: Parameters | None = None, **changes: Any) -> dict[str, Any]:
    """A fit with default prior, from a mixture where one is given."""
    arguments: dict[str, Any] = {
        "covariance_type": "full",
        "max_iter": 100,
        "tol": 1e-6,
        "relative_tol": False,
        "max_time": None,
        "n_init": 1,
        "init": "kmeans",
        "halving": False,
        "weights_init": None,
        "means_init": None,
        "covariances_init": None,
        "seed": 0,
        "acceleration": None,
        "reg_covar": None,
        "weight_concentration_prior": None,
        "mean_precision_prior": 1.0,
        "mean_prior": None,
        "degrees_of_freedom_prior": None,
        "covariance_prior": None,
        "sample_weight": None,
        "log_prior": None,
        "align_to": None,
        "observer": None,
        "checkpoint": None,
        "num_threads": 2,
    }
    if initial is not None:
        changes |= {f"{name}_init": array for name, array in zip(Parameters._fields, initial, strict=True)}
    return dict(_core.fit(X, n_components, **(arguments | changes)))


def parameters(fitted: dict[str, Any]) -> Parameters:
    return Parameters(fitted["weights"], fitted["means"], fitted["covariances"])


def parameters_of(mixture: Any) -> Parameters:
    """Those of a fitted estimator."""
    return Parameters(mixture.weights_, mixture.means_, mixture.covariances_)


def evaluate(name: str, X: np.ndarray, model: Parameters, covariance_type: str, **changes: Any) -> np.ndarray:
    """What `name`, a function of the engine, says of rows under a mixture."""
    options = {"log_prior": None, "num_threads": 1} | changes
    result: np.ndarray = getattr(_core, name)(X, *model, covariance_type=covariance_type, **options)
    return result


def in_process(instruction_set: str, code: str, folder: Path) -> None:
    """Run code, which may import this module, with these kernels in a process of its own, working in `folder`."""
    environment = os.environ | {"GMM_RS_INSTRUCTION_SET": instruction_set}
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{code}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120, cwd=folder, env=environment)


def random_covariance(rng: np.random.Generator, d: int, condition: float) -> np.ndarray:
    """A covariance whose variances go from 1/condition to 1 along random axes."""
    rotation, _ = np.linalg.qr(rng.standard_normal((d, d)))
    covariance: np.ndarray = rotation * np.geomspace(1, 1 / condition, d) @ rotation.T
    return (covariance + covariance.T) / 2


def random_covariances(
    rng: np.random.Generator, covariance_type: str, k: int, d: int, condition: float = 10.0
) -> np.ndarray:
    match covariance_type:
        case "full":
            return np.array([random_covariance(rng, d, condition) for _ in range(k)])
        case "tied":
            return random_covariance(rng, d, condition)
        case "diag":
            return rng.permuted(np.tile(np.geomspace(1, 1 / condition, d), (k, 1)), axis=1)
        case _:
            return np.geomspace(1, 1 / condition, k)


def round_covariances(covariance_type: str, k: int, d: int, variance: float = 1.0) -> np.ndarray:
    """The variance times the identity, for each component."""
    match covariance_type:
        case "full":
            return np.tile(variance * np.eye(d), (k, 1, 1))
        case "tied":
            return variance * np.eye(d)
        case "diag":
            return np.full((k, d), variance)
        case _:
            return np.full(k, variance)


def random_mixture(
    rng: np.random.Generator, k: int, d: int, condition: float = 10.0, covariance_type: str = "full"
) -> Parameters:
    """A mixture whose covariances have the given condition number."""
    covariances = random_covariances(rng, covariance_type, k, d, condition)
    return Parameters(rng.dirichlet(np.full(k, 5.0)), 3 * rng.standard_normal((k, d)), covariances)


def rows_of(rng: np.random.Generator, n: int, model: Parameters, covariance_type: str) -> np.ndarray:
    """Rows drawn from a mixture."""
    k, d = model.means.shape
    factors = np.linalg.cholesky(full_covariances(model.covariances, covariance_type, k, d))
    labels = rng.choice(k, size=n, p=model.weights)
    rows: np.ndarray = model.means[labels] + np.einsum("nij,nj->ni", factors[labels], rng.standard_normal((n, d)))
    return rows


def full_covariances(covariances: np.ndarray, covariance_type: str, k: int, d: int) -> np.ndarray:
    """The matrices, shape (K, D, D), of covariances of any type."""
    match covariance_type:
        case "full":
            return covariances
        case "tied":
            return np.broadcast_to(covariances, (k, d, d))
        case "diag":
            return covariances[:, :, None] * np.eye(d)
        case _:
            return covariances[:, None, None] * np.eye(d)


def log_terms(X: np.ndarray, model: Parameters, covariance_type: str = "full") -> np.ndarray:
    """log(weights_k N(x_n | k)) by SciPy."""
    covariances = full_covariances(model.covariances, covariance_type, *model.means.shape)
    densities = [multivariate_normal(m, c).logpdf(X) for m, c in zip(model.means, covariances, strict=True)]
    return np.log(model.weights) + np.reshape(densities, (len(model.weights), len(X))).T


def em_step(
    X: np.ndarray,
    model: Parameters,
    covariance_type: str = "full",
    *,
    reg_covar: float | np.ndarray | None = None,
    sample_weight: np.ndarray | None = None,
    log_prior: np.ndarray | float = 0.0,
) -> Parameters:
    """One EM iteration straight from the formulas: under the default prior, or with `reg_covar` under none."""
    n, d = X.shape
    k = len(model.weights)
    w = np.ones(n) if sample_weight is None else sample_weight
    resp = softmax(log_terms(X, model, covariance_type) + log_prior, axis=1) * w[:, None]
    nk, total = resp.sum(axis=0), w.sum()
    m0 = np.average(X, axis=0, weights=w)
    prior, ridge = (1.0, 0.0) if reg_covar is None else (0.0, reg_covar)
    a, kappa, exponent = prior / k, prior, prior * (2 * d + 3 + (k if covariance_type == "tied" else 1))
    S0 = prior * np.diag(np.average((X - m0) ** 2, axis=0, weights=w)) * k ** (-2 / d)
    averages = resp.T @ X / nk[:, None]
    scatter = np.empty((k, d, d))
    for j in range(k):
        z, offset = X - averages[j], averages[j] - m0
        scatter[j] = (resp[:, j, None] * z).T @ z + kappa * nk[j] / (kappa + nk[j]) * np.outer(offset, offset)
    if covariance_type == "tied":
        covariances = (S0 + scatter.sum(axis=0)) / (exponent + total) + ridge * np.eye(d)
    else:
        covariances = (S0 + scatter) / (exponent + nk)[:, None, None] + ridge * np.eye(d)
    if covariance_type in ("diag", "spherical"):
        covariances = np.diagonal(covariances, axis1=1, axis2=2)
    if covariance_type == "spherical":
        covariances = covariances.mean(axis=1)
    means = (kappa * m0 + nk[:, None] * averages) / (kappa + nk[:, None])
    return Parameters((nk + a) / (total + k * a), means, covariances)
