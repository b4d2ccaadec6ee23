"""Fits on a Dask cluster of two worker processes, against fits of the same rows in memory."""

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import psutil
import pytest
from distributed import Client, LocalCluster, wait
from mixtures import COVARIANCE_TYPES, parameters_of

import gmm_rs
from gmm_rs.dask import GaussianMixture, _cluster
from gmm_rs.dask._cluster import DaskCluster
from gmm_rs.exceptions import (
    ConvergenceWarning,
    DataLostError,
    DataTypeError,
    DegenerateCovarianceError,
    DimensionError,
    NonFiniteError,
    ParameterError,
)

N_ROWS = 80_000
"""Enough for them to stay on the cluster: fewer than 2^16 come to the engine as a whole."""
N_PARTITIONS = 8
SPAN = 49_152
"""Rows that the lengths of all spans divide."""


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        yield cluster
    gc.collect()  # a finaliser of what is left could swallow the Ctrl-C of a later test


@pytest.fixture
def client(cluster):
    with Client(cluster.scheduler_address) as client:
        client.wait_for_workers(2)  # the test before may have killed one
        yield client


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 1.0], [0.0, 4.0, -1.0]])
    return centres[rng.integers(3, size=N_ROWS)] + rng.normal(size=(N_ROWS, 3)) * [1.0, 0.5, 2.0]


@pytest.fixture
def lazy(rows):
    return da.from_array(rows, chunks=(N_ROWS // N_PARTITIONS, 3))


def process_of(client: Client, worker: str) -> psutil.Process:
    return psutil.Process(client.run(os.getpid, workers=[worker])[worker])


def kill_at(client: Client, iteration: int, killed: list[int]) -> Callable[[int, float], None]:
    """A callback that kills the worker with most rows after this iteration, as systems do when memory is short."""

    def callback(done: int, bound: float) -> None:
        if done == iteration:
            held = client.has_what()
            process = process_of(client, max(held, key=lambda worker: len(held[worker])))
            process.kill()
            killed.append(process.pid)

    return callback


def assert_same(mixture, other):
    """That two fits have the same bits."""
    for one, another in zip(parameters_of(mixture), parameters_of(other), strict=True):
        np.testing.assert_array_equal(one, another)
    assert mixture.lower_bounds_ == other.lower_bounds_


def assert_close(mixture, other):
    """That two fits differ by rounding."""
    assert mixture.n_iter_ == other.n_iter_
    for one, another in zip(parameters_of(mixture), parameters_of(other), strict=True):
        np.testing.assert_allclose(one, another, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(mixture.lower_bounds_, other.lower_bounds_, rtol=1e-10)


@pytest.mark.parametrize(
    ("covariance_type", "init_params"),
    [
        *((covariance_type, "kmeans") for covariance_type in COVARIANCE_TYPES),
        *(("full", init_params) for init_params in ("k-means++", "random", "random_from_data", "short-em")),
    ],
)
def test_the_answer_is_that_of_a_fit_in_memory(client, rows, lazy, covariance_type, init_params):
    options = {"covariance_type": covariance_type, "init_params": init_params, "random_state": 0, "max_iter": 1000}
    fitted = GaussianMixture(3, **options).fit(lazy)
    assert_close(fitted, gmm_rs.GaussianMixture(3, **options).fit(rows))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_whole_spans_give_the_bits_of_a_fit_in_memory(client, dtype):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((4 * SPAN + 1000, 2)).astype(dtype)
    rows[::3] += 3
    weights = rng.integers(1, 4, size=len(rows)).astype(float)
    X = da.from_array(rows, chunks=((SPAN, 2 * SPAN, SPAN, 1000), 2))
    options = {"random_state": 0, "max_iter": 1000}
    for given in (None, weights):
        fitted = GaussianMixture(2, **options).fit(X, sample_weight=given)
        assert fitted.means_.dtype == dtype
        assert_same(fitted, gmm_rs.GaussianMixture(2, **options).fit(rows, sample_weight=given))


def test_bits_do_not_depend_on_where_partitions_are(client, rows, lazy):
    placed = GaussianMixture(3, random_state=0).fit(lazy)
    workers = list(client.nthreads())
    blocks = [
        client.submit(np.array, part, workers=[workers[i % 2]], pure=False)
        for i, part in enumerate(np.split(rows, N_PARTITIONS))
    ]
    delayed = [da.from_delayed(dask.delayed(block), shape=(10_000, 3), dtype=float) for block in blocks]
    assert_same(GaussianMixture(3, random_state=0).fit(da.concatenate(delayed)), placed)
    assert_same(GaussianMixture(3, random_state=0, num_threads=2).fit(lazy), placed)


def test_partitions_stay_where_they_are_persisted(client, lazy):
    persisted = (lazy + 0).persist()
    wait(persisted)
    before = client.has_what()
    during = []

    def watch(iteration, bound):
        during.append(client.who_has(persisted))

    GaussianMixture(3, random_state=0, callback=watch).fit(persisted)
    assert during
    for keys in during:
        assert all(worker in holders for worker, held in before.items() for key, holders in keys.items() if key in held)
        assert all(len(holders) == 1 for holders in keys.values())


def test_a_request_takes_few_tasks_and_one_reply(client, lazy, monkeypatch):
    submitted = []
    submit = Client.submit
    monkeypatch.setattr(Client, "submit", lambda self, f, *a, **k: submitted.append(f) or submit(self, f, *a, **k))
    counts = []
    ask = DaskCluster.ask
    monkeypatch.setattr(
        DaskCluster, "ask", lambda self, r: (submitted.clear(), ask(self, r), counts.append(len(submitted)))[1]
    )
    fitted = GaussianMixture(3, random_state=0).fit(lazy)
    assert len(counts) > fitted.n_iter_
    assert set(counts) == {3}  # one for each worker and one that merges


def test_weights_and_warm_starts(client, rows, lazy):
    weights = np.random.default_rng(1).integers(0, 3, len(rows)).astype(float)
    local = gmm_rs.GaussianMixture(3, random_state=0, warm_start=True).fit(rows, sample_weight=weights)
    fitted = [
        GaussianMixture(3, random_state=0, warm_start=True).fit(lazy, sample_weight=given)
        for given in (weights, da.from_array(weights, chunks=7000), da.from_array(weights, chunks=10_000).persist())
    ]
    for mixture in fitted:
        assert_close(mixture, local)
    assert_close(fitted[0].fit(lazy), local.fit(rows))


def test_frames_with_names_and_several_starts(client, rows):
    frame = pd.DataFrame(rows, columns=["a", "b", "c"])
    weights = pd.Series(np.arange(N_ROWS) % 2.0)
    local = gmm_rs.GaussianMixture(3, n_init=3, random_state=0).fit(frame, sample_weight=weights)
    fitted = GaussianMixture(3, n_init=3, random_state=0)
    fitted.fit(dd.from_pandas(frame, npartitions=5), sample_weight=dd.from_pandas(weights, npartitions=5))
    assert_close(fitted, local)
    assert fitted.feature_names_in_.tolist() == ["a", "b", "c"]
    assert len(fitted.restarts_) == 3


def test_unknown_lengths_empty_partitions_and_several_dtypes(client, rows, lazy):
    few = lazy[(lazy[:, 0] > -9) & (da.arange(N_ROWS, chunks=10_000) >= 10_000)]  # nothing is left of the first
    kept = rows[(rows[:, 0] > -9) & (np.arange(N_ROWS) >= 10_000)]
    assert_close(GaussianMixture(2, random_state=0).fit(few), gmm_rs.GaussianMixture(2, random_state=0).fit(kept))
    rows = rows.astype(np.float32)
    mixed = da.from_array(rows, chunks=(10_000, 3)).map_blocks(
        lambda block, block_info: block.astype(np.float64 if block_info[0]["chunk-location"][0] else np.float32),
        dtype=np.float64,
    )
    assert_close(
        GaussianMixture(3, random_state=0).fit(mixed),
        gmm_rs.GaussianMixture(3, random_state=0).fit(rows.astype(np.float64)),
    )


def test_predictions_on_the_cluster(client, rows, lazy):
    fitted = GaussianMixture(3, random_state=0)
    labels = fitted.fit_predict(lazy)
    assert isinstance(labels, da.Array)
    np.testing.assert_array_equal(labels.compute(), fitted.to_local().predict(rows))
    assert fitted.score(lazy) == pytest.approx(fitted.lower_bound_, rel=1e-12)


def test_a_worker_that_dies_costs_no_bit(client, lazy):
    options = {"random_state": 0, "max_iter": 12, "tol": 0.0}
    with pytest.warns(ConvergenceWarning):
        expected = GaussianMixture(3, **options).fit(lazy)
    killed: list[int] = []
    with pytest.warns(ConvergenceWarning):
        fitted = GaussianMixture(3, callback=kill_at(client, 3, killed), **options).fit(lazy)
    assert killed
    assert_same(fitted, expected)


def test_persisted_partitions_survive_too(client, lazy):
    persisted = (lazy + 0).persist()
    killed: list[int] = []
    options = {"random_state": 0, "max_iter": 5, "tol": 0.0}
    with pytest.warns(ConvergenceWarning):
        fitted = GaussianMixture(3, callback=kill_at(client, 1, killed), **options).fit(persisted)
    assert killed
    with pytest.warns(ConvergenceWarning):
        expected = GaussianMixture(3, **options).fit(lazy)
    assert_same(fitted, expected)


def test_scattered_rows_are_lost_with_their_worker(client, rows):
    blocks = client.scatter([rows[:40_000], rows[40_000:]], workers=[next(iter(client.nthreads()))], hash=False)
    X = da.concatenate([da.from_delayed(dask.delayed(block), shape=(40_000, 3), dtype=float) for block in blocks])
    processes = [process_of(client, worker) for worker in client.nthreads()]

    def kill_all(iteration, bound):  # since Dask may have copied what was scattered
        for process in processes if iteration == 1 else []:
            process.kill()

    with pytest.raises(DataLostError, match="scattered"):
        GaussianMixture(3, tol=0.0, random_state=0, callback=kill_all).fit(X)
    client.wait_for_workers(2)
    with pytest.raises(DataLostError, match="scattered"):
        GaussianMixture(3, random_state=0).fit(X)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on POSIX")
def test_ctrl_c_ends_the_fit_and_frees_the_workers(client, lazy):
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        GaussianMixture(3, tol=0.0, max_iter=10**7, random_state=0).fit(lazy)
    timer.join()
    assert_frees_all(client)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on POSIX")
def test_ctrl_c_does_not_wait_for_an_answer(client, lazy, monkeypatch):
    def late(*arguments, **options):
        time.sleep(3)

    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    started = []

    def callback(iteration, bound):
        if iteration == 1:
            monkeypatch.setattr(_cluster, "_answer_share", late)
            timer.start()
            started.append(time.monotonic())

    with pytest.raises(KeyboardInterrupt):
        GaussianMixture(3, tol=0.0, random_state=0, callback=callback).fit(lazy)
    assert time.monotonic() - started[0] < 2.5
    timer.join()
    assert_frees_all(client)


def assert_frees_all(client):
    """That workers soon hold nothing more."""
    end = time.monotonic() + 10
    while any(client.has_what().values()) or any(client.processing().values()):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_error_in_the_callback_frees_the_workers(client, lazy):
    def callback(iteration, bound):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        GaussianMixture(3, random_state=0, callback=callback).fit(lazy)
    assert_frees_all(client)


def test_nan_is_named_with_its_row(client, rows):
    rows[23_456, 1] = np.nan
    with pytest.raises(NonFiniteError, match="row 23456, column 1"):
        GaussianMixture(3, random_state=0).fit(da.from_array(rows, chunks=(10_000, 3)))
    assert_frees_all(client)


def uneven(widths):
    parts = [dask.delayed(np.ones)((20, width)) for width in widths]
    return da.concatenate([da.from_delayed(part, shape=(20, 2), dtype=float) for part in parts])


@pytest.mark.parametrize(
    ("X", "weights", "error", "message"),
    [
        (uneven([2, 2, 3]), None, DimensionError, "partition 2 of X has 3 columns, but partition 0 has 2"),
        (da.ones((1, 2)), None, DimensionError, "1 sample"),
        (da.ones((10, 2))[da.zeros(10) > 1], None, DimensionError, "0 sample"),
        (da.ones((2, 2)), None, DimensionError, "n_samples >= n_components"),
        (da.from_array(np.full((10, 2), "bird", dtype=object), chunks=10), None, DataTypeError, "partition 0 of X"),
        (da.ones((10, 2)), da.ones(9), DimensionError, "9"),
        (da.ones((10, 2)), da.zeros(10), ParameterError, "zero for every row"),
        (da.ones((10, 2)), -np.ones(10), ParameterError, "not negative"),
        (da.array([[0.0], [1e30]], dtype=np.float32), None, ParameterError, "float32"),
    ],
)
def test_rows_that_cannot_be_fitted(client, X, weights, error, message):
    n_components = 1 if X.shape[1] == 1 else 3
    with pytest.raises(error, match=message):
        GaussianMixture(n_components).fit(X, sample_weight=weights)


@pytest.mark.parametrize(
    "init_params", [[0, 1] * 40_000, np.ones((N_ROWS, 2)), lambda X, n_components, random_state: X]
)
def test_starts_that_need_the_rows_in_memory(client, lazy, init_params):
    with pytest.raises(ParameterError, match="init_params"):
        GaussianMixture(2, init_params=init_params).fit(lazy)


def test_class_priors_are_for_arrays_in_memory(client, lazy):
    with pytest.raises(ParameterError, match="class_prior"):
        GaussianMixture(2).fit(lazy, class_prior=np.ones((N_ROWS, 2)))


def test_a_checkpoint_leads_on_to_the_same_bits(client, lazy):
    def interrupt(iteration, bound):
        if iteration == 3:
            raise KeyboardInterrupt

    options = {"random_state": 2, "tol": 1e-9, "init_params": "random_from_data"}
    with pytest.raises(KeyboardInterrupt):
        GaussianMixture(3, callback=interrupt, **options).fit(lazy, checkpoint="fit.checkpoint")
    assert_same(
        GaussianMixture(3, **options).fit(lazy, checkpoint="fit.checkpoint"), GaussianMixture(3, **options).fit(lazy)
    )


def test_the_client_may_be_one_that_is_not_the_default(cluster, lazy):
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        with pytest.raises(ParameterError, match="no Dask client"):
            GaussianMixture(3).fit(lazy)
        assert GaussianMixture(3, random_state=0).fit(lazy, client=client).converged_


def test_components_of_equal_rows_without_a_ridge(client):
    X = da.ones((N_ROWS, 2), chunks=(10_000, 2))
    with pytest.raises(DegenerateCovarianceError, match="1 different rows for 2 components"):
        GaussianMixture(2, reg_covar=0.0, random_state=0).fit(X)
