"""How EM runs: restarts, when they stop, whom they tell, and what is added to variances."""

import threading
from typing import Any

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES, em_step, fit, log_terms, parameters, random_mixture, rows_of
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp

from gmm_rs.exceptions import DimensionError, ParameterError

every_kind = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


@pytest.fixture(scope="module", name="X")
def overlapping_rows() -> np.ndarray:
    """Overlapping components: different starts lead to different optima."""
    rng = np.random.default_rng(0)
    model = random_mixture(rng, 5, 3, 10.0)
    return rows_of(rng, 600, model._replace(means=model.means / 4), "full")


@every_kind
def test_a_ridge_for_each_feature_is_added_to_its_variance(covariance_type: str) -> None:
    rng = np.random.default_rng(1)
    model = random_mixture(rng, 3, 4, 10.0, covariance_type)
    rows, ridge = rows_of(rng, 500, model, covariance_type), np.array([0.0, 0.5, 2.0, 10.0])
    options = {"covariance_type": covariance_type, "reg_covar": ridge}
    found = parameters(fit(rows, 3, max_iter=1, initial=model, **options))
    for a, b in zip(found, em_step(rows, model, **options), strict=True):
        assert_allclose(a, b, rtol=1e-11, atol=1e-12)
    # Far outliers do not count for the automatic ridge, so there are none.
    rows = np.clip(rows, *np.percentile(rows, [5, 95], axis=0))
    automatic = parameters(fit(rows, 3, max_iter=1, initial=model, covariance_type=covariance_type, reg_covar="auto"))
    options["reg_covar"] = 1e-6 * rows.var(axis=0)
    for a, b in zip(automatic, em_step(rows, model, **options), strict=True):
        assert_allclose(a, b, rtol=1e-11, atol=1e-12)


def test_ridges_out_of_their_domain_are_refused(X: np.ndarray) -> None:
    with pytest.raises(DimensionError, match=r"reg_covar has shape \[2\]; \[3\] is needed"):
        fit(X, 2, reg_covar=np.ones(2))
    with pytest.raises(ParameterError, match="reg_covar is -1; it must be finite and at least 0"):
        fit(X, 2, reg_covar=np.array([1.0, 1.0, -1.0]))
    with pytest.raises(ParameterError, match='reg_covar is "none"; it must be a number, one for each feature, or'):
        fit(X, 2, reg_covar="none")


@pytest.mark.parametrize("reg_covar", [0.0, 1e-2, "auto"])
@every_kind
def test_the_last_bound_is_that_of_the_parameters(X: np.ndarray, covariance_type: str, reg_covar: Any) -> None:
    for n_iter in (1, 5):
        fitted = fit(X, 4, covariance_type=covariance_type, reg_covar=reg_covar, tol=0.0, max_iter=n_iter)
        log_likelihoods = logsumexp(log_terms(X, parameters(fitted), covariance_type), axis=1)
        assert_allclose(fitted["lower_bounds"][-1], log_likelihoods.mean(), rtol=1e-12)
        assert_allclose(fitted["log_likelihoods"][-1], log_likelihoods.sum(), rtol=1e-12)


def test_a_relative_tolerance_is_a_part_of_the_bound(X: np.ndarray) -> None:
    tol = 1e-6
    bounds = fit(1e9 * X, 4, reg_covar="auto", tol=tol, relative_tol=True, max_iter=1000)["lower_bounds"]
    changes = np.abs(np.diff(bounds)) / np.abs(bounds[1:])
    assert changes[-1] < tol
    assert np.all(changes[:-1] >= tol)
    absolute = fit(1e9 * X, 4, reg_covar="auto", tol=tol, max_iter=1000)
    assert absolute["converged"]
    assert absolute["n_iter"] > len(bounds)


def test_every_start_is_reported_and_the_best_is_returned(X: np.ndarray) -> None:
    options = {"reg_covar": "auto", "max_iter": 300}
    fitted = fit(X, 6, n_init=9, **options)
    starts = fitted["restarts"]
    assert len(starts) == 9
    assert len({start["lower_bound"] for start in starts}) > 1
    best = max(starts, key=lambda start: start["lower_bound"])
    assert best == {
        "lower_bound": fitted["lower_bounds"][-1],
        "log_likelihood": fitted["log_likelihoods"][-1],
        "n_iter": fitted["n_iter"],
        "converged": fitted["converged"],
        "failure": None,
    }
    # A start depends on the seed and its number, not on how many there are.
    assert fit(X, 6, n_init=4, **options)["restarts"] == starts[:4]


@pytest.mark.parametrize("n", [150, 600])
@every_kind
def test_restarts_give_the_same_bits_for_1_to_5_threads(X: np.ndarray, covariance_type: str, n: int) -> None:
    options = {"covariance_type": covariance_type, "reg_covar": 0.0, "n_init": 7, "acceleration": "squarem"}
    expected = fit(X[:n], 6, num_threads=1, **options)
    for num_threads in range(2, 6):
        found = fit(X[:n], 6, num_threads=num_threads, **options)
        assert found["restarts"] == expected["restarts"]
        for a, b in zip(parameters(found), parameters(expected), strict=True):
            assert_array_equal(a, b)


@pytest.mark.parametrize("n_init", [1, 6])
def test_the_observer_is_told_of_every_iteration_on_the_calling_thread(X: np.ndarray, n_init: int) -> None:
    seen: list[tuple[int, int, float]] = []
    threads = set()

    def observer(start: int, iteration: int, lower_bound: float) -> None:
        seen.append((start, iteration, lower_bound))
        threads.add(threading.get_ident())

    fitted = fit(X, 4, reg_covar="auto", n_init=n_init, observer=observer)
    assert threads == {threading.get_ident()}
    for number, start in enumerate(fitted["restarts"]):
        told = [(iteration, bound) for s, iteration, bound in seen if s == number]
        assert [iteration for iteration, _ in told] == list(range(1, start["n_iter"] + 1))
        assert told[-1][1] == start["lower_bound"]


@pytest.mark.parametrize("n_init", [1, 50])
def test_an_exception_of_the_observer_stops_the_fit_and_is_raised(X: np.ndarray, n_init: int) -> None:
    error = LookupError("enough")
    calls = []

    def observer(*progress: object) -> None:
        calls.append(progress)
        raise error

    with pytest.raises(LookupError) as raised:
        fit(X, 8, reg_covar=0.0, n_init=n_init, max_iter=10_000_000, tol=0.0, observer=observer)
    assert raised.value is error
    assert len(calls) == 1


@pytest.mark.parametrize("num_threads", [1, 3])
def test_a_fit_without_time_makes_one_iteration(X: np.ndarray, num_threads: int) -> None:
    fitted = fit(X, 4, reg_covar=0.0, tol=0.0, n_init=5, max_time=0.0, num_threads=num_threads)
    assert fitted["n_iter"] == len(fitted["lower_bounds"]) == 1
    assert not fitted["converged"]
    late = {"max_time was over before its first iteration"}
    assert {start["failure"] for start in fitted["restarts"][1:]} == late
    assert fit(X, 4, max_time=1e300)["n_iter"] > 1
    with pytest.raises(ParameterError, match="max_time is -1; it must be at least 0"):
        fit(X, 4, max_time=-1.0)
