"""Cholesky factors of precisions: those of scikit-learn, and evaluation from them."""

from typing import Any

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES, random_mixture, rows_of
from numpy.testing import assert_allclose
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky

from gmm_rs import _core
from gmm_rs.exceptions import DegenerateCovarianceError, DimensionError, ParameterError


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("d", [1, 3, 6, 20])
def test_factors_of_precisions_are_those_of_scikit_learn_and_evaluate_alike(covariance_type: str, d: int) -> None:
    rng = np.random.default_rng(d)
    model = random_mixture(rng, 3, d, covariance_type=covariance_type)
    factors = _core.precisions_cholesky(model.covariances, covariance_type=covariance_type)
    expected = _compute_precision_cholesky(model.covariances, covariance_type)
    assert_allclose(factors, expected, rtol=1e-12, atol=1e-13)
    X = rows_of(rng, 300, model, covariance_type)
    log_prior = rng.standard_normal((300, 3))
    options = {"covariance_type": covariance_type, "log_prior": log_prior, "num_threads": 2}
    for name in ("predict", "predict_proba", "score_samples"):
        function = getattr(_core, name)
        found = function(X, model.weights, model.means, precisions_cholesky=factors, **options)
        assert_allclose(found, function(X, *model, **options), rtol=1e-12, atol=1e-14)


def test_nothing_is_factorised_where_factors_are_given() -> None:
    # The covariance of these factors, P⁻ᵀ P⁻¹, isn't positive definite in float64.
    factor = np.array([[1.0, -(2.0**27)], [0.0, 2.0**27]])
    inverse = np.linalg.inv(factor)
    with pytest.raises(DegenerateCovarianceError, match="component 0"):
        _core.precisions_cholesky(inverse.T @ inverse, covariance_type="tied")
    X = np.array([[0.5, 0.5 + 2.0**-27], [2.0, 2.0]])
    found = _core.score_samples(
        X,
        np.ones(1),
        np.zeros((1, 2)),
        precisions_cholesky=factor,
        covariance_type="tied",
        log_prior=None,
        num_threads=1,
    )
    y = X @ factor
    # The terms of y are as large as 2^28.
    expected = -np.log(2 * np.pi) + 27 * np.log(2) - 0.5 * (y**2).sum(axis=1)
    assert_allclose(found, expected, rtol=0, atol=2.0**-53 * 2.0**28)


@pytest.mark.parametrize(
    ("covariance_type", "factors", "message"),
    [
        ("full", [[[1.0, np.nan], [0.0, 1.0]]], "precisions_cholesky is NaN in row 0, column 1 of component 0"),
        ("full", [[[1.0, 0.0], [0.5, 1.0]]], "is 0.5 in row 1, column 0 of component 0; it must be finite, upper tri"),
        ("tied", [[1.0, 0.0], [0.0, 0.0]], "is 0 in row 1, column 1; it must be finite, upper triangular, with a pos"),
        ("tied", [[1.0, np.inf], [0.0, 1.0]], "is inf in row 0, column 1"),
        ("diag", [[1.0, np.inf]], "precisions_cholesky is inf for feature 1 of component 0; it must be finite and pos"),
        ("diag", [[-1.0, 1.0]], "is -1 for feature 0"),
        ("spherical", [0.0], "is 0 for component 0"),
        ("full", [[1.0, 0.0], [0.0, 1.0]], "precisions_cholesky is an array of 2 axes; it must be 3 axes"),
    ],
)
def test_bad_factors_are_named(covariance_type: str, factors: list[Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message.replace("(", r"\(")):
        _core.predict(
            np.zeros((1, 2)),
            np.ones(1),
            np.zeros((1, 2)),
            precisions_cholesky=np.array(factors),
            covariance_type=covariance_type,
            log_prior=None,
            num_threads=1,
        )


def test_shapes_and_choice_of_covariances_or_factors_are_checked() -> None:
    X, weights, means = np.zeros((1, 2)), np.ones(1), np.zeros((1, 2))
    options = {"covariance_type": "diag", "log_prior": None, "num_threads": 1}
    with pytest.raises(DimensionError, match=r"precisions_cholesky has shape \[1, 3\]; \[1, 2\] is needed"):
        _core.predict(X, weights, means, precisions_cholesky=np.ones((1, 3)), **options)
    with pytest.raises(ParameterError, match="covariances is None; it must be given if precisions_cholesky is None"):
        _core.predict(X, weights, means, **options)
    with pytest.raises(ParameterError, match="covariances is given"):
        _core.predict(X, weights, means, np.ones((1, 2)), precisions_cholesky=np.ones((1, 2)), **options)
    with pytest.raises(ParameterError, match=r"weights is .*sum 0.5"):
        _core.predict(X, weights / 2, means, precisions_cholesky=np.ones((1, 2)), **options)
    with pytest.raises(ParameterError, match="means is not finite"):
        _core.predict(X, weights, means + np.nan, precisions_cholesky=np.ones((1, 2)), **options)


def test_a_covariance_without_factor_is_named() -> None:
    full = np.array([np.eye(2), [[1.0, 2.0], [2.0, 1.0]]])
    with pytest.raises(DegenerateCovarianceError, match="component 1"):
        _core.precisions_cholesky(full, covariance_type="full")
    with pytest.raises(DegenerateCovarianceError, match="component 2"):
        _core.precisions_cholesky(np.array([1.0, 2.0, 0.0]), covariance_type="spherical")
    with pytest.raises(ParameterError, match="covariances is not finite"):
        _core.precisions_cholesky(np.array([[1.0, np.inf]]), covariance_type="diag")
    with pytest.raises(DimensionError, match=r"covariances has shape \[2, 3\]; \[2, 2\] is needed"):
        _core.precisions_cholesky(np.ones((2, 3)), covariance_type="tied")
    with pytest.raises(ParameterError, match="not empty"):
        _core.precisions_cholesky(np.ones((0, 2, 2)), covariance_type="full")
