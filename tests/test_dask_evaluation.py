"""Evaluation of Dask collections: lazy, in their partitions, with the numbers of the plain class; without a cluster."""

import pickle

import dask.array as da
import dask.bag as db
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from dask.array import PerformanceWarning
from dask.array.utils import assert_eq as assert_equal_arrays
from dask.dataframe.utils import assert_eq as assert_equal_frames

import gmm_rs
from gmm_rs.dask import GaussianMixture
from gmm_rs.exceptions import DataTypeError, DimensionError, NonFiniteError, NotFittedError, ParameterError

METHODS = ("predict", "predict_proba", "predict_log_proba", "score_samples")
SUMS = ("score", "aic", "bic", "icl")


@pytest.fixture
def rows(blobs):
    return blobs[0]


@pytest.fixture
def local():
    covariances = [[[1.0, 0.3], [0.3, 2.0]], np.eye(2), np.eye(2)]
    return gmm_rs.GaussianMixture.from_parameters([0.5, 0.25, 0.25], [[0, 0], [20, 0], [0, 20]], covariances)


@pytest.fixture
def mixture(local):
    return GaussianMixture.from_parameters(local.weights_, local.means_, local.covariances_)


@pytest.fixture
def frame(rows):
    return pd.DataFrame(rows, columns=["a", "b"], index=np.arange(len(rows)) * 10)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_arrays_become_arrays_in_the_same_chunks(mixture, local, rows, method, dtype):
    rows = rows.astype(dtype)
    X = da.from_array(rows, chunks=(50, 2))
    result = getattr(mixture, method)(X)
    assert isinstance(result, da.Array)
    assert result.chunks[0] == X.chunks[0]
    assert_equal_arrays(result, getattr(local, method)(rows), rtol=0, atol=0)


@pytest.mark.parametrize("method", METHODS)
def test_float32_models_give_float32_of_float32_rows(rows, method):
    rows = rows.astype(np.float32)
    fitted = GaussianMixture(3, random_state=0).fit(rows)
    result = getattr(fitted, method)(da.from_array(rows, chunks=(50, 2)))
    assert_equal_arrays(result, getattr(fitted, method)(rows), rtol=0, atol=0)


@pytest.mark.parametrize("method", METHODS)
def test_frames_keep_their_index(mixture, local, frame, method):
    mixture.feature_names_in_ = np.array(["a", "b"], dtype=object)
    result = getattr(mixture, method)(dd.from_pandas(frame, npartitions=3))
    expected = getattr(local, method)(frame.to_numpy())
    as_frame = (pd.Series if expected.ndim == 1 else pd.DataFrame)(expected, index=frame.index)
    assert_equal_frames(result, as_frame, rtol=0, atol=0)


@pytest.mark.parametrize("method", METHODS)
def test_lengths_may_be_unknown_and_zero(mixture, local, rows, method):
    X = da.from_array(rows, chunks=(10, 2))
    result = getattr(mixture, method)(X[X[:, 0] > 10])  # the first 40 rows are not there
    np.testing.assert_array_equal(result.compute(), getattr(local, method)(rows[rows[:, 0] > 10]))


def test_labels_are_those_of_the_mixture_as_it_was(mixture, local, rows):
    labels = mixture.predict(da.from_array(rows, chunks=(50, 2)))
    mixture.means_ = mixture.means_[::-1]
    np.testing.assert_array_equal(labels.compute(), local.predict(rows))


def test_columns_are_brought_together(mixture, local, rows):
    with pytest.warns(PerformanceWarning, match=r"2 chunks.*rechunk\(\{1: -1\}\)"):
        labels = mixture.predict(da.from_array(rows, chunks=(50, 1)))
    np.testing.assert_array_equal(labels.compute(), local.predict(rows))


@pytest.mark.parametrize("method", SUMS)
@pytest.mark.parametrize("kind", ["array", "unknown lengths", "frame"])
def test_sums_are_those_of_the_plain_class(mixture, local, rows, frame, method, kind):
    X = da.from_array(rows, chunks=(50, 2))
    if kind == "frame":
        X = dd.from_pandas(frame, npartitions=3)
        mixture.feature_names_in_ = np.array(["a", "b"], dtype=object)
    elif kind == "unknown lengths":
        X = X[X[:, 0] < np.inf]
    weights = np.arange(120) % 4.0
    expected, weighted = getattr(local, method)(rows), getattr(local, method)(rows, sample_weight=weights)
    assert getattr(mixture, method)(X) == pytest.approx(expected, rel=1e-13)
    assert getattr(mixture, method)(X, sample_weight=weights) == pytest.approx(weighted, rel=1e-13)
    lazy = da.from_array(weights, chunks=50) if kind != "frame" else dd.from_pandas(pd.Series(weights), npartitions=3)
    assert getattr(mixture, method)(X, sample_weight=lazy) == pytest.approx(weighted, rel=1e-13)


def test_weights_are_cut_like_the_rows(mixture, local, rows):
    weights = np.arange(120) % 4.0
    score = mixture.score(da.from_array(rows, chunks=(50, 2)), sample_weight=da.from_array(weights, chunks=7))
    assert score == pytest.approx(local.score(rows, sample_weight=weights), rel=1e-13)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (da.ones(100, chunks=50), "2 partitions, but X has 3"),
        (da.ones(119, chunks=(50, 50, 19)), "has shape \\(19,\\), but that of X has 20"),
        (da.ones((120, 1), chunks=(50, 1)), "1-D, but has 2"),
        (np.ones(7), "shape \\(120,\\)"),
    ],
)
def test_weights_that_do_not_fit(mixture, rows, weights, message):
    with pytest.raises(DimensionError, match=message):
        mixture.score(da.from_array(rows, chunks=(50, 2)), sample_weight=weights)


@pytest.mark.parametrize(
    ("value", "message"), [(-1.0, "not negative"), (np.nan, "finite"), (0.0, "no row of X counts")]
)
def test_weights_out_of_their_domain(mixture, rows, value, message):
    weights = da.full(120, value, chunks=50)
    with pytest.raises(ParameterError, match=message):
        mixture.score(da.from_array(rows, chunks=(50, 2)), sample_weight=weights)


def test_arrays_in_memory_are_evaluated_as_ever(mixture, local, rows):
    for method in METHODS:
        np.testing.assert_array_equal(getattr(mixture, method)(rows), getattr(local, method)(rows))
    for method in SUMS:
        assert getattr(mixture, method)(rows) == getattr(local, method)(rows)
    fitted, plain = (make(3, random_state=0) for make in (GaussianMixture, gmm_rs.GaussianMixture))
    np.testing.assert_array_equal(fitted.fit_predict(rows), plain.fit_predict(rows))
    np.testing.assert_array_equal(fitted.fit(rows).means_, plain.means_)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (da.ones((10, 3)), DimensionError, "3 features, but GaussianMixture is expecting 2"),
        (da.ones(10), DimensionError, "2-D.*X\\[:, None\\]"),
        (da.ones((10, 2, 1)), DimensionError, "3 dimension"),
        (da.ones((10, 0)), DimensionError, "0 feature"),
        (da.from_array(np.full((10, 2), "bird")), DataTypeError, "dtype <U4"),
        (da.ones((10, 2), dtype=complex), DataTypeError, "complex"),
        (db.from_sequence([[1.0, 2.0]]), DataTypeError, "a Bag of Dask"),
        (dd.from_pandas(pd.DataFrame({"a": [1.0], "b": ["x"]})), DataTypeError, "columns.*'b'.*leave them out"),
    ],
)
def test_collections_that_are_no_rows(mixture, X, error, message):
    for method in (*METHODS, *SUMS):
        with pytest.raises(error, match=message):
            getattr(mixture, method)(X)


def test_nan_is_found_when_it_is_computed(mixture, rows):
    rows[70, 1] = np.nan
    lazy = mixture.predict(da.from_array(rows, chunks=(50, 2)))
    with pytest.raises(NonFiniteError, match="NaN"):
        lazy.compute()


def test_names_of_columns_are_compared(frame):
    fitted = GaussianMixture(3, random_state=0).fit(frame)
    fitted.predict(dd.from_pandas(frame, npartitions=2))
    with pytest.raises(ParameterError, match="feature names should match"):
        fitted.predict(dd.from_pandas(frame.rename(columns={"a": "c"}), npartitions=2))


def test_before_a_fit_there_is_nothing_to_say(rows):
    for method in (*METHODS, *SUMS):
        with pytest.raises(NotFittedError):
            getattr(GaussianMixture(), method)(da.from_array(rows))


def test_class_priors_are_for_arrays_in_memory(mixture, rows):
    for method in METHODS:
        with pytest.raises(ParameterError, match="class_prior"):
            getattr(mixture, method)(da.from_array(rows), class_prior=np.ones((120, 3)))


def test_the_plain_class_does_not_load_a_collection(local, rows):
    X = da.from_array(rows)
    for call in (gmm_rs.GaussianMixture(3).fit, local.predict, gmm_rs.GaussianMixture(3).partial_fit):
        with pytest.raises(DataTypeError, match=r"gmm_rs\.dask\.GaussianMixture"):
            call(X)


def test_a_local_mixture_is_a_plain_one(rows):
    fitted = GaussianMixture(3, random_state=0).fit(rows)
    local = fitted.to_local()
    assert type(local) is gmm_rs.GaussianMixture
    assert b"dask" not in pickle.dumps(local)
    assert local.get_params() == fitted.get_params()
    np.testing.assert_array_equal(local.predict_proba(rows), fitted.predict_proba(rows))
    assert local.restarts_ == fitted.restarts_


def test_a_fit_without_a_client_says_what_to_do(rows):
    with pytest.raises(ParameterError, match=r"client = distributed\.Client\(\)"):
        GaussianMixture(3).fit(da.from_array(rows))
    with pytest.raises(ParameterError, match="client must be"):
        GaussianMixture(3).fit(da.from_array(rows), client="tcp://127.0.0.1:8786")
