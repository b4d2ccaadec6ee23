"""What sources refuse, and how the messages name the place."""

import os
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tables import read_whole

from gmm_rs import (
    DataTypeError,
    DimensionError,
    GaussianMixture,
    NonFiniteError,
    ParameterError,
    SufficientStats,
    fit_many,
    open_rows,
    select,
)

X = np.arange(12.0).reshape(6, 2)


def fails_with(error, message, data, **options):
    with pytest.raises(error, match=message):
        read_whole(open_rows(data, **options))


class TestOneShot:
    @pytest.mark.parametrize(
        "make",
        [
            lambda: (row for row in X),
            lambda: iter([X]),
            lambda: map(np.sqrt, [X]),
            lambda: pa.table({"a": [1.0]}).to_reader(),
        ],
    )
    def test_iterators_are_refused_everywhere(self, make):
        mixture = GaussianMixture(1, random_state=0).fit(X)
        for take in (
            open_rows,
            GaussianMixture(2).fit,
            GaussianMixture(2).fit_predict,
            GaussianMixture(2).partial_fit,
            mixture.predict,
            mixture.predict_proba,
            mixture.score,
            mixture.bic,
            lambda data: SufficientStats.from_rows(mixture, data),
            lambda data: select(data, 1),
            lambda data: fit_many([data], 1)[0],
        ):
            with pytest.raises(DataTypeError, match=r"only once.*pass gmm_rs\.open_rows\(function\)"):
                take(make())

    def test_a_function_that_gives_the_same_iterator_again(self):
        pieces = iter([X, X])

        def load():
            return pieces

        fails_with(DataTypeError, "load returned the same iterator again", load)

    def test_a_function_that_gives_no_iterator(self):
        fails_with(DataTypeError, "the function must return an iterator.*but returned int", lambda: 3)

    def test_an_open_file(self):
        Path("t.csv").write_text("1,2\n")
        with Path("t.csv").open() as file:
            fails_with(DataTypeError, "only once", file)


@pytest.mark.parametrize("path", ["rows.npy", Path("rows.npy")])
def test_the_name_of_a_file_has_to_be_opened(path):
    mixture = GaussianMixture(1, random_state=0).fit(X)
    for take in (GaussianMixture(1).fit, mixture.predict, mixture.bic):
        with pytest.raises(DataTypeError, match=r"X is the name of a file: pass gmm_rs\.open_rows\('rows\.npy'\)"):
            take(path)


def test_sources_where_arrays_are_needed():
    with pytest.raises(DataTypeError, match=r"X \(ArrayRows\) cannot .* read block by block"):
        GaussianMixture(1).partial_fit(open_rows(X))


class TestNpy:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda whole: whole[:-8], "rows.npy is no whole .npy file of numbers: it is shorter than its header says"),
            (lambda whole: whole[:40], "rows.npy is no whole .npy file"),
            (lambda whole: b"", "rows.npy is empty"),
            (lambda whole: b"hello world", "rows.npy is no whole .npy file"),
        ],
    )
    def test_no_whole_file(self, change, message):
        np.save("rows.npy", X)
        Path("rows.npy").write_bytes(change(Path("rows.npy").read_bytes()))
        fails_with(DataTypeError, message, "rows.npy")

    @pytest.mark.parametrize(
        ("array", "error", "message"),
        [
            (np.zeros((2, 2, 2)), DimensionError, "must hold a matrix"),
            (np.zeros((0, 2)), DimensionError, "at least one row"),
            (np.array([["a"]]), DataTypeError, "rows.npy has dtype <U1"),
            (np.array([[1j]]), DataTypeError, "Complex"),
            (np.array([[None]]), DataTypeError, "it holds Python objects"),
        ],
    )
    def test_no_matrix_of_numbers(self, array, error, message):
        np.save("rows.npy", array)
        fails_with(error, message, "rows.npy")

    def test_an_archive(self):
        np.savez("rows.npz", X)
        Path("rows.npz").rename("rows.npy")
        fails_with(DataTypeError, "archive of several arrays", "rows.npy")

    @pytest.mark.skipif(os.name != "posix", reason="a mapped file cannot be cut there")
    def test_a_file_that_is_cut_while_it_is_read(self):
        np.save("rows.npy", np.ones((100_000, 2)))
        blocks = open_rows("rows.npy").blocks(1000)
        next(blocks)
        os.truncate("rows.npy", 4096)
        with pytest.raises(DataTypeError, match="rows.npy has become shorter"):
            next(blocks)


class TestArrow:
    def test_strings(self):
        table = pa.table({"a": [1.0, 2.0], "n": ["x", "y"], "when": pa.array([1, 2], pa.timestamp("s"))})
        pq.write_table(table, "t.parquet")
        with pa.OSFile("t.arrow", "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        for data in ("t.parquet", "t.arrow", table):
            fails_with(
                DataTypeError, "column 'n' holds string, not numbers; choose columns of numbers, such as a", data
            )
            fails_with(DataTypeError, "column 'when' holds timestamp", data, columns=["a", "when"])
            fails_with(DataTypeError, "column 'n' holds string", data, columns="n")

    @pytest.mark.parametrize("group", [1, 2, 3, 7])
    def test_nulls(self, group):
        column = [None if i in (3, 5) else float(i) for i in range(7)]
        pq.write_table(pa.table({"b": range(7), "a": column}), "t.parquet", row_group_size=group)
        rows = {1: "row 4", 2: "row 4", 3: "rows 4, 6", 7: "rows 4, 6"}[group]
        with pytest.raises(NonFiniteError, match=f"t.parquet: column 'a' has no value in {rows}; fill them in"):
            list(open_rows("t.parquet").blocks(group))
        assert read_whole(open_rows("t.parquet", columns="b")).shape == (7, 1)

    def test_no_rows(self):
        empty = pa.table({"a": pa.array([], pa.float64())})
        pq.write_table(empty, "t.parquet")
        with pa.OSFile("t.arrow", "wb") as file, pa.ipc.new_file(file, empty.schema) as writer:
            writer.write_table(empty)
        for data in ("t.parquet", "t.arrow", empty):
            fails_with(DimensionError, "has no rows", data)

    def test_no_such_file_inside(self):
        Path("t.parquet").write_bytes(b"PAR1 and no more")
        fails_with(DataTypeError, "t.parquet is no sound Parquet file", "t.parquet")
        Path("t.arrow").write_bytes(b"ARROW1 and no more")
        fails_with(DataTypeError, "t.arrow is no sound Arrow file", "t.arrow")

    def test_damage_inside(self):
        pq.write_table(pa.table({"a": np.random.default_rng(0).normal(size=20_000)}), "t.parquet")
        whole = bytearray(Path("t.parquet").read_bytes())
        whole[4:60_000] = bytes(60_000 - 4)
        Path("t.parquet").write_bytes(whole)
        fails_with((DataTypeError, OSError), "t.parquet", "t.parquet")

    def test_columns_of_the_same_name(self):
        table = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["a", "a"])
        fails_with(ParameterError, "several columns 'a'", table)

    def test_without_pyarrow(self, monkeypatch):
        pq.write_table(pa.table({"a": [1.0]}), "t.parquet")
        table = pa.table({"a": [1.0]})
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        for data in ("t.parquet", "t.arrow", table):
            fails_with(ImportError, r"pip install 'gmm-rs\[parquet\]'", data)


class TestText:
    @pytest.mark.parametrize("line", [2, 3, 200, 20_001])
    @pytest.mark.parametrize("columns", [None, "a"])
    def test_a_line_of_another_width(self, line, columns):
        lines = ["a,b\n", *["1,2\n"] * 20_000]
        lines[line - 1] = "1,2,3\n"
        Path("t.csv").write_text("".join(lines))
        message = f"^t.csv, line {line}: 3 columns, but the lines before have 2$"
        fails_with(DimensionError, message, "t.csv", columns=columns)
        with pytest.raises(DimensionError, match=message):
            list(open_rows("t.csv", columns=columns).blocks(1))

    def test_a_file_whose_second_half_is_wider(self):
        Path("t.csv").write_text("1,2\n" * 10 + "# from here on another program\n" + "1,2,3\n" * 10)
        with pytest.raises(DimensionError, match="^t.csv, line 12: 3 columns"):
            list(open_rows("t.csv").blocks(10))

    @pytest.mark.parametrize(
        ("text", "error", "message"),
        [
            ("", DimensionError, "t.csv has no rows"),
            ("# nothing\n", DimensionError, "t.csv has no rows"),
            ("a,b\n", DimensionError, "t.csv has a header line and no rows"),
            ("a,b\n1,2\n3,\n", DataTypeError, "t.csv, line 3, column 'b': the field is empty; fill it in"),
            ("1,2\n\n3,x\n", DataTypeError, "t.csv, line 3, column 2: 'x' is no number; fill it in"),
            ("n,a\nx,1\n", DataTypeError, "line 2, column 'n': 'x' is no number; choose columns of numbers, such as a"),
            ("x,1\ny,2\n", DataTypeError, "line 1, column 1: 'x' is no number; choose columns of numbers, such as 2"),
        ],
    )
    def test_faulty_text(self, text, error, message):
        Path("t.csv").write_text(text)
        fails_with(error, message, "t.csv")

    def test_no_text(self):
        for content in (b"\xff\xfe\x00\x01,\n1,2\n", b"1,2\n" * 30_000 + b"\xff,2\n"):
            Path("t.csv").write_bytes(content)
            fails_with(DataTypeError, "t.csv is no text in UTF-8", "t.csv")

    def test_comments_and_blanks_between_blocks(self):
        Path("t.csv").write_text("a,b\n" + "1,2\n\n# a comment\n \n" * 50)
        assert [len(block) for block in open_rows("t.csv").blocks(2)] == [2] * 25


class TestFunctions:
    def test_items_of_other_widths(self):
        def load():
            return iter([X, X[:, :1]])

        fails_with(DimensionError, "item 1 of load has 1 columns, but those before have 2", load)

    def test_items_of_other_names(self):
        def load():
            return (pd.DataFrame(X, columns=list(names)) for names in ("ab", "ba"))

        fails_with(ParameterError, "item 1 of load has other names of columns", load)
        assert read_whole(open_rows(load, columns=["b", "a"]))[6].tolist() == [0.0, 1.0]

    def test_items_of_a_larger_dtype(self):
        def load():
            return iter([X.astype(np.float32), X])

        fails_with(DataTypeError, r"item 1 of load is float64, but the first is float32: .*dtype=numpy\.float64", load)
        assert len(read_whole(open_rows(load, dtype=np.float64))) == 12

    def test_items_that_are_no_numbers(self):
        def load():
            return iter([X, X.astype(str)])

        fails_with(DataTypeError, "item 1 of load has dtype", load)

    def test_an_error_in_the_function(self):
        def load():
            yield X
            raise KeyError("mine")

        fails_with(KeyError, "mine", load)


class TestArguments:
    @pytest.mark.parametrize(
        ("columns", "message"),
        [
            (["c"], "t.csv has no column 'c'; its columns are a, b"),
            ([2], "t.csv has no column 2: they are numbered from 0 to 1"),
            ([-1], "t.csv has no column -1"),
            (["a", 0], "column 'a' of t.csv is asked for twice"),
            ([], "at least one"),
            ([1.5], "names or numbers counted from 0, but one is 1.5"),
            ([True], "one is True"),
        ],
    )
    def test_columns(self, columns, message):
        Path("t.csv").write_text("a,b\n1,2\n")
        fails_with(ParameterError, re.escape(message), "t.csv", columns=columns)

    def test_names_where_there_are_none(self):
        fails_with(ParameterError, "the array has no column 'a'; its columns are numbered from 0 to 1", X, columns="a")

    @pytest.mark.parametrize("dtype", [np.int64, "float16", "number", ">f8"])
    def test_dtype(self, dtype):
        fails_with(ParameterError, "dtype must be numpy.float32 or numpy.float64", X, dtype=dtype)

    def test_data(self):
        fails_with(ParameterError, "rows.xlsx: the name of a table must end in .npy, .csv, .txt", "rows.xlsx")
        fails_with(ParameterError, "the array has been opened already", open_rows(X))
        fails_with(DimensionError, "must be 2-D", X[0])
        fails_with(DataTypeError, "dtype <U1", [["a"]])
        fails_with(DataTypeError, "but the data is of type int", 3)
        fails_with(DataTypeError, "the ChunkedArray is no Arrow table", pa.chunked_array([[1.0]]))
        fails_with(DataTypeError, "column 'b' of the data frame has dtype", pd.DataFrame({"a": [1.0], "b": ["x"]}))
        for name in ("no.csv", "no.npy", "no.parquet", "no.arrow"):
            fails_with(FileNotFoundError, name, name)
        with pytest.raises(ParameterError, match="n_rows must be a positive integer"):
            open_rows(X).blocks(0)
