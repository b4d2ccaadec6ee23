"""Accuracy under the best one-to-one matching of clusters and categories."""

from itertools import permutations

import numpy as np
import pytest

from gmm_rs import DimensionError, ParameterError
from gmm_rs.serket._accuracy import check_category, match_labels


def best_accuracy(labels, n_components, category):
    """Try every injective renaming."""
    names = list(np.unique(category)) + [-(10**9) - k for k in range(n_components)]
    return max(np.mean(np.array(renaming)[labels] == category) for renaming in set(permutations(names, n_components)))


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_trying_every_renaming(seed):
    rng = np.random.default_rng(seed)
    n_components, n_categories = rng.integers(1, 5, size=2).tolist()
    labels = rng.integers(n_components, size=30)
    category = rng.choice([-5, 3, 7, 1000], size=n_categories, replace=False)[rng.integers(n_categories, size=30)]
    matched = match_labels(labels, n_components, category)
    assert np.mean(matched == category) == best_accuracy(labels, n_components, category)


@pytest.mark.parametrize("shift", [0, 1, 5])
def test_perfect_clusters_score_one_whatever_they_are_called(shift):
    category = np.repeat([3, 7, -1], 4)
    labels = (np.repeat([0, 1, 2], 4) + shift) % 3
    np.testing.assert_array_equal(match_labels(labels, 3, category), category)


def test_more_clusters_than_categories():
    matched = match_labels(np.array([0, 0, 1, 2, 3]), 4, np.array([1, 1, 0, 0, 0]))
    assert np.mean(matched == [1, 1, 0, 0, 0]) == pytest.approx(0.6)
    assert set(matched.tolist()) == {0, 1, 2, 3}  # clusters without a category get the free numbers 2 and 3


def test_fewer_clusters_than_categories():
    matched = match_labels(np.array([0, 0, 0, 1, 1]), 2, np.array([5, 5, 9, 2, 2]))
    np.testing.assert_array_equal(matched, [5, 5, 5, 2, 2])


def test_empty_clusters_do_not_matter():
    np.testing.assert_array_equal(match_labels(np.array([4, 4, 0]), 6, np.array([0, 0, 1])), [0, 0, 1])


def test_categories_are_copied_as_integers():
    source = np.array([1.0, 2.0, -3.0])
    category = check_category(source)
    assert category.dtype == np.int64
    np.testing.assert_array_equal(category, [1, 2, -3])
    same = np.array([1, 2])
    assert not np.shares_memory(check_category(same), same)
    np.testing.assert_array_equal(check_category([True, False]), [1, 0])
    assert check_category(None) is None


@pytest.mark.parametrize(
    ("category", "error", "words"),
    [
        ([0.5, 1.0], ParameterError, "entry 0"),
        ([0.0, np.nan], ParameterError, "entry 1"),
        ([0.0, 1e300], ParameterError, "entry 1"),
        (["cat", "dog"], ParameterError, "numpy.unique"),
        ([[0], [1]], DimensionError, r"1-D.*ravel\(\)"),
        (3, DimensionError, "1-D"),
        ([[0, 1], [2]], DimensionError, "one label for each row"),
    ],
)
def test_categories_that_are_refused(category, error, words):
    with pytest.raises(error, match=words):
        check_category(category)
