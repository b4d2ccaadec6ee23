"""Sample weights and class priors of rows: what must change nothing, and what must equal something else."""

from typing import Any

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES, DTYPES, Parameters, em_step, fit, parameters, random_mixture, rows_of
from numpy.testing import assert_allclose, assert_array_equal

N, K = 600, 3
# Relative to the largest parameter of a kind.
BOUNDS = {"float64": 1e-11, "float32": 2e-5}


def assert_equal_fits(found: dict[str, Any], expected: dict[str, Any], rtol: float = 0.0) -> None:
    for a, b in zip(parameters(found), parameters(expected), strict=True):
        assert_allclose(a, b, rtol=0, atol=rtol * np.abs(b).max())
    assert_allclose(found["lower_bounds"], expected["lower_bounds"], rtol=rtol, atol=rtol)


class Given:
    """Rows, a start that isn't where they are from, and weights of 0 to 3."""

    def __init__(self, covariance_type: str, d: int, dtype: type = np.float64) -> None:
        rng = np.random.default_rng(d)
        self.model = random_mixture(rng, K, d, 10.0, covariance_type)
        self.X = rows_of(rng, N, self.model, covariance_type).astype(dtype)
        self.start = self.model._replace(means=self.model.means + rng.standard_normal((K, d)))
        self.counts = rng.integers(4, size=N)
        self.weights = self.counts.astype(float)
        self.log_prior = rng.standard_normal((N, K))
        self.covariance_type = covariance_type
        self.bound = BOUNDS[np.dtype(dtype).name]

    def fit(self, rows: np.ndarray | None = None, **changes: Any) -> dict[str, Any]:
        """A fit from the start, to the rows of these numbers."""
        options = {"covariance_type": self.covariance_type, "initial": self.start, "max_iter": 10, "tol": 0.0}
        X = self.X if rows is None else self.X[rows]
        return fit(X, K, **(options | changes))

    def with_plain_prior(self) -> dict[str, np.ndarray]:
        """A prior from plain moments: the default leaves out far outliers, which depends on how rows are counted."""
        mean = np.average(self.X.astype(float), axis=0, weights=self.weights)
        return {"mean_prior": mean, "covariance_prior": 0.3 * np.diag(self.X.astype(float).var(axis=0))}


every_kind = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
few_and_more_features = pytest.mark.parametrize("d", [2, 6])
prior_and_likelihood = pytest.mark.parametrize("reg_covar", [None, 1e-6])


@prior_and_likelihood
@few_and_more_features
@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_a_weight_is_how_often_a_row_counts(covariance_type: str, dtype: type, d: int, reg_covar: float | None) -> None:
    given = Given(covariance_type, d, dtype)
    options = {"reg_covar": reg_covar} | given.with_plain_prior()
    repeated = np.repeat(np.arange(N), given.counts)
    for prior in (None, given.log_prior):
        weighted = given.fit(sample_weight=given.weights, log_prior=prior, **options)
        several = given.fit(repeated, log_prior=None if prior is None else prior[repeated], **options)
        assert_equal_fits(weighted, several, given.bound)


@prior_and_likelihood
@every_kind
def test_a_weight_of_zero_is_the_absence_of_a_row(covariance_type: str, reg_covar: float | None) -> None:
    given = Given(covariance_type, 3)
    weights = np.minimum(given.weights, 1)
    given.X[weights == 0] = 1e6
    kept = np.flatnonzero(weights)
    # With the default prior, which follows the rows that count.
    found = given.fit(sample_weight=weights, reg_covar=reg_covar)
    assert_equal_fits(found, given.fit(kept, reg_covar=reg_covar), 1e-11)


@prior_and_likelihood
@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_equal_weights_are_none(covariance_type: str, dtype: type, reg_covar: float | None) -> None:
    given = Given(covariance_type, 3, dtype)
    expected = given.fit(reg_covar=reg_covar)
    assert_equal_fits(given.fit(reg_covar=reg_covar, sample_weight=np.ones(N)), expected, given.bound)
    from_clusters = [given.fit(initial=None, sample_weight=weights) for weights in (None, np.ones(N))]
    assert_equal_fits(*from_clusters, given.bound)


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1 / N, 0.3, 1e20, 1e100])
@few_and_more_features
@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_without_prior_the_size_of_weights_does_not_matter(
    covariance_type: str, dtype: type, d: int, scale: float
) -> None:
    given = Given(covariance_type, d, dtype)
    expected = given.fit(reg_covar=1e-6, sample_weight=given.weights)
    found = given.fit(reg_covar=1e-6, sample_weight=scale * given.weights)
    assert_equal_fits(found, expected, given.bound)


@every_kind
def test_weights_are_taken_by_fits_from_clusters(covariance_type: str) -> None:
    given = Given(covariance_type, 3)
    for reg_covar in (None, 1e-6):
        found = given.fit(initial=None, n_init=2, sample_weight=given.weights, reg_covar=reg_covar, max_iter=200)
        following = given.fit(initial=parameters(found), sample_weight=given.weights, reg_covar=reg_covar, max_iter=1)
        assert following["lower_bounds"][0] >= found["lower_bounds"][-1] - 1e-12
        assert np.isfinite(found["lower_bounds"]).all()


@prior_and_likelihood
@every_kind
def test_a_uniform_log_prior_is_none(covariance_type: str, reg_covar: float | None) -> None:
    given = Given(covariance_type, 3)
    expected = given.fit(reg_covar=reg_covar)
    none = given.fit(reg_covar=reg_covar, log_prior=np.zeros((N, K)))
    for a, b in zip(parameters(none), parameters(expected), strict=True):
        assert_array_equal(a, b)
    # A constant shifts the log-likelihood of every row.
    uniform = given.fit(reg_covar=reg_covar, log_prior=np.full((N, K), -np.log(K)))
    uniform["lower_bounds"] = uniform["lower_bounds"] + np.log(K)
    assert_equal_fits(uniform, expected, 1e-11)


@prior_and_likelihood
@pytest.mark.parametrize("with_weights", [False, True])
@every_kind
def test_a_one_hot_log_prior_gives_the_labels(
    covariance_type: str, with_weights: bool, reg_covar: float | None
) -> None:
    given = Given(covariance_type, 3)
    labels = np.random.default_rng(0).integers(K, size=N)
    log_prior = np.where(np.arange(K) == labels[:, None], 0.0, -np.inf)
    options: dict[str, Any] = {"reg_covar": reg_covar, "sample_weight": given.weights if with_weights else None}
    found = given.fit(log_prior=log_prior, max_iter=2, **given.with_plain_prior(), **options)
    weights = given.weights if with_weights else np.ones(N)
    counts = np.bincount(labels, weights, K)
    a = 1 / K if reg_covar is None else 0.0
    assert_allclose(found["weights"], (counts + a) / (counts.sum() + K * a), rtol=1e-13)
    if reg_covar is not None:
        expected = em_step(given.X, given.start, covariance_type, log_prior=log_prior, **options)
        assert_equal_fits(found, found | dict(zip(Parameters._fields, expected, strict=True)), 1e-12)
