"""Sources of rows: every kind gives the rows of the array, in blocks of any size, again and again."""

import re
import threading
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal
from tables import KINDS, NAMED, NAMES, expected_dtype, read_whole, save_npy, save_parquet, save_text, to_table

from gmm_rs import DimensionError, RowSource, open_rows
from gmm_rs.sources._ahead import read_ahead

N_ROWS = 23


@pytest.fixture(params=["float32", "float64", "int16"])
def rows(request):
    """Numbers that every format and dtype can hold."""
    return np.random.default_rng(0).integers(-999, 999, size=(N_ROWS, 3)).astype(request.param)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_rows_again_and_again(kind, rows):
    source = open_rows(KINDS[kind](rows))
    assert isinstance(source, RowSource)
    assert source.n_features == 3
    assert source.dtype == expected_dtype(kind, rows)
    assert source.feature_names == (NAMES if kind in NAMED else None)
    assert source.n_rows in (None, N_ROWS)
    for n_rows in (1, 4, 5, N_ROWS, 100):
        blocks = [block.copy() for block in source.blocks(n_rows)]
        assert [len(block) for block in blocks[:-1]] == [n_rows] * (len(blocks) - 1)
        assert 0 < len(blocks[-1]) <= n_rows
        assert {block.dtype for block in blocks} == {source.dtype}
        assert_array_equal(np.concatenate(blocks), rows)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [None, np.float32])
def test_pieces_are_matrices(kind, dtype, rows):
    source = open_rows(KINDS[kind](rows), dtype=dtype)
    pieces = [piece.copy() for piece in source.pieces()]
    assert {(piece.ndim, piece.dtype) for piece in pieces} == {(2, source.dtype)}
    assert_array_equal(np.concatenate(pieces), rows)


@pytest.mark.parametrize("kind", KINDS)
def test_columns(kind, rows):
    data = KINDS[kind](rows)
    assert_array_equal(read_whole(open_rows(data, columns=[2, np.int64(0)])), rows[:, [2, 0]])
    assert_array_equal(read_whole(open_rows(data, columns=1)), rows[:, [1]])
    if kind in NAMED:
        source = open_rows(data, columns=["c", 0])
        assert source.feature_names == ("c", "a")
        assert_array_equal(read_whole(source), rows[:, [2, 0]])
        assert_array_equal(read_whole(open_rows(data, columns="b")), rows[:, [1]])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, "float64"])
def test_dtype(kind, dtype, rows):
    source = open_rows(KINDS[kind](rows), dtype=dtype)
    assert source.dtype == dtype
    values = read_whole(source)
    assert values.dtype == dtype
    assert_array_equal(values, rows)


def test_row_groups_and_blocks_of_every_size():
    rows = np.random.default_rng(1).normal(size=(12, 3))
    for group in range(1, 14):
        source = open_rows(save_parquet(rows, group))
        for n_rows in range(1, 14):
            blocks = list(source.blocks(n_rows))
            assert [len(block) for block in blocks] == [min(n_rows, 12 - start) for start in range(0, 12, n_rows)]
            assert_array_equal(np.concatenate(blocks), rows)


def test_numbers_of_arrow():
    table = pa.table(
        {
            "small": pa.array([1, -2], pa.int8()),
            "large": pa.array([2**53 + 1, 0], pa.uint64()),
            "flag": [True, False],
            "price": pa.array(["1.25", "-3.50"]).cast(pa.decimal128(5, 2)),
            "half": pa.array(np.array([0.5, 2], np.float16)),
        }
    )
    source = open_rows(table)
    assert source.dtype == np.float64
    assert_array_equal(read_whole(source), [[1, 2.0**53, 1, 1.25, 0.5], [-2, 0, 0, -3.5, 2]])
    assert open_rows(table, columns="half").dtype == np.float32


def test_frames_become_what_arrays_of_them_would():
    frame = pd.DataFrame({"a": np.array([1, 2], np.int8), "b": np.array([0.5, 1], np.float32), "c": [True, False]})
    for columns in (["a", "b"], ["a"], ["a", "b", "c"]):
        source = open_rows(frame, columns=columns)
        expected = np.asarray(frame[columns])
        assert source.dtype == (np.float32 if expected.dtype == np.float32 else np.float64)
        assert_array_equal(read_whole(source), expected.astype(float))
    assert open_rows(pd.DataFrame([[1, 2]], columns=[0, 1])).feature_names is None


def test_not_finite_numbers_are_rows_like_others():
    source = open_rows(np.array([[np.nan], [np.inf], [1e300]]), dtype=np.float32)
    assert_array_equal(read_whole(source), np.array([[np.nan], [np.inf], [np.inf]], np.float32))


def test_items_without_rows_are_passed_over():
    pieces = [np.empty((0, 1)), np.ones((2, 1)), to_table(np.ones((0, 3))), np.ones((1, 1))]
    assert_array_equal(read_whole(open_rows(lambda: iter(pieces))), np.ones((3, 1)))
    with pytest.raises(DimensionError, match="has no rows"):
        open_rows(lambda: iter(pieces[:1]))


def test_what_the_source_says_of_itself():
    assert repr(open_rows(save_npy(np.ones((4, 2))))) == "<MappedRows rows.npy: 4 rows, 2 columns, float64>"
    assert repr(open_rows(save_text(np.ones((4, 2)), "t.csv"))) == "<TextRows t.csv: 2 columns, float64>"
    with pytest.raises(TypeError, match="block by block"):
        np.asarray(open_rows([[1.0]]))


class TestMemory:
    def test_passes_may_run_at_the_same_time_and_end_early(self, rows):
        for make in KINDS.values():
            source = open_rows(make(rows))
            early = source.blocks(2)
            next(early)
            assert_array_equal(read_whole(source), rows)
            early.close()
            assert_array_equal(read_whole(source), rows)

    def test_blocks_are_views_where_they_can_be(self):
        rows = np.ones((5, 2))
        assert all(np.shares_memory(block, rows) for block in islice(open_rows(rows).blocks(2), 2))

    @pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="tells which pages are in memory")
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_pages_of_a_map_are_given_back(self, order):
        def resident():
            text = Path("/proc/self/smaps").read_text()
            return sum(map(int, re.findall(r"rows\.npy\n(?:.*\n)??Size:[^$]*?\nRss: +(\d+) kB", text)))

        rows = np.arange(3_200_000.0).reshape(200_000, 16)  # 25 MB
        source = open_rows(save_npy(rows, order))
        most = 0
        for start, block in zip(range(0, 200_000, 4000), source.blocks(4000), strict=True):
            assert_array_equal(block, rows[start : start + 4000])
            most = max(most, resident())
        assert 0 < most < 8 * 1024  # the system may map 2 MB at once
        assert_array_equal(read_whole(source), rows)

    @pytest.mark.parametrize("mode", ["r+", "c"])
    def test_changes_in_a_map_are_kept(self, mode):
        rows = np.arange(80_000.0).reshape(20_000, 4)
        changed = np.load(save_npy(rows), mmap_mode=mode)
        changed[:] += 1.0
        source = open_rows(changed)
        for _ in range(2):
            assert_array_equal(np.concatenate([block.copy() for block in source.blocks(1000)]), rows + 1.0)
        assert_array_equal(changed, rows + 1.0)
        assert_array_equal(np.load("rows.npy"), rows + 1.0 if mode == "r+" else rows)

    def test_one_block_is_read_ahead(self):
        produced = 0

        class Counted(RowSource):
            def _pieces(self, n_rows):
                nonlocal produced
                for number in range(10):
                    produced += 1
                    yield np.full((n_rows, 1), float(number))

        before = threading.active_count()
        for number, block in enumerate(read_ahead(Counted("numbers", 1, np.dtype(float)).blocks(3))):
            assert produced <= number + 2
            assert_array_equal(block, np.full((3, 1), number))
        assert produced == 10
        assert threading.active_count() == before

    def test_an_end_before_the_end_closes_the_source(self):
        closed = []

        class Closed(RowSource):
            def _pieces(self, n_rows):
                try:
                    while True:
                        yield np.ones((n_rows, 1))
                finally:
                    closed.append(threading.active_count())

        before = threading.active_count()
        blocks = read_ahead(Closed("ones", 1, np.dtype(float)).blocks(3))
        next(blocks)
        blocks.close()
        assert closed == [before]

    def test_an_error_in_the_reading_thread_arrives(self):
        class Broken(RowSource):
            def _pieces(self, n_rows):
                yield np.ones((n_rows, 1))
                raise OSError(5, "no answer")

        blocks = read_ahead(Broken("the disk", 1, np.dtype(float)).blocks(3))
        next(blocks)
        with pytest.raises(OSError, match=r"no answer: 'the disk'"):
            next(blocks)
