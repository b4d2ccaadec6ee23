"""Fits of many data sets: each is that of `GaussianMixture`, and what is wrong with one leaves the others alone."""

import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mixtures import COVARIANCE_TYPES, DTYPES, random_mixture, rows_of
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.mixture import GaussianMixture as ScikitLearn

from gmm_rs import (
    ConvergenceWarning,
    DataTypeError,
    DegenerateCovarianceError,
    DimensionError,
    GaussianMixture,
    MixtureFits,
    NonFiniteError,
    ParameterError,
    _core,
    fit_many,
)

K = 3
ARRAYS = ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bounds_")
STACKS = ("weights_", "means_", "covariances_", "lower_bound_", "n_iter_", "converged_")

every_kind = pytest.mark.parametrize("covariance_type", COVARIANCE_TYPES)


def datasets_of(sizes: Sequence[tuple[int, int]], dtype: Any = np.float64) -> list[np.ndarray]:
    """Data sets of three overlapping components, of so many rows and features."""
    rng = np.random.default_rng(0)
    sets = [rows_of(rng, n, random_mixture(rng, K, d), "full") for n, d in sizes]
    return [X.astype(dtype) for X in sets]


@pytest.fixture(name="datasets")
def ragged() -> list[np.ndarray]:
    return datasets_of([(60, 4), (200, 4), (3, 4), (500, 4), (120, 4)])


@pytest.fixture(name="stack")
def stacked() -> np.ndarray:
    return np.array(datasets_of([(80, 3)] * 6))


def assert_same_model(found: GaussianMixture, expected: GaussianMixture) -> None:
    for name in ARRAYS:
        assert_array_equal(getattr(found, name), getattr(expected, name))
        assert np.asarray(getattr(found, name)).dtype == np.asarray(getattr(expected, name)).dtype
    for name in ("lower_bound_", "n_iter_", "converged_", "restarts_", "n_features_in_"):
        assert getattr(found, name) == getattr(expected, name)


def test_how_many_the_engine_is_given_at_a_time_does_not_matter(stack, monkeypatch):
    sets = [*stack, stack[0][:1], *stack[::-1]]
    expected = fit_many(sets, K, random_state=7)
    given, fit_some = [], _core.fit_many
    monkeypatch.setattr(_core, "fit_many", lambda tasks, *a, **b: given.append(len(tasks)) or fit_some(tasks, *a, **b))
    monkeypatch.setattr("gmm_rs.many._fit_many._AT_A_TIME", 5)
    fits = fit_many(sets, K, random_state=7)
    assert given == [5, 5, 2]
    assert fits.failures == expected.failures != {}
    for name in STACKS:
        assert_array_equal(getattr(fits, name), getattr(expected, name))


@every_kind
@pytest.mark.parametrize("dtype", DTYPES)
def test_each_model_is_that_of_a_fit_with_its_seed(covariance_type: str, dtype: Any) -> None:
    sets = datasets_of([(60, 2), (200, 4), (500, 1)], dtype)
    options: dict[str, Any] = {"covariance_type": covariance_type, "n_init": 3, "stop": "relative", "tol": 1e-5}
    options |= {"acceleration": "squarem", "reg_covar": 1e-3, "max_iter": 30, "init_params": "k-means++"}
    fits = fit_many(sets, K, random_state=7, **options)
    assert len(fits) == 3
    assert fits.failures == {}
    for X, model, seed in zip(sets, fits, fits.seeds, strict=True):
        expected = GaussianMixture(K, random_state=int(seed), **options)
        assert repr(model) == repr(expected)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            assert_same_model(model, expected.fit(X))


def test_the_bits_do_not_depend_on_threads_or_neighbours(datasets: list[np.ndarray]) -> None:
    expected = fit_many(datasets, K, random_state=3, num_threads=1)
    for n_threads in range(2, 5):
        found = fit_many(datasets, K, random_state=3, num_threads=n_threads)
        for name in STACKS:
            assert_array_equal(getattr(found, name), getattr(expected, name))
    fewer = fit_many(datasets[:2], K, random_state=3)
    assert_array_equal(fewer.seeds, expected.seeds[:2])
    assert_array_equal(fewer.means_, expected.means_[:2])


def test_seeds_follow_from_the_random_state(stack: np.ndarray) -> None:
    seeds = fit_many(stack, K, random_state=0).seeds
    assert len(set(seeds.tolist())) == len(stack)
    assert seeds.max() < 2**63
    assert_array_equal(fit_many(stack, K, random_state=0).seeds, seeds)
    assert not np.array_equal(fit_many(stack, K, random_state=1).seeds, seeds)
    rng = np.random.default_rng(0)
    assert not np.array_equal(fit_many(stack, K, random_state=rng).seeds, fit_many(stack, K, random_state=rng).seeds)


def test_a_list_an_array_of_three_axes_and_other_containers_are_the_same(stack: np.ndarray) -> None:
    expected = fit_many(stack, K, random_state=0)
    objects = np.empty(len(stack), dtype=object)
    objects[:] = list(stack)
    strided = np.repeat(stack, 2, axis=2)[:, :, ::2]
    frames = [pd.DataFrame(X, columns=["a", "b", "c"]) for X in stack]
    for same in (
        list(stack),
        tuple(stack),
        iter(stack),
        stack.tolist(),
        objects,
        strided,
        np.asfortranarray(stack),
        frames,
    ):
        found = fit_many(same, K, random_state=0)
        for name in STACKS:
            assert_array_equal(getattr(found, name), getattr(expected, name))
    assert list(fit_many(frames, K)[1].feature_names_in_) == ["a", "b", "c"]


def test_it_is_as_likely_as_what_scikit_learn_finds() -> None:
    sets = datasets_of([(500, 4)] * 20)
    found = fit_many(sets, K, random_state=0, tol=1e-6, max_iter=1000).lower_bound_
    theirs = [ScikitLearn(K, tol=1e-6, max_iter=1000, random_state=0).fit(X).score(X) for X in sets]
    assert np.mean(found) >= np.mean(theirs) - 1e-3
    again = fit_many(sets, K, random_state=0, tol=1e-6, max_iter=1000)
    assert_allclose([model.score(X) for model, X in zip(again, sets, strict=True)], found, rtol=1e-12)


@every_kind
def test_stacked_arrays_are_those_of_the_models(datasets: list[np.ndarray], covariance_type: str) -> None:
    datasets[1] = np.full((9, 4), np.nan)
    fits = fit_many(datasets, K, covariance_type=covariance_type, random_state=0)
    for name in STACKS:
        stacked = getattr(fits, name)
        assert len(stacked) == len(datasets)
        for i in (0, 2, 3, 4):
            assert_array_equal(stacked[i], getattr(fits[i], name))
    for name in ("weights_", "means_", "covariances_", "lower_bound_"):
        assert np.isnan(getattr(fits, name)[1]).all()
    assert fits.n_iter_[1] == 0
    assert not fits.converged_[1]


def test_it_is_a_sequence(datasets: list[np.ndarray]) -> None:
    datasets[1] = datasets[1][:1]
    fits = fit_many(datasets, K, random_state=0)
    assert repr(fits) == "<MixtureFits: 5 data sets, 1 failed, n_components=3, covariance_type='full'>"
    assert_same_model(fits[-1], fits[4])
    assert_same_model(fits[np.int64(3)], fits[3])
    part = fits[1:4]
    assert isinstance(part, MixtureFits)
    assert (len(part), list(part.failures)) == (3, [0])
    assert_array_equal(part.means_, fits.means_[1:4])
    assert_array_equal(part.seeds, fits.seeds[1:4])
    assert_same_model(part[2], fits[3])
    assert [model.n_iter_ for model in fits[2:]] == fits.n_iter_[2:].tolist()
    with pytest.raises(IndexError):
        fits[5]
    with pytest.raises(DimensionError, match="data set 1 has no fit"):
        list(fits)


def test_models_are_their_own(stack: np.ndarray) -> None:
    fits = fit_many(stack, K, random_state=0)
    before = fits.means_.copy()
    fits[0].set_params(tol=1.0)
    assert fits[0].tol == 1e-3
    assert fits[0] is not fits[0]
    assert_array_equal(fits.means_, before)


def test_failures_are_reported_and_stop_nobody(datasets: list[np.ndarray]) -> None:
    good = datasets[0]
    with_nan = good.copy()
    with_nan[7, 2] = np.nan
    bad: list[tuple[Any, type[Exception], str]] = [
        (with_nan, NonFiniteError, "NaN at row 7, column 2"),
        (with_nan.astype(np.float32), NonFiniteError, "NaN at row 7, column 2"),
        (good[:2], DimensionError, "n_components = 3, n_samples = 2"),
        (good[:1], DimensionError, "minimum of 2"),
        (np.empty((0, 4)), DimensionError, "0 sample"),
        (good[0], DimensionError, "2-D"),
        ([[1, 2], [3]], DimensionError, "same number of columns"),
        ([["a", "b"]] * 5, DataTypeError, "real numbers"),
        (None, DimensionError, "0 dimensions"),
        (good * 1e200, ParameterError, "1e150"),
        (np.float32(1e-30) * good.astype(np.float32), ParameterError, "float32"),
        (np.ones((9, 4)), DegenerateCovarianceError, "1 different rows for 3 components"),
    ]
    sets = [good, *(X for X, _, _ in bad), good]
    fits = fit_many(sets, K, random_state=0, reg_covar=0.0)
    assert list(fits.failures) == list(range(1, 1 + len(bad)))
    for i, (_, kind, words) in enumerate(bad, start=1):
        assert words in fits.failures[i]
        with pytest.raises(kind, match=f"data set {i} has no fit") as raised:
            fits[i]
        assert fits.failures[i] in str(raised.value)
    assert fits.means_.shape == (len(sets), K, 4)
    for i in (0, -1):
        expected = GaussianMixture(K, random_state=int(fits.seeds[i]), reg_covar=0.0).fit(good)
        assert_same_model(fits[i], expected)


def test_components_that_collapse_are_named_without_a_warning(datasets: list[np.ndarray]) -> None:
    few = np.repeat([[0.0, 0, 0, 1], [1, 1, 0, 0], [5, 5, 5, 5]], 5, axis=0)
    fits = fit_many([datasets[0], few], K, random_state=0, reg_covar=0.0)
    assert fits.failures == {}
    assert list(fits.collapsed_) == [1]
    with pytest.warns(match="collapsed") as caught:
        GaussianMixture(K, random_state=int(fits.seeds[1]), reg_covar=0.0).fit(few)
    assert f"regularised: {', '.join(map(str, fits.collapsed_[1]))}." in str(caught[0].message)


def test_data_sets_of_several_widths_have_models_but_no_stack() -> None:
    sets = datasets_of([(60, 2), (60, 4), (60, 4)])
    fits = fit_many(sets, K, random_state=0)
    assert [model.means_.shape for model in fits] == [(3, 2), (3, 4), (3, 4)]
    assert fits.weights_.shape == (3, 3)
    for name in ("means_", "covariances_"):
        assert not hasattr(fits, name)
    with pytest.raises(AttributeError, match="means_.*these have 2 to 4"):
        _ = fits.means_
    assert fits[1:].means_.shape == (2, 3, 4)


def test_nothing_but_failures(datasets: list[np.ndarray]) -> None:
    fits = fit_many([X[:1] for X in datasets], K)
    assert len(fits.failures) == len(fits) == 5
    assert np.isnan(fits.weights_).all()
    with pytest.raises(AttributeError, match="no fit succeeded"):
        _ = fits.means_
    assert fits.predict(datasets) == [None] * 5


def test_weights_of_rows(stack: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.0, 2.0, stack.shape[:2])
    fits = fit_many(stack, K, sample_weight=weights, random_state=0)
    some = fit_many(stack, K, sample_weight=[weights[0], None, *weights[2:]], random_state=0)
    for i, X in enumerate(stack):
        mixture = GaussianMixture(K, random_state=int(fits.seeds[i]))
        assert_same_model(fits[i], clone(mixture).fit(X, sample_weight=weights[i]))
        assert_same_model(some[i], clone(mixture).fit(X, sample_weight=None if i == 1 else weights[i]))
    wrong = weights.copy()
    wrong[2] = -1.0
    assert list(fit_many(stack, K, sample_weight=wrong).failures) == [2]
    for value, words in ((weights[:5], "6 data sets.*has 5"), (1.0, "is 1.0")):
        with pytest.raises(DimensionError, match=words):
            fit_many(stack, K, sample_weight=value)


def starts_of(stack: np.ndarray, covariance_type: str) -> dict[str, np.ndarray]:
    """Parameters to start from, for each data set."""
    fits = fit_many(stack, K, covariance_type=covariance_type, random_state=5, max_iter=1)
    return {
        "weights_init": fits.weights_,
        "means_init": fits.means_,
        "precisions_init": np.array([model.precisions_ for model in fits]),
    }


@every_kind
@pytest.mark.parametrize("names", [["weights_init", "means_init", "precisions_init"], ["means_init"]])
def test_starts_for_each_and_for_all(stack: np.ndarray, covariance_type: str, names: list[str]) -> None:
    starts = {name: value for name, value in starts_of(stack, covariance_type).items() if name in names}
    options: dict[str, Any] = {"covariance_type": covariance_type, "random_state": 0}
    for_each = fit_many(stack, K, **starts, **options)
    for_all = fit_many(stack, K, **{name: value[0] for name, value in starts.items()}, **options)
    listed = fit_many(stack, K, **{name: list(value) for name, value in starts.items()}, **options)
    assert_array_equal(listed.means_, for_each.means_)
    for i, X in enumerate(stack):
        for fits, place in ((for_each, i), (for_all, 0)):
            own = {name: value[place] for name, value in starts.items()}
            expected = GaussianMixture(K, **(options | own | {"random_state": int(fits.seeds[i])}))
            assert_same_model(fits[i], expected.fit(X))
            assert_same_model(clone(fits[i]).fit(X), expected)
    assert_same_model(for_each[2:][1], for_each[3])


def test_starts_of_data_sets_of_several_widths() -> None:
    sets = datasets_of([(60, 2), (60, 4)])
    means = [X[:K] for X in sets]
    fits = fit_many(sets, K, means_init=means, random_state=0)
    for i, X in enumerate(sets):
        expected = GaussianMixture(K, means_init=means[i], random_state=int(fits.seeds[i])).fit(X)
        assert_same_model(fits[i], expected)
    with pytest.raises(DimensionError, match=r"means.*\(3, 2\), but got \(3, 4\)"):
        fit_many(sets, K, means_init=means[1])


def test_a_wrong_start_of_one_data_set_is_its_failure(stack: np.ndarray) -> None:
    starts = starts_of(stack, "full")
    starts["weights_init"][1] = [0.5, 0.5, 0.5]
    starts["means_init"][2] = np.nan
    starts["precisions_init"][3, 1] = 0.0
    fits = fit_many(stack, K, **starts)
    assert list(fits.failures) == [1, 2, 3]
    for i, words in ((1, "weights.*normalized"), (2, "means.*finite"), (3, "precision.*component 1 is not")):
        with pytest.raises((ParameterError, DegenerateCovarianceError), match=words):
            fits[i]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("weights_init", [0.5, 0.5], r"weights.*\(3,\), but got \(2,\)"),
        ("weights_init", [0.5, 0.4, 0.4], "weights.*normalized"),
        ("weights_init", 0.5, "weights_init must have 1 dimension"),
        ("means_init", np.zeros((5, 3, 3)), r"means_init must have 2 dim.*6 data sets.*\(5, 3, 3\)"),
        ("means_init", [np.zeros((3, 3)), np.zeros((3, 2))], "means_init must have 2 dim.*an entry for each of 2"),
        ("means_init", np.full((3, 3), np.inf), "means.*finite"),
        ("means_init", "a", "means_init"),
        ("precisions_init", -np.ones((3, 3, 3)), "precision"),
        ("precisions_init", np.ones((6, 3)), "precisions_init must have 3 dim"),
    ],
)
def test_wrong_starts_for_all(stack: np.ndarray, name: str, value: Any, words: str) -> None:
    with pytest.raises((DimensionError, ParameterError, DegenerateCovarianceError), match=words):
        fit_many(stack, K, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_components", 0),
        ("covariance_type", "round"),
        ("tol", -1.0),
        ("reg_covar", np.inf),
        ("max_iter", -1),
        ("n_init", 0),
        ("init_params", "kmean"),
        ("init_params", [0, 1, 2]),
        ("random_state", -1),
        ("acceleration", "fast"),
        ("stop", "never"),
        ("num_threads", 0),
    ],
)
def test_parameters_out_of_their_domain(stack: np.ndarray, name: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=name):
        fit_many(stack, **{"n_components": K, name: value})


@pytest.mark.parametrize(
    ("datasets", "words"),
    [
        ([], "datasets is empty"),
        (np.zeros((0, 5, 2)), "datasets is empty"),
        (np.zeros((5, 2)), r"one matrix, of shape \(5, 2\).*pass \[X\]"),
        (pd.DataFrame({"a": [1.0, 2.0]}), "one matrix"),
        (np.zeros(5), r"shape \(5,\)"),
        (np.zeros((2, 2, 2, 2)), r"shape \(2, 2, 2, 2\)"),
        ({"a": np.zeros((5, 2))}, r"a dict, but.*list\(datasets.values\(\)\)"),
        ("data.npy", "a str, but"),
        (3, "an? int, but"),
        (None, "a NoneType, but"),
    ],
)
def test_what_is_not_many_data_sets(datasets: Any, words: str) -> None:
    with pytest.raises((DimensionError, DataTypeError), match=words):
        fit_many(datasets, 2)


def test_the_data_are_not_changed(stack: np.ndarray) -> None:
    stack.flags.writeable = False
    starts = starts_of(stack, "full")
    for array in starts.values():
        array.flags.writeable = False
    assert fit_many(stack, K, sample_weight=np.ones(stack.shape[:2]), **starts).failures == {}


def test_without_iterations_the_result_is_the_start(stack: np.ndarray) -> None:
    starts = starts_of(stack, "full")
    fits = fit_many(stack, K, max_iter=0, **starts)
    assert_array_equal(fits.means_, starts["means_init"])
    assert_allclose(fits.lower_bound_, [model.score(X) for model, X in zip(fits, stack, strict=True)], rtol=1e-9)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_all_data_sets_are_evaluated(datasets: list[np.ndarray], method: str) -> None:
    datasets[1] = datasets[1][:1]
    fits = fit_many(datasets, K, random_state=0)
    values = getattr(fits, method)(datasets)
    assert values[1] is None
    for i in (0, 2, 3, 4):
        assert_array_equal(values[i], getattr(fits[i], method)(datasets[i]))
    with pytest.raises(DimensionError, match="4 data sets, but 5 fits"):
        getattr(fits, method)(datasets[:4])
    datasets[3] = np.full((2, 4), np.nan)
    with pytest.raises(NonFiniteError, match="data set 3: .*NaN"):
        getattr(fits, method)(datasets)


def test_an_interrupt_stops_all_of_them(stack: np.ndarray) -> None:
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        fit_many(list(stack) * 1000, K, tol=0.0, max_iter=1_000_000)
    timer.join()


def test_a_fit_in_a_forked_child_has_threads_of_its_own(stack: np.ndarray) -> None:
    code = """
import os, sys
import numpy as np
from gmm_rs import fit_many
X = np.random.default_rng(0).normal(size=(8, 50, 2))
expected = fit_many(X, 2, random_state=0, num_threads=2).means_
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(fit_many(X, 2, random_state=0, num_threads=2).means_, expected) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
