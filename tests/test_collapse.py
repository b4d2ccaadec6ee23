"""Components that collapse: the fit goes on, says so, and prefers starts in which none does."""

from typing import Any

import numpy as np
import pytest
from mixtures import (
    COVARIANCE_TYPES,
    DTYPES,
    Parameters,
    evaluate,
    fit,
    full_covariances,
    parameters,
    round_covariances,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import datasets

every_kind = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
every_ridge = pytest.mark.parametrize("reg_covar", [0.0, 1e-6, "auto"])


def degenerate(name: str) -> tuple[np.ndarray, int]:
    """Data on which the likelihood of some mixtures is unbounded, and a number of components."""
    rng = np.random.default_rng(0)
    match name:
        case "duplicates":
            return datasets.load_iris().data, 8
        case "equal rows":
            return np.full((20, 3), 2.5), 2
        case "fewer distinct rows than components":
            return np.repeat(rng.standard_normal((3, 2)), 10, axis=0), 5
        case "a component for each row":
            return rng.standard_normal((12, 2)), 12
        case "a constant feature":
            return np.insert(rng.standard_normal((100, 2)), 1, 7.0, axis=1), 3
        case "copies of features":
            X = rng.standard_normal((100, 2))
            return np.column_stack([X, 2 * X[:, 0], X.sum(axis=1)]), 3
        case "more features than rows":
            return rng.standard_normal((20, 30)), 3
        case "a far outlier":
            X = rng.standard_normal((200, 2))
            X[0] = 1e6
            return X, 3
        case "integers":
            return rng.integers(3, size=(300, 4)).astype(float), 4
        case _:
            return np.eye(4)[rng.integers(4, size=200)], 3


NAMES = (
    "duplicates",
    "equal rows",
    "fewer distinct rows than components",
    "a component for each row",
    "a constant feature",
    "copies of features",
    "more features than rows",
    "a far outlier",
    "integers",
    "one-hot rows",
)


def assert_sound(fitted: dict[str, Any], X: np.ndarray, covariance_type: str) -> None:
    model = parameters(fitted)
    assert all(np.isfinite(array).all() for array in (*model, fitted["lower_bounds"]))
    assert_allclose(model.weights.sum(), 1, rtol=1e-12)
    np.linalg.cholesky(full_covariances(model.covariances, covariance_type, *model.means.shape))
    assert_allclose(evaluate("predict_proba", X, model, covariance_type).sum(axis=1), 1, rtol=1e-6)
    collapsed = fitted["collapsed"]
    assert_array_equal(collapsed, np.unique(collapsed))
    failures = [start["failure"] for start in fitted["restarts"]]
    # A start without a collapse comes before all others.
    assert (len(collapsed) > 0) == (None not in failures)
    assert all(failure is None or failure.startswith("collapsed: component ") for failure in failures)


@every_ridge
@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
@pytest.mark.parametrize("name", NAMES)
def test_no_fit_ends_in_a_collapse(name: str, covariance_type: str, dtype: type, reg_covar: Any) -> None:
    X, k = degenerate(name)
    X = X.astype(dtype)
    options = {"covariance_type": covariance_type, "reg_covar": reg_covar, "n_init": 2}
    for acceleration in (None, "squarem"):
        fitted = fit(X, k, acceleration=acceleration, **options)
        assert_sound(fitted, X, covariance_type)
        if reg_covar == "auto":
            assert len(fitted["collapsed"]) == 0


@pytest.mark.parametrize("acceleration", [None, "squarem"])
@every_kind
@pytest.mark.parametrize("name", NAMES)
def test_the_bound_never_falls_after_a_collapse(name: str, covariance_type: str, acceleration: str | None) -> None:
    X, k = degenerate(name)
    options = {"covariance_type": covariance_type, "reg_covar": 0.0, "acceleration": acceleration}
    fitted = fit(X, k, tol=0.0, max_iter=60, **options)
    failure = fitted["restarts"][0]["failure"] or "iteration 0"
    last = max(int(part.split()[-1]) for part in failure.split(", "))
    bounds = fitted["lower_bounds"][max(last, 1) - 1 :]
    # What the floor leaves has condition numbers up to 1e6 or so, and its densities rounding of as many times ε.
    assert np.all(np.diff(bounds) >= -1e-10 * np.abs(bounds[:-1]))


def test_a_component_that_collapses_is_named_and_held_at_a_thousandth_of_the_spread() -> None:
    # The second component has one place only.
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.standard_normal((50, 2)), np.full((10, 2), 30.0)])
    fitted = fit(X, 2, reg_covar=0.0, n_init=3)
    (k,) = fitted["collapsed"]
    assert_allclose(fitted["means"][k], 30)
    assert_allclose(fitted["covariances"][k], 1e-6 * np.diag(X.var(axis=0)), rtol=1e-9, atol=1e-12)
    assert_allclose(fitted["covariances"][1 - k], np.cov(X[:50].T, ddof=0), rtol=1e-9)
    assert {start["failure"].split(" in ")[0] for start in fitted["restarts"]} <= {
        "collapsed: component 0",
        "collapsed: component 1",
    }


def test_a_start_without_a_collapse_wins_whatever_its_bound() -> None:
    fitted = fit(datasets.load_wine().data, 6, reg_covar=0.0, n_init=20, max_iter=1000)
    collapsed = [start for start in fitted["restarts"] if start["failure"] is not None]
    assert collapsed
    assert max(start["lower_bound"] for start in collapsed) > fitted["lower_bounds"][-1]
    assert len(fitted["collapsed"]) == 0


@every_kind
def test_components_equal_to_begin_with_stay_equal(covariance_type: str) -> None:
    X = np.random.default_rng(2).standard_normal((100, 2))
    initial = Parameters(np.full(2, 0.5), np.zeros((2, 2)), round_covariances(covariance_type, 2, 2))
    fitted = fit(X, 2, covariance_type=covariance_type, initial=initial, reg_covar=0.0)
    assert_sound(fitted, X, covariance_type)
    assert_allclose(fitted["means"], np.tile(X.mean(axis=0), (2, 1)), rtol=1e-9)


@every_ridge
@every_kind
def test_a_component_that_no_row_may_have_is_empty_and_finite(covariance_type: str, reg_covar: Any) -> None:
    X = np.random.default_rng(3).standard_normal((60, 2))
    log_prior = np.log(
        np.eye(3)[np.arange(60) % 2], where=np.eye(3)[np.arange(60) % 2] > 0, out=np.full((60, 3), -np.inf)
    )
    options = {"covariance_type": covariance_type, "reg_covar": reg_covar}
    fitted = fit(X, 3, log_prior=log_prior, align_to=np.exp(log_prior), n_init=2, **options)
    assert np.isfinite(fitted["covariances"]).all()
    assert np.isfinite(fitted["means"]).all()
    assert_allclose(fitted["weights"], [0.5, 0.5, 0.0], atol=1e-12)


@every_ridge
@every_kind
def test_rows_of_weight_0_are_as_absent(covariance_type: str, reg_covar: Any) -> None:
    X = np.random.default_rng(4).standard_normal((400, 3))
    weights = np.where(np.arange(400) % 20 == 0, 1.0, 0.0)
    options = {"covariance_type": covariance_type, "reg_covar": reg_covar, "max_iter": 20, "tol": 0.0}
    initial = Parameters(np.full(2, 0.5), X[:40:20].copy(), round_covariances(covariance_type, 2, 3))
    weighted = fit(X, 2, sample_weight=weights, initial=initial, **options)
    present = fit(X[::20], 2, initial=initial, **options)
    assert weighted["collapsed"].tolist() == present["collapsed"].tolist()
    for a, b in zip(parameters(weighted), parameters(present), strict=True):
        assert_allclose(a, b, rtol=1e-6, atol=1e-9)
