"""EM from given parameters against scikit-learn, and against the formulas written out in NumPy."""

import warnings
from functools import cache

import numpy as np
import pytest
from mixtures import (
    COVARIANCE_TYPES,
    DTYPES,
    Parameters,
    em_step,
    fit,
    parameters,
    parameters_of,
    random_mixture,
    round_covariances,
    rows_of,
)
from numpy.testing import assert_allclose
from sklearn import datasets
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

DATASETS = ("iris", "wine", "breast_cancer", "digits", "overlapping", "many rows")


@cache
def dataset(name: str) -> tuple[np.ndarray, int]:
    """Rows that float32 holds exactly, in units of their standard deviations, and a number of components."""
    X, k = unrounded_dataset(name)
    return X.astype(np.float32).astype(float), k


def unrounded_dataset(name: str) -> tuple[np.ndarray, int]:
    rng = np.random.default_rng(0)
    match name:
        case "overlapping":
            return rng.standard_normal((600, 3)) + rng.integers(3, size=(600, 1)), 3
        case "many rows":
            return rows_of(rng, 5000, random_mixture(rng, 5, 6), "full"), 5
        case _:
            X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
            # Digits have features that are constant.
            return (X - X.mean(axis=0)) / np.where(X.std(axis=0) > 0, X.std(axis=0), 1), len(np.unique(y))


def start(X: np.ndarray, k: int, covariance_type: str) -> Parameters:
    """The means are rows of the data, the variances 1."""
    means = X[np.random.default_rng(1).choice(len(X), k, replace=False)].astype(float)
    return Parameters(np.full(k, 1 / k), means, round_covariances(covariance_type, k, X.shape[1]))


@cache
def by_scikit_learn(name: str, covariance_type: str, n_iter: int) -> tuple[Parameters, float]:
    """The parameters after so many iterations, and the mean log-likelihood under them."""
    X, k = dataset(name)
    initial = start(X, k, covariance_type)
    inverse = np.linalg.inv if covariance_type in ("full", "tied") else np.reciprocal
    model = GaussianMixture(
        k,
        covariance_type=covariance_type,
        tol=0.0,
        reg_covar=1e-6,
        max_iter=n_iter,
        weights_init=initial.weights,
        means_init=initial.means,
        precisions_init=inverse(initial.covariances),
    )
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X)
        return parameters_of(model), float(model.score(X))


def assert_close(found: Parameters, expected: Parameters, rtol: float) -> None:
    """Equal relative to the largest parameter of a kind."""
    for name, a, b in zip(Parameters._fields, found, expected, strict=True):
        assert_allclose(a, b, rtol=0, atol=rtol * np.abs(b).max(), err_msg=name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("name", DATASETS)
def test_iterations_are_those_of_scikit_learn(name: str, covariance_type: str, dtype: type) -> None:
    X, k = dataset(name)
    n_iter = {"digits": 4, "many rows": 5}.get(name, 20)
    expected, score = by_scikit_learn(name, covariance_type, n_iter)
    found = fit(
        X.astype(dtype),
        k,
        covariance_type=covariance_type,
        initial=start(X, k, covariance_type),
        reg_covar=1e-6,
        tol=0.0,
        max_iter=n_iter,
    )
    assert found["n_iter"] == n_iter
    # Digits have features that are constant in a cluster: condition numbers are of the order of 1 / reg_covar.
    singular = name == "digits" and covariance_type == "full"
    rtol = {"float64": 1e-9, "float32": 2e-3 if singular else 1e-5}[np.dtype(dtype).name]
    assert_close(parameters(found), expected, rtol)
    assert_allclose(found["log_likelihoods"][-1] / len(X), score, rtol=rtol, atol=3 * rtol)


@pytest.mark.parametrize("regularised", [None, 1e-6])
@pytest.mark.parametrize("with_weights", [False, True])
@pytest.mark.parametrize("d", [1, 2, 4, 5, 17])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_one_iteration_is_that_of_the_formulas(
    covariance_type: str, d: int, with_weights: bool, regularised: float | None
) -> None:
    rng = np.random.default_rng(d)
    n, k = 700, 4
    initial = random_mixture(rng, k, d, 10.0, covariance_type)
    X = rows_of(rng, n, initial, covariance_type)
    rows: dict[str, np.ndarray] = {}
    if with_weights:
        rows = {"sample_weight": rng.integers(4, size=n) / 2, "log_prior": rng.standard_normal((n, k))}
    options = {"covariance_type": covariance_type, "reg_covar": regularised}
    # The formulas have the plain mean and variance of the data; by default those are without far outliers.
    w = rows.get("sample_weight", np.ones(n))
    mean = np.average(X, axis=0, weights=w)
    covariance = np.diag(np.average((X - mean) ** 2, axis=0, weights=w)) * k ** (-2 / d)
    found = fit(X, k, max_iter=1, initial=initial, mean_prior=mean, covariance_prior=covariance, **options, **rows)
    assert_close(parameters(found), em_step(X, initial, **options, **rows), 1e-12)


@pytest.mark.parametrize("separation", [20.0, 1e3])
@pytest.mark.parametrize("d", [2, 6, 17])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_leaving_out_negligible_responsibilities_changes_nothing(
    covariance_type: str, d: int, separation: float
) -> None:
    # Each component has a row in five: all others are left out of its sums.
    rng = np.random.default_rng(d)
    model = random_mixture(rng, 5, d, 10.0, covariance_type)
    model = model._replace(means=separation * np.eye(5, d) + separation * np.arange(5.0)[:, None])
    X = rows_of(rng, 1500, model, covariance_type)
    # Some rows lie between two components.
    X[::50] = model.means[0] + (model.means[1] - model.means[0]) * rng.random((30, 1))
    options = {"covariance_type": covariance_type, "reg_covar": 1e-6}
    found = fit(X, 5, max_iter=1, initial=model, **options)
    assert_close(parameters(found), em_step(X, model, **options), 1e-12)
