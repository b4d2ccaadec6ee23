"""Rows that are evaluated block by block: the same bits as those of an array, in little memory."""

import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gmm_rs import DimensionError, GaussianMixture, NonFiniteError, NotFittedError, ParameterError, open_rows
from gmm_rs.sources import _block_size

EVALUATE = ("predict", "predict_proba", "predict_log_proba", "score_samples")
JUDGE = ("score", "aic", "bic", "icl")


def make_mixture(dtype=np.float64, covariance_type="full", n_components=3, n_features=4):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, n_features)) + 3 * rng.integers(n_components, size=(600, 1))
    mixture = GaussianMixture(n_components, covariance_type=covariance_type, max_iter=20, tol=0, random_state=0)
    with pytest.warns(UserWarning, match="did not converge"):
        return mixture.fit(X.astype(dtype))


def make_rows(n_rows, dtype=np.float64, n_features=4):
    return np.random.default_rng(1).normal(scale=3, size=(n_rows, n_features)).astype(dtype)


@pytest.fixture(params=[np.float32, np.float64])
def dtype(request):
    return request.param


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of so few rows that small data have many."""
    monkeypatch.setattr(_block_size, "_ROWS", 100)


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
@pytest.mark.parametrize("n_features", [1, 4, 17])
def test_what_is_said_of_a_row_does_not_depend_on_the_rows_beside_it(dtype, covariance_type, n_features):
    mixture = make_mixture(dtype, covariance_type, n_features=n_features)
    rows = make_rows(3000, dtype, n_features)
    prior = np.random.default_rng(2).random((3000, 3)) + 0.01
    prior[500:1500] = 1.0  # of which nothing is said
    cuts = [0, 1, 2, 5, 13, 64, 700, 1023, 1024, 1500, 2999, 3000]
    for class_prior in (None, prior):
        for method in EVALUATE:
            evaluate = getattr(mixture, method)
            whole = evaluate(rows, class_prior)
            parts = [evaluate(rows[i:j], None if class_prior is None else class_prior[i:j]) for i, j in pairwise(cuts)]
            assert_array_equal(np.concatenate(parts), whole)
            assert np.concatenate(parts).dtype == whole.dtype


def sources_of(rows):
    np.save("rows.npy", rows)
    names = [f"x{j}" for j in range(rows.shape[1])]
    columns = [np.ascontiguousarray(column) for column in rows.T]
    pq.write_table(pa.table(dict(zip(names, columns, strict=True))), "rows.parquet", row_group_size=77)
    return {
        "memmap": np.load("rows.npy", mmap_mode="r"),
        "columns first": np.asfortranarray(rows),
        "npy": open_rows("rows.npy"),
        "parquet": open_rows(lambda: iter(["rows.parquet"])),
        "pieces": open_rows(lambda: (rows[i : i + 33] for i in range(0, len(rows), 33))),
    }


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.filterwarnings("ignore:X has feature names:UserWarning")
@pytest.mark.parametrize("n_rows", [1, 100, 1234])
def test_sources_give_the_bits_of_arrays(dtype, n_rows):
    mixture, rows = make_mixture(dtype), make_rows(n_rows, dtype)
    rng = np.random.default_rng(3)
    prior, weights = rng.random((n_rows, 3)) + 0.01, rng.random(n_rows)
    for source in sources_of(rows).values():
        for class_prior in (None, prior):
            for method in EVALUATE:
                expected = getattr(mixture, method)(rows, class_prior)
                found = getattr(mixture, method)(source, class_prior)
                assert found.dtype == expected.dtype
                assert_array_equal(found, expected)
            for method in JUDGE:
                for sample_weight in (None, weights):
                    known = {"sample_weight": sample_weight, "class_prior": class_prior}
                    assert getattr(mixture, method)(source, **known) == getattr(mixture, method)(rows, **known)


def test_criteria_are_sums_over_rows():
    mixture, rows = make_mixture(), make_rows(150_000)
    weights = np.random.default_rng(4).random(150_000)
    densities, proba = mixture.score_samples(rows), mixture.predict_proba(rows)
    entropies = -(proba * np.log(np.maximum(proba, 1e-300))).sum(axis=1)
    for known in (None, weights):
        total, count = np.average(densities, weights=known), 150_000 if known is None else known.sum()
        bic = -2 * total * count + mixture.n_parameters_ * np.log(count)
        assert_allclose(mixture.score(rows, sample_weight=known), total, rtol=1e-13)
        assert_allclose(mixture.bic(rows, known), bic, rtol=1e-13)
        assert_allclose(mixture.aic(rows, known), -2 * total * count + 2 * mixture.n_parameters_, rtol=1e-13)
        entropy = entropies.sum() if known is None else known @ entropies
        assert_allclose(mixture.icl(rows, known), bic + 2 * entropy, rtol=1e-12)


@pytest.mark.usefixtures("small_blocks")
class TestFaults:
    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_the_row_of_a_number_that_is_not_finite(self, value):
        mixture, rows = make_mixture(), make_rows(345)
        rows[234, 2] = value
        np.save("rows.npy", rows)
        for source, name in (
            (open_rows("rows.npy"), "rows.npy"),
            (np.load("rows.npy", mmap_mode="r"), "X"),
            (rows, "X"),
        ):
            for method in EVALUATE + JUDGE:
                with pytest.raises(NonFiniteError, match=f"{name} holds (NaN|inf) at row 234, column 2"):
                    getattr(mixture, method)(source)

    def test_wrong_numbers_of_weights_and_priors(self):
        mixture, rows = make_mixture(), make_rows(345)
        counted = open_rows(rows)
        uncounted = open_rows(lambda: iter([rows]))
        for n_rows in (99, 344, 346):
            known, prior = np.ones(n_rows), np.full((n_rows, 3), 0.5)
            prior[0, 0] = 1.0
            for method in JUDGE:
                with pytest.raises(DimensionError, match=r"sample_weight must have shape \(345,\)"):
                    getattr(mixture, method)(counted, sample_weight=known)
                with pytest.raises(
                    DimensionError, match=rf"sample_weight has {n_rows} rows, but load has \d+( or more)?:"
                ):
                    getattr(mixture, method)(named(uncounted), sample_weight=known)
            with pytest.raises(DimensionError, match=r"class_prior must have .*\(345, 3\)"):
                mixture.predict(counted, prior)
            with pytest.raises(DimensionError, match=rf"class_prior has {n_rows} rows, but load has \d+( or more)?:"):
                mixture.predict(named(uncounted), prior)
        for wrong in (3.0, np.ones((345, 1))):
            with pytest.raises(DimensionError, match=r"sample_weight must have shape \((n_samples|345),\)"):
                mixture.score(uncounted, sample_weight=wrong)
        with pytest.raises(DimensionError, match=r"class_prior must have shape .*\(n_samples, 3\), but has \(345,\)"):
            mixture.predict(uncounted, np.ones(345))

    def test_wrong_columns(self):
        mixture = make_mixture()
        np.save("rows.npy", make_rows(5)[:, :3])
        for source in (open_rows("rows.npy"), np.load("rows.npy", mmap_mode="r")):
            with pytest.raises(DimensionError, match="X has 3 features, but GaussianMixture is expecting 4"):
                mixture.predict(source)
            with pytest.raises(NotFittedError):
                GaussianMixture().score(source)

    def test_names_of_columns(self):
        frame = pd.DataFrame(make_rows(50), columns=list("abcd"))
        mixture = GaussianMixture(random_state=0).fit(frame)
        pq.write_table(pa.Table.from_pandas(frame[list("dcba")]), "rows.parquet")
        with pytest.raises(ParameterError, match="same order"):
            mixture.predict_proba(open_rows("rows.parquet"))
        rows = open_rows("rows.parquet", columns=mixture.feature_names_in_)
        assert_array_equal(mixture.predict_proba(rows), mixture.predict_proba(frame))
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            mixture.predict(open_rows(frame.to_numpy()))

    def test_a_function_that_runs_dry(self):
        rows = make_rows(5)
        rounds = iter([[rows], []])
        source = open_rows(lambda: iter(next(rounds)))
        with pytest.raises(DimensionError, match="has no rows"):
            make_mixture().predict(source)


def named(source):
    source.name = "load"
    return source


def test_blocks_of_wide_rows_have_fewer_rows():
    widths = (1, 32, 64, 2**21, 2**22)
    assert [_block_size.block_size(n_values) for n_values in widths] == [65536, 65536, 32768, 1, 1]


def test_sums_do_not_depend_on_the_size_of_blocks(monkeypatch):
    mixture, rows = make_mixture(), make_rows(150_000)
    sizes = {}
    for size in (999, 65536, 100_000):
        monkeypatch.setattr(_block_size, "_ROWS", size)
        sizes[size] = [getattr(mixture, method)(rows) for method in JUDGE]
    assert sizes[999] == sizes[65536] == sizes[100_000]


def test_memory_is_a_few_blocks(monkeypatch):
    monkeypatch.setattr(_block_size, "_ROWS", 40_000)
    mixture = make_mixture()
    block = 40_000 * 4 * 8
    source = open_rows(lambda: (make_rows(9000) for _ in range(100)))  # 23 blocks
    tracemalloc.start()
    try:
        mixture.score(source)
        mixture.predict_proba(source, out="proba.npy")
        mixture.predict(source, out="labels.parquet")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert block < peak < 7 * block
    assert len(np.load("proba.npy", mmap_mode="r")) == 900_000
    assert Path("labels.parquet").exists()
