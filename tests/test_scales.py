"""Data in other units, however small or large, and far from the origin: the same clusters."""

from typing import Any

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES, evaluate, fit, full_covariances, log_terms, parameters, random_mixture, rows_of
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import logsumexp, softmax

from gmm_rs.exceptions import ParameterError

every_kind = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)

# Scales that float32 can hold, and those that float64 can.
SCALES = [(np.float32, s) for s in (1e-30, 1e-20, 1e-10, 1e10, 1e20, 1e30)]
SCALES += [(np.float64, s) for s in (1e-150, 1e-100, 1e-30, 1e-20, 1e30, 1e100, 1e120)]


def clusters(covariance_type: str) -> np.ndarray:
    """Three components that overlap a little; float32 holds the rows."""
    rng = np.random.default_rng(0)
    model = random_mixture(rng, 3, 4, 10.0, covariance_type)
    rows = rows_of(rng, 500, model._replace(means=4 * np.eye(3, 4)), covariance_type)
    return rows.astype(np.float32).astype(float)


def fitted_labels(X: np.ndarray, covariance_type: str, **options: Any) -> np.ndarray:
    fitted = fit(X, 3, covariance_type=covariance_type, **({"reg_covar": "auto", "n_init": 1} | options))
    return evaluate("predict", X, parameters(fitted), covariance_type)


@pytest.mark.parametrize("reg_covar", ["auto", None])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag"])
def test_powers_of_two_as_units_change_no_bit(covariance_type: str, reg_covar: Any) -> None:
    X, units = clusters(covariance_type), np.exp2([-300, 4, 0, 260])
    plain, scaled = (fit(rows, 3, covariance_type=covariance_type, reg_covar=reg_covar) for rows in (X, X * units))
    assert_array_equal(scaled["weights"], plain["weights"])
    assert_array_equal(scaled["means"] / units, plain["means"])
    squares = units**2 if covariance_type == "diag" else np.outer(units, units)
    assert_array_equal(scaled["covariances"] / squares, plain["covariances"])


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag"])
def test_other_units_for_each_feature_give_the_same_labels(covariance_type: str) -> None:
    X = clusters(covariance_type)
    expected = fitted_labels(X, covariance_type)
    for units in ([1e3, 1e-5, 1.0, 7.0], [1e-100, 1e100, 1e-5, 1.0]):
        assert_array_equal(fitted_labels(X * units, covariance_type), expected)


@pytest.mark.parametrize("reg_covar", ["auto", 0.0, None])
@pytest.mark.parametrize(("dtype", "scale"), SCALES)
@every_kind
def test_any_scale_gives_the_same_clusters(covariance_type: str, dtype: type, scale: float, reg_covar: Any) -> None:
    X = clusters(covariance_type)
    expected = fitted_labels(X, covariance_type, reg_covar=reg_covar)
    assert len(np.unique(expected)) == 3
    found = fitted_labels((X * scale).astype(dtype), covariance_type, reg_covar=reg_covar)
    assert np.mean(found == expected) >= (1.0 if dtype is np.float64 else 0.995)


@pytest.mark.parametrize(("dtype", "offset", "agreement"), [(np.float64, 1e8, 1.0), (np.float32, 1e4, 0.995)])
@every_kind
def test_an_offset_gives_the_same_clusters(covariance_type: str, dtype: type, offset: float, agreement: float) -> None:
    X = clusters(covariance_type)
    found = fitted_labels((X + offset).astype(dtype), covariance_type)
    assert np.mean(found == fitted_labels(X, covariance_type)) >= agreement


@pytest.mark.parametrize(("dtype", "scale"), SCALES)
@every_kind
def test_evaluation_is_right_at_any_scale(covariance_type: str, dtype: type, scale: float) -> None:
    rng = np.random.default_rng(1)
    model = random_mixture(rng, 3, 4, 10.0, covariance_type)
    X = (rows_of(rng, 200, model, covariance_type) * scale).astype(dtype)
    terms = log_terms(X.astype(float) / scale, model, covariance_type) - 4 * np.log(scale)
    scaled = model._replace(means=model.means * scale, covariances=model.covariances * scale * scale)
    rtol = 1e-12 if dtype is np.float64 else 2e-5
    log_prob = evaluate("score_samples", X, scaled, covariance_type)
    assert_allclose(log_prob, logsumexp(terms, axis=1), rtol=rtol, atol=rtol)
    proba = evaluate("predict_proba", X, scaled, covariance_type)
    assert_allclose(proba, softmax(terms, axis=1), rtol=1e3 * rtol, atol=rtol)
    assert_array_equal(evaluate("predict", X, scaled, covariance_type), proba.argmax(axis=1))


@pytest.mark.parametrize("reg_covar", ["auto", 0.0, None])
@pytest.mark.parametrize("scale", [1e-150, 1e-100, 1e100])
@every_kind
def test_bounds_and_a_start_from_parameters_are_in_the_units_of_the_data(
    covariance_type: str, scale: float, reg_covar: Any
) -> None:
    rng = np.random.default_rng(2)
    model = random_mixture(rng, 2, 3, 10.0, covariance_type)
    X = rows_of(rng, 300, model, covariance_type)
    told: list[float] = []
    options = {"covariance_type": covariance_type, "reg_covar": reg_covar, "max_iter": 4, "tol": 0.0}
    plain = fit(X, 2, initial=model, **options)
    initial = model._replace(means=model.means * scale, covariances=model.covariances * scale * scale)
    scaled = fit(X * scale, 2, initial=initial, observer=lambda *progress: told.append(progress[2]), **options)
    shift = 3 * np.log(scale)
    assert_allclose(scaled["log_likelihoods"], plain["log_likelihoods"] - 300 * shift, rtol=1e-12)
    n_matrices = 1 if covariance_type == "tied" else 2
    exponent = 0 if reg_covar is not None else 2 * 3 + 3 + (2 if covariance_type == "tied" else 1)
    density = exponent * n_matrices / 300
    assert_allclose(scaled["lower_bounds"], plain["lower_bounds"] - (1 + density) * shift, rtol=1e-12)
    assert told == scaled["lower_bounds"].tolist()
    assert_allclose(scaled["means"] / scale, plain["means"], rtol=1e-9)
    assert_allclose(scaled["covariances"] / scale / scale, plain["covariances"], rtol=1e-9, atol=1e-12)


@every_kind
def test_a_ridge_far_wider_than_the_data_leaves_nothing_to_tell_apart(covariance_type: str) -> None:
    for scale in (1e-20, 1e-160, 1e-300):
        fitted = fit(clusters(covariance_type) * scale, 3, covariance_type=covariance_type, reg_covar=1e-6)
        assert_allclose(fitted["weights"].sum(), 1)
        covariances = full_covariances(fitted["covariances"], covariance_type, 3, 4)
        for covariance in covariances[fitted["weights"] > 0]:
            assert_allclose(covariance, 1e-6 * np.eye(4), rtol=1e-12, atol=1e-20)


def test_variances_that_float64_cannot_hold_are_refused_or_nothing() -> None:
    X = clusters("full")
    for scale in (1e-200, 1e200):
        with pytest.raises(ParameterError, match=r"X is of range .* in column 0; it must be of ranges between 1e-150"):
            fit(X * scale, 3, reg_covar="auto")
    # Beside features of ordinary size, one that hardly varies is constant.
    tiny = np.column_stack([X, X[:, 0] * 1e-200])
    assert_array_equal(fitted_labels(tiny, "full"), fitted_labels(X, "full"))
