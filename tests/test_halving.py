"""Starts of which after every five iterations the better half goes on."""

from typing import Any

import numpy as np
import pytest
from mixtures import fit, parameters, random_mixture, rows_of
from numpy.testing import assert_array_equal
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from gmm_rs import GMM, _core
from gmm_rs import serket as srk

BEHIND = "behind the better half of the starts"


@pytest.fixture(scope="module", name="X")
def rows_without_clusters() -> np.ndarray:
    """Every start leads to another optimum."""
    return np.random.default_rng(5).standard_normal((300, 3))


def similarity(X: np.ndarray, truth: np.ndarray, found: dict[str, Any]) -> float:
    """Adjusted Rand index of the classes found and the true ones."""
    labels = _core.predict(X, *parameters(found), covariance_type="full", log_prior=None, num_threads=1)
    return float(adjusted_rand_score(truth, labels))


@pytest.mark.parametrize("acceleration", [None, "squarem"])
@pytest.mark.parametrize("n_init", [3, 5, 9])
def test_reports_say_how_far_each_start_got(X: np.ndarray, n_init: int, acceleration: str | None) -> None:
    options: dict[str, Any] = {"n_init": n_init, "acceleration": acceleration}
    halved, full = fit(X, 6, halving=True, **options), fit(X, 6, **options)
    ended = [start for start in halved["restarts"] if start["failure"] is not None]
    assert len(ended) == n_init - 2
    for start, alone in zip(halved["restarts"], full["restarts"], strict=True):
        if start["failure"] is None:
            assert start == alone
            continue
        assert start["failure"] == BEHIND
        assert not start["converged"]
        assert start["n_iter"] in (5, 10, 15)
        # As far as it got, it did what it does by itself.
        cut_off = fit(X, 6, max_iter=start["n_iter"], **options)["restarts"][halved["restarts"].index(start)]
        assert {**start, "failure": None} == cut_off
    best = max(start["lower_bound"] for start in halved["restarts"] if start["failure"] is None)
    assert halved["lower_bound"] == halved["lower_bounds"][-1] == best


def test_those_that_end_are_behind_those_that_go_on(X: np.ndarray) -> None:
    halved = fit(X, 6, n_init=8, halving=True)["restarts"]
    after_5 = [start["lower_bound"] for start in fit(X, 6, n_init=8, max_iter=5)["restarts"]]
    first = sorted(start for start in range(8) if halved[start]["n_iter"] == 5)
    assert first == sorted(np.argsort(after_5)[:4])


def test_two_starts_run_to_their_end(X: np.ndarray) -> None:
    for n_init in (1, 2):
        halved, full = fit(X, 6, n_init=n_init, halving=True), fit(X, 6, n_init=n_init)
        assert halved["restarts"] == full["restarts"]
        assert_array_equal(halved["means"], full["means"])


def test_starts_that_converge_early_are_no_failures() -> None:
    rng = np.random.default_rng(0)
    X = np.concatenate([20.0 * k + rng.standard_normal((100, 2)) for k in range(3)])
    starts = fit(X, 3, n_init=6, halving=True)["restarts"]
    assert [start["converged"] for start in starts] == [start["failure"] is None for start in starts]
    assert sum(start["converged"] for start in starts) > 2


@pytest.mark.parametrize("acceleration", [None, "squarem"])
@pytest.mark.parametrize(("n", "d", "k"), [(150, 3, 6), (70_000, 4, 6)])
def test_the_same_bits_for_1_to_3_threads(n: int, d: int, k: int, acceleration: str | None) -> None:
    # With one thread the starts of the larger data run one after another, with more at the same time.
    X = np.random.default_rng(1).standard_normal((n, d))
    options: dict[str, Any] = {"n_init": 5, "halving": True, "max_iter": 12, "acceleration": acceleration}
    expected = fit(X, k, num_threads=1, **options)
    assert BEHIND in [start["failure"] for start in expected["restarts"]]
    for num_threads in (2, 3):
        found = fit(X, k, num_threads=num_threads, **options)
        assert found["restarts"] == expected["restarts"]
        for a, b in zip(parameters(found), parameters(expected), strict=True):
            assert_array_equal(a, b)


def test_the_best_start_is_rarely_given_up() -> None:
    lost, different = [], 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rows_of(rng, 400, random_mixture(rng, 4, 3, 4.0), "full")
        full, halved = fit(X, 4, seed=seed, n_init=5), fit(X, 4, seed=seed, n_init=5, halving=True)
        bounds = [start["lower_bound"] for start in full["restarts"]]
        different += max(bounds) - min(bounds) > 1e-3
        assert halved["lower_bound"] <= full["lower_bound"]
        if full["lower_bound"] - halved["lower_bound"] > 1e-4:
            lost.append(seed)
    assert different >= 20
    assert len(lost) <= 1


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_the_classes_of_measured_data_are_found_as_well(load: Any) -> None:
    X, truth = load(return_X_y=True)
    if X.shape[1] == 64:
        X = PCA(10, random_state=0).fit_transform(X)
    k = len(np.unique(truth))
    scores = np.array(
        [
            [similarity(X, truth, fit(X, k, seed=seed, n_init=5, halving=halving)) for halving in (True, False)]
            for seed in range(5)
        ]
    )
    halved, full = scores.mean(axis=0)
    assert halved >= full - 0.005


def test_a_fit_without_time_makes_one_iteration(X: np.ndarray) -> None:
    fitted = fit(X, 4, tol=0.0, n_init=5, halving=True, max_time=0.0, num_threads=1)
    assert fitted["n_iter"] == 1
    assert [start["n_iter"] for start in fitted["restarts"]] == [1, 0, 0, 0, 0]


def test_the_serket_module_halves_its_starts(X: np.ndarray) -> None:
    gmm = GMM(6, random_state=2, save=False)
    gmm.connect(srk.Observation(X))
    gmm.update()
    halved, full = (fit(X, 6, seed=2, n_init=5, halving=halving) for halving in (True, False))
    assert_array_equal(gmm.lower_bounds_, halved["lower_bounds"])
    assert full["lower_bound"] > halved["lower_bound"]
