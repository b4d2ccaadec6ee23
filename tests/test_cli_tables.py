"""Tables in files: what is read, what is refused, and what a failure to write leaves."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import PROGRAM, fails, posix, read_table
from numpy.testing import assert_array_equal

from gmm_rs.cli import main
from gmm_rs.cli._output import open_table_output


class TestReading:
    @pytest.mark.parametrize(
        ("text", "names", "rows"),
        [
            ("1,2\n3,4\n", None, [[1, 2], [3, 4]]),
            ("a,b\n1,2\n3,4", ("a", "b"), [[1, 2], [3, 4]]),
            ("\ufeffa;b\r\n1;2\r\n", ("a", "b"), [[1, 2]]),
            ('"a, b"\t2020\n1\t2\n', ("a, b", "2020"), [[1, 2]]),
            ("# made by hand\n\n1 2\n  3   4  # the last\n", None, [[1, 2], [3, 4]]),
            ("x\n1\n2\n", ("x",), [[1], [2]]),
            ("5\n", None, [[5]]),
            ("1e3, -.5\n", None, [[1000, -0.5]]),
        ],
    )
    def test_text(self, text, names, rows):
        Path("t.csv").write_text(text, encoding="utf-8", newline="")
        table = read_table("t.csv")
        assert table.column_names == names
        assert_array_equal(table.values, rows)

    @pytest.mark.parametrize("columns", [["b", "a"], ["2", "a"], ["b", "1"]])
    def test_columns_by_name_or_number(self, columns):
        Path("t.csv").write_text("a,b,n\n1,2,x\n3,4,y\n")
        table = read_table("t.csv", columns)
        assert table.column_names == ("b", "a")
        assert_array_equal(table.values, [[2, 1], [4, 3]])

    def test_quoted_fields_and_ranges(self):
        Path("t.csv").write_text('n,a,b\n"x, y",1,2\nz,3,4\n')
        assert_array_equal(read_table("t.csv", ["2:3"]).values, [[1, 2], [3, 4]])

    @pytest.mark.parametrize(
        ("text", "columns", "message"),
        [
            ("", None, "t.csv has no rows"),
            ("# nothing\n", None, "t.csv has no rows"),
            ("a,b\n", None, "t.csv has a header line and no rows"),
            ("a,b\n1,2\n3\n", None, "t.csv, line 3: 1 columns, but the lines before have 2"),
            ("a,b\n1,2\n\n3,4,5\n", ["a"], "t.csv, line 4: 3 columns, but the lines before have 2"),
            ("1 2\n1 2 3\n", ["1"], "t.csv, line 2: 3 columns, but"),
            ("a,b\n1,2\n3,\n", None, "t.csv, line 3, column 'b': the field is empty; fill it in"),
            ("1,2\n3,x\n", None, "t.csv, line 2, column 2: 'x' is no number"),
            ("n,a\nx,1\n", None, "t.csv, line 2, column 'n': 'x' is no number; choose columns of numbers.* a"),
            ("a,b\n1,nan\n2,3\n4,inf\n", None, "t.csv holds NaN or infinity in rows 1, 3;"),
            ("a,b\n1,2\n", ["c"], "t.csv has no column 'c'; its columns are a, b"),
            ("1,2\n", ["3"], "t.csv has no column 3: they are numbered from 1 to 2"),
            ("a,b\n1,2\n", ["a", "1"], "column 'a' of t.csv is asked for twice"),
            ("1,2\n", ["c"], "t.csv has no column 'c'; its columns are numbered from 1 to 2"),
        ],
    )
    def test_faulty_text(self, capsys, text, columns, message):
        Path("t.csv").write_text(text)
        options = [] if columns is None else ["--columns", ",".join(columns)]
        error = fails(capsys, "fit", "t.csv", "-k", "1", "-o", "out.npz", *options)
        assert re.search(message, error)

    def test_text_that_is_none(self, capsys):
        Path("t.csv").write_bytes(b"\xff\xfe\x00\x01,\n1,2\n")
        assert "t.csv is no text in UTF-8" in fails(capsys, "fit", "t.csv", "-k", "1", "-o", "out.npz")

    def test_npy(self):
        np.save("v.npy", np.arange(3))
        assert_array_equal(read_table("v.npy").values, [[0], [1], [2]])
        np.save("f.npy", np.asfortranarray(np.arange(6, dtype=np.float32).reshape(3, 2)))
        assert_array_equal(read_table("f.npy", ["2"]).values, [[1], [3], [5]])
        assert read_table("f.npy").values.dtype == np.float32

    def test_faulty_npy(self, stored_rows, capsys):
        whole = Path("X.npy").read_bytes()
        for content, message in (
            (whole[:-8], "X.npy is no whole .npy file of numbers: it is shorter than its header says"),
            (whole[:40], "X.npy is no whole .npy file"),
            (b"", "X.npy is empty"),
            (b"hello world", "X.npy is no whole .npy file"),
        ):
            Path("X.npy").write_bytes(content)
            assert message in fails(capsys, "fit", "X.npy", "-k", "1", "-o", "out.npz")
        for array, message in (
            (np.zeros((2, 2, 2)), "must hold a matrix"),
            (np.array([["a"]]), "X.npy has dtype <U1"),
            (np.array([[None]]), "it holds Python objects"),
            (np.zeros((0, 2)), "at least one row"),
            (np.array([[0.0], [np.nan]]), "X.npy holds NaN or infinity in row 2"),
        ):
            np.save("X.npy", array)
            assert message in fails(capsys, "fit", "X.npy", "-k", "1", "-o", "out.npz")

    def test_parquet_row_groups_and_types(self):
        table = pa.table({"a": pa.array(range(10), pa.int8()), "b": np.arange(10, dtype=np.float32)})
        pq.write_table(table, "t.parquet", row_group_size=3)
        assert_array_equal(read_table("t.parquet").values, np.repeat(np.arange(10.0)[:, None], 2, axis=1))
        assert read_table("t.parquet").values.dtype == np.float64
        assert read_table("t.parquet", ["b"]).values.dtype == np.float32

    def test_faulty_parquet(self, capsys, monkeypatch):
        def refused(*options):
            return fails(capsys, "fit", "t.parquet", "-k", "1", "-o", "out.npz", *options)

        pq.write_table(pa.table({"a": [1.0, None, 3.0, None], "n": list("wxyz")}), "t.parquet", row_group_size=2)
        assert "t.parquet: column 'n' holds string, not numbers; choose columns of numbers, such as a" in (refused())
        assert "t.parquet: column 'a' has no value in rows 2, 4;" in refused("--columns", "a")
        pq.write_table(pa.table({"a": pa.array([], pa.float64())}), "t.parquet")
        assert "t.parquet has no rows" in refused()
        Path("t.parquet").write_bytes(b"PAR1 and no more")
        assert "t.parquet is no sound Parquet file" in refused()
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        assert "gmm-rs[parquet]" in refused()

    def test_a_missing_file(self, capsys):
        for name in ("no.csv", "no.npy", "no.parquet"):
            assert fails(capsys, "fit", name, "-k", "1", "-o", "out.npz") == (
                f"gmm-rs: {name}: No such file or directory\n"
            )


class TestWriting:
    def test_numbers_and_names_come_back(self):
        array = np.random.default_rng(0).normal(size=(9000, 2)) ** 9
        names = ('a "b"', "c, d")
        for name in ("t.csv", "t.npy", "t.txt", "t.parquet"):
            with open_table_output(name, names) as write:
                write(array)
            table = read_table(name)
            assert_array_equal(table.values, array)
            assert table.column_names == (names if name in ("t.csv", "t.parquet") else None)

    def test_places_that_cannot_be_written_to(self, stored_rows, stored_model, capsys):
        Path("file").write_text("")
        assert "cannot write into the folder file" in fails(capsys, "fit", "X.npy", "-k", "1", "-o", "file/out.npz")
        Path("folder.csv").mkdir()
        assert "cannot write folder.csv: it is a folder" in fails(
            capsys, "predict", "model.npz", "X.npy", "-o", "folder.csv"
        )

    @posix
    def test_a_pipe_with_a_name_is_not_replaced(self, stored_rows, stored_model, capsys):
        os.mkfifo("pipe.csv")
        assert "no regular file" in fails(capsys, "predict", "model.npz", "X.npy", "-o", "pipe.csv")

    @posix
    def test_a_link_stays_a_link(self, stored_rows, stored_model):
        Path("real.npy").write_bytes(b"")
        Path("link.npy").symlink_to("real.npy")
        assert main(["predict", "model.npz", "X.npy", "-o", "link.npy"]) == 0
        assert Path("link.npy").is_symlink()
        assert_array_equal(np.load("real.npy"), stored_model.predict(stored_rows))

    @pytest.mark.parametrize("output", ["y.parquet", "y.PARQUET"])
    def test_writing_parquet_without_pyarrow_is_refused_before_work(self, stored_rows, output, capsys, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        assert "gmm-rs[parquet]" in fails(capsys, "predict", "no.npz", "X.npy", "-o", output)

    @posix
    @pytest.mark.parametrize("output", ["y.npy", "y.csv", "y.parquet"])
    def test_a_full_disk_leaves_the_old_file(self, stored_rows, stored_model, output):
        import resource

        Path(output).write_text("old")
        before = set(Path().iterdir())
        np.save("many.npy", np.random.default_rng(0).normal(size=(100_000, 2)) * 20)
        finished = subprocess.run(
            [*PROGRAM, "predict", "model.npz", "many.npy", "-o", output],
            check=False,
            capture_output=True,
            encoding="utf-8",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)),
        )
        assert finished.returncode == 1
        assert finished.stdout == ""
        assert finished.stderr.startswith(f"gmm-rs: cannot write {output}: ")
        assert finished.stderr.count("\n") == 1
        assert Path(output).read_text() == "old"
        assert set(Path().iterdir()) == before | {Path("many.npy")}
