"""Where EM starts from: every kind of start, what is known of rows and parameters, and data that mislead k-means."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from mixtures import COVARIANCE_TYPES, DTYPES, Parameters, fit, parameters, random_mixture, round_covariances, rows_of
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris, load_wine, make_blobs
from sklearn.metrics import adjusted_rand_score

from gmm_rs import DimensionError, ParameterError, _core

KINDS = ("kmeans", "k-means++", "random", "random_from_data", "short-em")
every_kind = pytest.mark.parametrize("init", KINDS)


def labels(X: np.ndarray, found: dict[str, Any]) -> np.ndarray:
    return _core.predict(X, *parameters(found), covariance_type="full", log_prior=None, num_threads=1)


def blobs(n: int = 300, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """Three clusters far apart, the rows in no order."""
    rng = np.random.default_rng(3)
    truth = rng.integers(3, size=n)
    return (10.0 * np.array([[0, 0], [1, 0], [0, 1]])[truth] + rng.standard_normal((n, 2))).astype(dtype), truth


def elongated(d: int, ratio: float, k: int = 3, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Clusters side by side that are all `ratio` times longer in every direction but one, turned at random."""
    rng = np.random.default_rng(d)
    truth = rng.integers(k, size=n)
    X = rng.standard_normal((n, d))
    X[:, 1:] *= ratio
    X[:, 0] += 6.0 * truth
    return X @ np.linalg.qr(rng.standard_normal((d, d)))[0], truth


@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_every_kind_finds_clusters_far_apart(init: str, dtype: type) -> None:
    X, truth = blobs(dtype=dtype)
    found = fit(X, 3, init=init, n_init=6, max_iter=300)
    assert adjusted_rand_score(truth, labels(X, found)) == 1.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ratio", [3, 30])
@pytest.mark.parametrize("d", [2, 3, 5, 10])
def test_one_start_finds_clusters_that_are_elongated_in_a_common_direction(d: int, ratio: float, seed: int) -> None:
    X, truth = elongated(d, ratio, k=2)
    found = fit(X, 2, seed=seed, reg_covar=0.0)
    assert adjusted_rand_score(truth, labels(X, found)) > 0.95


@pytest.mark.parametrize("seed", range(5))
def test_one_start_finds_sheared_blobs(seed: int) -> None:
    blobs, truth = make_blobs(n_samples=500, random_state=3)
    X = blobs @ [[0.6, -0.6], [-0.4, 0.8]]
    found = fit(X, 3, seed=seed, reg_covar=1e-6)
    assert adjusted_rand_score(truth, labels(X, found)) > 0.95


@pytest.mark.parametrize("seed", range(5))
def test_one_start_finds_the_feature_that_separates(seed: int) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=600)
    X = rng.standard_normal((600, 6))
    X[:, 2] += 6.0 * truth
    assert adjusted_rand_score(truth, labels(X, fit(X, 2, seed=seed))) > 0.95


@pytest.mark.parametrize(("load", "least"), [(load_iris, 0.75), (load_wine, 0.7)])
def test_one_start_does_well_on_measured_data(load: Any, least: float) -> None:
    X, truth = load(return_X_y=True)
    scores = [adjusted_rand_score(truth, labels(X, fit(X, 3, seed=seed))) for seed in range(5)]
    assert np.mean(scores) > least


@every_kind
def test_starts_differ_and_more_are_never_worse(init: str) -> None:
    X = np.random.default_rng(5).standard_normal((300, 3))
    bounds = [fit(X, 6, init=init, n_init=n, max_iter=30)["lower_bounds"][-1] for n in (1, 2, 4, 8)]
    assert all(a <= b for a, b in pairwise(bounds))
    assert bounds[-1] > bounds[0]


@every_kind
def test_seeds_differ_and_repeat(init: str) -> None:
    X = np.random.default_rng(5).standard_normal((300, 3))
    first, again, other = (fit(X, 6, init=init, seed=seed, max_iter=5)["means"] for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_same_bits_at_any_number_of_threads(init: str, dtype: type) -> None:
    # More rows than starts are tried on.
    X = np.random.default_rng(1).standard_normal((70_000, 2)).astype(dtype)
    X[::3] += 4
    rng = np.random.default_rng(2)
    options = {"init": init, "n_init": 2, "max_iter": 2, "sample_weight": rng.integers(3, size=len(X)).astype(float)}
    expected = fit(X, 3, num_threads=1, **options)
    for threads in range(2, 6):
        for a, b in zip(parameters(fit(X, 3, num_threads=threads, **options)), parameters(expected), strict=True):
            assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@every_kind
def test_rows_of_weight_0_are_never_seeds(init: str, dtype: type) -> None:
    X, _ = blobs(dtype=dtype)
    weights = np.ones(len(X))
    weights[::2] = 0.0
    # Far away, they would be the first to be drawn by k-means++.
    X[::2] = 1e6 * np.random.default_rng(0).standard_normal((150, 2))
    for seed in range(10):
        found = fit(X, 3, init=init, seed=seed, sample_weight=weights, max_iter=1)
        assert np.abs(found["means"]).max() < 15


def one_hot(truth: np.ndarray, k: int) -> np.ndarray:
    """Class priors, as logarithms, that leave each row its label; none where it is −1."""
    allowed = (truth[:, None] == np.arange(k)) | (truth[:, None] < 0)
    return np.where(allowed, 0.0, -np.inf)


@pytest.mark.parametrize("weighted", [False, True])
@every_kind
def test_labels_of_a_few_rows_number_the_clusters(init: str, weighted: bool) -> None:
    X, truth = blobs()
    for names in ([0, 1, 2], [1, 2, 0], [2, 1, 0]):
        named = np.array(names)[truth]
        partly = np.where(np.arange(len(X)) % 30 == 0, named, -1)
        weights = np.random.default_rng(0).integers(1, 4, len(X)).astype(float) if weighted else None
        found = fit(X, 3, init=init, n_init=3, max_iter=300, log_prior=one_hot(partly, 3), sample_weight=weights)
        assert_array_equal(labels(X, found), named)


@pytest.mark.parametrize("init", ["kmeans", "k-means++", "random_from_data"])
def test_labels_say_which_clusters_are_meant(init: str) -> None:
    # Four groups, of which the labels unite two and two in a way that no distances suggest.
    rng = np.random.default_rng(0)
    group = rng.integers(4, size=400)
    X = np.array([[0, 0], [0, 9], [9, 0], [9, 9]])[group] + rng.standard_normal((400, 2))
    truth = group % 2
    for known in (truth, 1 - truth):
        partly = np.where(np.arange(400) < 100, known, -1)
        found = fit(X, 2, init=init, log_prior=one_hot(partly, 2))
        assert_array_equal(labels(X, found), known)


@every_kind
def test_labels_of_all_rows_are_the_start(init: str) -> None:
    X, _ = blobs()
    names = np.random.default_rng(1).integers(3, size=len(X))
    found = fit(X, 3, init=init, log_prior=one_hot(names, 3), max_iter=1, reg_covar=0.0)
    assert_allclose(found["weights"], np.bincount(names) / len(X), rtol=1e-12)
    assert_allclose(found["means"], [X[names == k].mean(axis=0) for k in range(3)], atol=1e-12)


# Random responsibilities tell components apart too little.
@pytest.mark.parametrize("init", [init for init in KINDS if init != "random"])
def test_numbers_follow_the_reference(init: str) -> None:
    X, truth = blobs()
    for names in ([0, 1, 2], [1, 2, 0], [2, 1, 0]):
        reference = np.eye(3)[np.array(names)[truth]]
        found = fit(X, 3, init=init, n_init=4, max_iter=200, align_to=reference)
        assert_array_equal(labels(X, found), np.array(names)[truth])


@every_kind
@pytest.mark.parametrize("given", [("weights",), ("means",), ("covariances",), ("weights", "means")])
@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_given_parameters_replace_those_of_each_start(covariance_type: str, given: tuple[str, ...], init: str) -> None:
    rng = np.random.default_rng(4)
    model = random_mixture(rng, 3, 2, 4.0, covariance_type)
    X = rows_of(rng, 400, model, covariance_type)
    options: dict[str, Any] = {"covariance_type": covariance_type, "init": init, "max_iter": 1, "tol": 0.0}
    known = {f"{name}_init": getattr(model, name) for name in given}
    found = fit(X, 3, **options, **known)
    without = fit(X, 3, **options)
    assert np.abs(found["means"] - without["means"]).max() > 1e-6
    if "means" in given:
        # Clusters have the numbers of the means that they are near.
        distances = np.linalg.norm(found["means"][:, None] - model.means, axis=2)
        other = np.array([[1, 2, 0], [2, 0, 1], [1, 0, 2], [0, 2, 1], [2, 1, 0]])
        assert np.trace(distances) <= distances[np.arange(3), other].sum(axis=1).min() + 1e-9


@pytest.mark.parametrize("covariance_type", ["full", "diag", "spherical"])
@pytest.mark.parametrize("seed", range(4))
def test_clusters_have_the_numbers_of_the_covariances_that_theirs_are_like(covariance_type: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    deviations = np.array([0.1, 1.0, 10.0])
    X = np.concatenate([100.0 * k + s * rng.standard_normal((200, 2)) for k, s in enumerate(deviations)])
    variances = deviations**2
    covariances = {
        "full": variances[:, None, None] * np.eye(2),
        "diag": np.repeat(variances[:, None], 2, axis=1),
        "spherical": variances,
    }[covariance_type]
    found = fit(X, 3, covariance_type=covariance_type, covariances_init=covariances, seed=seed, reg_covar=1e-6)
    assert_allclose(found["means"], [[0, 0], [100, 100], [200, 200]], atol=3.0)


def test_all_parameters_are_the_only_start() -> None:
    X, _ = blobs()
    start = Parameters(np.full(3, 1 / 3), X[:3].copy(), round_covariances("full", 3, 2))
    expected = fit(X, 3, initial=start, max_iter=3)
    for init in KINDS:
        found = fit(X, 3, initial=start, init=init, n_init=7, seed=5, max_iter=3)
        assert_array_equal(found["means"], expected["means"])


@pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)
def test_given_responsibilities_are_the_first_e_step(covariance_type: str) -> None:
    rng = np.random.default_rng(4)
    model = random_mixture(rng, 3, 2, 4.0, covariance_type)
    X = rows_of(rng, 400, model, covariance_type)
    weights = rng.integers(3, size=400).astype(float)
    options: dict[str, Any] = {"covariance_type": covariance_type, "sample_weight": weights, "reg_covar": 1e-6}
    one = fit(X, 3, initial=model, max_iter=1, tol=0.0, **options)
    two = fit(X, 3, initial=model, max_iter=2, tol=0.0, **options)
    resp = _core.predict_proba(X, *parameters(one), covariance_type=covariance_type, log_prior=None, num_threads=1)
    # A multiple of a row is the same.
    resp *= rng.uniform(0.5, 2.0, (400, 1))
    before = resp.copy()
    # One iteration from the M-step of the second.
    three = fit(X, 3, initial=parameters(two), max_iter=1, tol=0.0, **options)
    found = fit(X, 3, init=[resp], max_iter=1, tol=0.0, **options)
    for a, b in zip(parameters(found), parameters(three), strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-9)
    assert_array_equal(resp, before)


def test_the_best_of_given_responsibilities_is_returned() -> None:
    X, truth = blobs()
    bad = np.random.default_rng(0).random((len(X), 3))
    good = np.eye(3)[truth]
    found = fit(X, 3, init=[bad, good], n_init=2, max_iter=2)
    assert_array_equal(labels(X, found), truth)


def test_fewer_rows_than_components() -> None:
    X = np.array([[0.0, 0.0], [1.0, 1.0]])
    for init in KINDS:
        assert np.isfinite(fit(X, 4, init=init)["means"]).all()


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"init": "nonsense"}, ParameterError, "init.*nonsense.*'random_from_data'"),
        ({"n_init": 0}, ParameterError, "n_init.*at least 1"),
        ({"init": []}, ParameterError, "n_init|init"),
        ({"init": [np.ones((20, 3))], "n_init": 2}, ParameterError, "n_init.*2.*number of arrays"),
        ({"init": [np.ones((20, 2))]}, DimensionError, r"init.*\[20, 2\].*\[20, 3\]"),
        ({"init": [np.full((20, 3), -1.0)]}, ParameterError, "init.*row 0.*not negative"),
        ({"init": [np.full((20, 3), np.nan)]}, ParameterError, "init.*row 0.*finite"),
        ({"init": [np.zeros((20, 3))]}, ParameterError, "init.*row 0.*positive sum"),
        ({"weights_init": np.ones(3)}, ParameterError, "weights_init.*sum 1"),
        ({"weights_init": np.full(2, 0.5)}, DimensionError, r"weights_init.*\[2\].*\[3\]"),
        ({"means_init": np.zeros((3, 3))}, DimensionError, r"means_init.*\[3, 3\].*\[3, 2\]"),
        ({"means_init": np.full((3, 2), np.inf)}, ParameterError, "means_init.*inf.*finite"),
        ({"covariances_init": np.ones((3, 2))}, ParameterError, "covariances_init.*2 axes.*3 axes"),
        ({"covariances_init": np.ones((2, 2, 2))}, DimensionError, r"covariances_init.*\[2, 2, 2\].*\[3, 2, 2\]"),
        ({"covariances_init": np.ones((3, 2, 2))}, ParameterError, "covariances_init.*positive definite"),
    ],
)
def test_bad_starts_are_errors_that_name_them(wrong: dict[str, Any], error: type, words: str) -> None:
    X = np.random.default_rng(0).standard_normal((20, 2))
    with pytest.raises(error, match=words):
        fit(X, 3, **wrong)
