"""Draws from mixtures: their distribution, the same bits for a seed, and what can't be drawn from."""

from typing import Any

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES, Parameters, full_covariances, random_mixture
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from gmm_rs import _core
from gmm_rs.exceptions import DegenerateCovarianceError, ParameterError


def sample(n: int, model: Parameters, covariance_type: str = "full", seed: int = 0, num_threads: int = 2) -> Any:
    return _core.sample(n, *model, covariance_type=covariance_type, seed=seed, num_threads=num_threads)


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
@pytest.mark.parametrize("d", [1, 2, 5])
def test_draws_have_the_moments_and_the_distribution_of_each_component(covariance_type: str, d: int) -> None:
    model = random_mixture(np.random.default_rng(d), 3, d, covariance_type=covariance_type)
    X, labels = sample(60_000, model, covariance_type)
    assert X.shape == (60_000, d)
    assert X.dtype == np.float64
    assert labels.dtype == np.int64
    assert np.all(np.diff(labels) >= 0)
    full = full_covariances(model.covariances, covariance_type, 3, d)
    for k in range(3):
        z = np.linalg.solve(np.linalg.cholesky(full[k]), (X[labels == k] - model.means[k]).T).T
        n = len(z)
        # All of these are standard normal up to O(1/√n); one in 150,000 is beyond 4.5.
        mean = z.mean(axis=0) * np.sqrt(n)
        covariance = (z.T @ z / n - np.eye(d)) * np.sqrt(n) / np.sqrt(1 + np.eye(d))
        successive = (z[1:] * z[:-1]).mean(axis=0) * np.sqrt(n)
        assert max(np.abs(mean).max(), np.abs(covariance).max(), np.abs(successive).max()) < 4.5
        assert all(stats.kstest(column, "norm").pvalue > 1e-4 for column in z.T)


def test_counts_of_components_are_multinomial() -> None:
    weights = np.array([0.5, 0.0, 0.3, 0.15, 0.05, 0.0])
    model = Parameters(weights, np.zeros((6, 1)), np.ones(6))
    n, n_seeds = 1000, 400
    counts = np.array([np.bincount(sample(n, model, "spherical", seed)[1], minlength=6) for seed in range(n_seeds)])
    assert_array_equal(counts.sum(axis=1), n)
    assert np.all(counts[:, weights == 0] == 0)
    counts, weights = counts[:, weights > 0], weights[weights > 0]
    scores = (counts.mean(axis=0) - n * weights) / np.sqrt(n * weights * (1 - weights) / n_seeds)
    assert np.abs(scores).max() < 4
    # Pearson's statistic of each draw follows χ² with K − 1 degrees of freedom, nearly.
    statistics = ((counts - n * weights) ** 2 / (n * weights)).sum(axis=1)
    assert stats.kstest(statistics, "chi2", (len(weights) - 1,)).pvalue > 1e-3


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_draws_are_the_same_bits_at_any_number_of_threads_and_others_with_another_seed(covariance_type: str) -> None:
    model = random_mixture(np.random.default_rng(1), 3, 4, covariance_type=covariance_type)
    for n in (1, 17, 50_000):
        X, labels = sample(n, model, covariance_type, seed=3, num_threads=1)
        for threads in range(2, 6):
            again = sample(n, model, covariance_type, seed=3, num_threads=threads)
            assert_array_equal(again[0], X)
            assert_array_equal(again[1], labels)
        assert np.all(sample(n, model, covariance_type, seed=4)[0] != X)
        # No stream of numbers comes twice.
        assert len(np.unique(X)) == X.size


def test_draws_of_extreme_scales() -> None:
    for scale in (1e-150, 1e120):
        model = Parameters(np.ones(1), scale * np.ones((1, 2)), scale**2 * np.array([[[2.0, 1.0], [1.0, 1.0]]]))
        expected = Parameters(np.ones(1), np.ones((1, 2)), model.covariances / scale**2)
        assert_allclose(sample(100, model)[0] / scale, sample(100, expected)[0], rtol=1e-12)


def test_draws_that_cannot_be_had() -> None:
    model = Parameters(np.ones(1), np.zeros((1, 2)), np.zeros((1, 2, 2)))
    with pytest.raises(DegenerateCovarianceError, match="component 0"):
        sample(5, model)
    with pytest.raises(DegenerateCovarianceError, match="component 0"):
        sample(5, model._replace(covariances=np.array([-1.0])), "spherical")
    model = model._replace(covariances=np.eye(2)[None])
    with pytest.raises(ParameterError, match="n_samples is 0; it must be at least 1"):
        sample(0, model)
    with pytest.raises((MemoryError, ValueError)):
        sample(2**61, model)
