"""Arrays and parameters: what is accepted, what is refused, and how."""

import os

import numpy as np
import pytest

from gmm_rs import DimensionError, ParameterError, Prior
from gmm_rs._threads import resolve_num_threads
from gmm_rs._validation import check_data, check_positive_int, resolve_seed


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_engine_dtypes_are_not_copied(dtype):
    X = np.arange(12, dtype=dtype).reshape(4, 3)
    for view in (X, X.T, X[::-1, ::-1], X[::2], np.broadcast_to(X[:1], (5, 3))):
        checked = check_data(view)
        assert checked.dtype == dtype
        assert np.shares_memory(checked, X)
        np.testing.assert_array_equal(checked, view)


def test_read_only_data_are_accepted_and_stay_as_they_are():
    X = np.arange(6.0).reshape(3, 2)
    X.flags.writeable = False
    assert check_data(X) is X


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        ([[1, 2], [3, 4]], np.float64),
        (np.array([[True, False]]), np.float64),
        (np.array([[1, 2]], dtype=np.uint8), np.float64),
        (np.array([[1, 2]], dtype=np.float16), np.float32),
        (np.array([[1, 2]], dtype=np.longdouble), np.float64),
        (np.array([[1, 2]], dtype=">f8"), np.float64),
        (np.array([[1, 2]], dtype=">f4"), np.float32),
        (np.array([[1, 2]], dtype=">i2"), np.float64),
    ],
)
def test_other_real_numbers_are_converted(X, expected):
    checked = check_data(X)
    assert checked.dtype == expected
    assert checked.dtype.isnative
    np.testing.assert_array_equal(checked, np.asarray(X))


def test_views_into_records_become_whole_steps():
    records = np.zeros(5, dtype=[("tag", "u1"), ("point", "f8", (2,))])
    records["point"] = np.arange(10).reshape(5, 2)
    checked = check_data(records["point"])
    assert checked.flags.aligned
    assert all(stride % 8 == 0 for stride in checked.strides)
    np.testing.assert_array_equal(checked, np.arange(10).reshape(5, 2))


class Sparse:
    def toarray(self):
        return np.eye(2)


@pytest.mark.parametrize(
    ("X", "error", "words"),
    [
        (np.arange(3.0), DimensionError, r"2-D.*\(3,\).*reshape\(-1, 1\)"),
        (np.float64(3), DimensionError, "0 dimensions"),
        (np.zeros((2, 2, 2)), DimensionError, "3 dimensions"),
        (np.zeros((0, 2)), DimensionError, r"at least one row.*\(0, 2\)"),
        (np.zeros((2, 0)), DimensionError, "one column"),
        ([[1, 2], [3]], DimensionError, "same number of columns"),
        (np.array([[1j, 2]]), ParameterError, "complex128.*real"),
        ([["a", "b"]], ParameterError, "<U1"),
        (np.array([[1, "a"]], dtype=object), ParameterError, r"object.*astype\(float\)"),
        (np.array([["2020-01-01"]], dtype="M8[D]"), ParameterError, "datetime64"),
        (np.ma.masked_array([[1.0, 2.0]], mask=[[True, False]]), ParameterError, "masked.*filled"),
        (Sparse(), ParameterError, r"sparse.*toarray\(\)"),
    ],
)
def test_data_that_are_refused(X, error, words):
    with pytest.raises(error, match=words):
        check_data(X)


def test_positive_ints():
    assert check_positive_int("K", np.int32(3)) == 3
    assert type(check_positive_int("K", np.uint8(3))) is int
    for value in (0, -1, True, 2.0, "2", None):
        with pytest.raises(ParameterError, match="K must be a positive integer, but is"):
            check_positive_int("K", value)


def test_seeds():
    assert resolve_seed(5) == resolve_seed(np.uint16(5)) == 5
    assert resolve_seed(2**63 - 1) == 2**63 - 1
    for value in (-1, 2**63, True, 1.5, "0"):
        with pytest.raises(ParameterError, match="random_state must be"):
            resolve_seed(value)


def test_seeds_from_generators_are_drawn_from_them():
    for make in (np.random.default_rng, np.random.RandomState):
        first, second = make(3), make(3)
        seeds = [resolve_seed(first), resolve_seed(first)]
        assert seeds == [resolve_seed(second), resolve_seed(second)]
        assert seeds[0] != seeds[1]
        assert all(0 <= seed < 2**63 for seed in seeds)


def test_global_seed_makes_a_script_reproducible():
    np.random.seed(0)
    seeds = [resolve_seed(None), resolve_seed(None)]
    np.random.seed(0)
    assert seeds == [resolve_seed(None), resolve_seed(None)]


def test_threads_come_from_argument_then_environment_then_cores(monkeypatch):
    monkeypatch.setenv("GMM_RS_NUM_THREADS", "3")
    assert resolve_num_threads(2) == 2
    assert resolve_num_threads(None) == 3
    monkeypatch.setenv("GMM_RS_NUM_THREADS", "")
    assert 1 <= resolve_num_threads(None) <= (os.cpu_count() or 1)


@pytest.mark.parametrize("text", ["0", "-2", "many", "1.5"])
def test_bad_thread_variable_is_named(monkeypatch, text):
    monkeypatch.setenv("GMM_RS_NUM_THREADS", text)
    with pytest.raises(ParameterError, match=f"GMM_RS_NUM_THREADS is '{text}'"):
        resolve_num_threads(None)


def test_prior_keeps_copies_and_gives_the_arguments_of_the_engine():
    mean, covariance = np.zeros(2), np.eye(2)
    prior = Prior(weight_concentration=0, mean_precision=2, mean=mean, degrees_of_freedom=4, covariance=covariance)
    mean += 1
    covariance *= 5
    arguments = prior.engine_arguments(n_features=2)
    np.testing.assert_array_equal(arguments["mean_prior"], [0, 0])
    np.testing.assert_array_equal(arguments["covariance_prior"], np.eye(2))
    assert arguments["weight_concentration_prior"] == 0.0
    assert arguments["mean_precision_prior"] == 2.0
    assert arguments["degrees_of_freedom_prior"] == 4.0
    with pytest.raises(DimensionError, match=r"for 2 features.*there are 3"):
        prior.engine_arguments(n_features=3)


def test_default_prior_leaves_the_values_to_the_engine():
    arguments = Prior().engine_arguments(n_features=7)
    assert arguments.pop("mean_precision_prior") == 1.0
    assert set(arguments.values()) == {None}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"mean_precision": 0}, ParameterError),
        ({"mean_precision": np.inf}, ParameterError),
        ({"weight_concentration": -0.1}, ParameterError),
        ({"degrees_of_freedom": 1, "covariance": np.eye(2)}, ParameterError),
        ({"mean": [[1.0]]}, DimensionError),
        ({"mean": [np.nan]}, ParameterError),
        ({"mean": ["a"]}, ParameterError),
        ({"covariance": [1.0, 2.0]}, DimensionError),
        ({"covariance": [[1.0, 0.5], [0.0, 1.0]]}, ParameterError),
        ({"covariance": [[1.0, 2.0], [2.0, 1.0]]}, ParameterError),
        ({"mean": [1.0], "covariance": np.eye(2), "degrees_of_freedom": 9}, DimensionError),
    ],
)
def test_priors_that_are_refused(arguments, error):
    if set(arguments) >= {"mean", "covariance"}:
        with pytest.raises(error):
            Prior(**arguments).engine_arguments(n_features=2)
    else:
        with pytest.raises(error):
            Prior(**arguments)
