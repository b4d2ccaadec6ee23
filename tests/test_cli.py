"""The command line: what it reads and writes, how it fails, and what it leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gmm_rs import GaussianMixture
from gmm_rs.cli import main
from gmm_rs.cli._progress import ProgressLine
from gmm_rs.cli._tables import read_table, write_table

posix = pytest.mark.skipif(os.name != "posix", reason="signals, links and limits of POSIX")
PROGRAM = [sys.executable, "-m", "gmm_rs"]


@pytest.fixture
def X(blobs):  # noqa: N802 - the name of data everywhere
    """Rows in files of every format, as X.npy, X.csv and so on."""
    rows = blobs[0]
    np.save("X.npy", rows)
    np.savetxt("X.csv", rows, delimiter=",", header="a,b", comments="", fmt="%.17g")
    np.savetxt("X.txt", rows, fmt="%.17g")
    pq.write_table(pa.table({"a": rows[:, 0], "b": rows[:, 1], "name": ["bird"] * len(rows)}), "X.parquet")
    return rows


@pytest.fixture
def model(X):
    """A model of these rows in model.npz."""
    mixture = GaussianMixture(3, n_init=5, random_state=0).fit(X)
    mixture.save("model.npz")
    return mixture


def fails(capsys, *arguments, code=1):
    """What the command says when it fails: one line."""
    assert main(arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gmm-rs: ")
    assert err.count("\n") == 1
    return err


class TestFit:
    @pytest.mark.parametrize("source", ["X.npy", "X.csv", "X.txt", "X.parquet"])
    def test_every_format_gives_the_same_model(self, X, model, capsys, source):
        columns = ["--columns", "a,b"] if source == "X.parquet" else []
        assert main(["fit", source, "-k", "3", "-o", "out.npz", *columns]) == 0
        fitted = GaussianMixture.load("out.npz")
        assert_array_equal(fitted.means_, model.means_)
        assert_array_equal(fitted.covariances_, model.covariances_)
        assert list(getattr(fitted, "feature_names_in_", [])) == (
            ["a", "b"] if source in ("X.csv", "X.parquet") else []
        )
        out, err = capsys.readouterr()
        assert "120 rows" in out
        assert "written to out.npz" in out
        assert err == ""

    def test_options_reach_the_fit(self, X, capsys):
        options = "--covariance diag --restarts 2 --seed 7 --threads 1 --tol 1e-7 --max-iter 50 --reg-covar 0.5"
        assert main(["fit", "X.npy", "-k", "2", "-o", "out.npz", "--json", *options.split(" ")]) == 0
        expected = GaussianMixture(
            2, covariance_type="diag", n_init=2, random_state=7, tol=1e-7, max_iter=50, reg_covar=0.5
        ).fit(X)
        report = json.loads(capsys.readouterr().out)
        assert_array_equal(report["means"], expected.means_)
        assert report["n_rows"] == 120
        assert report["bic"] == expected.bic(X)
        assert report["converged"] is True
        assert report["covariance_type"] == "diag"
        assert_array_equal(GaussianMixture.load("out.npz").covariances_, expected.covariances_)

    def test_a_fit_that_did_not_converge_warns_in_one_line(self, X, capsys):
        assert main(["fit", "X.npy", "-k", "2", "-o", "out.npz", "--tol", "0", "--max-iter", "1"]) == 0
        err = capsys.readouterr().err
        assert err.startswith("gmm-rs: warning: Best performing initialization did not converge")
        assert err.count("\n") == 1

    def test_standard_input(self, X, model, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stdin", open("X.csv"))  # noqa: SIM115, PTH123 - closed with the process
        assert main(["fit", "-", "-k", "3", "-o", "out.npz", "--json"]) == 0
        sys.stdin.close()
        assert_array_equal(GaussianMixture.load("out.npz").means_, model.means_)
        assert json.loads(capsys.readouterr().out)["data"] == "-"

    def test_too_few_rows(self, X, capsys):
        assert "n_samples = 120" in fails(capsys, "fit", "X.npy", "-k", "500", "-o", "out.npz")
        assert not Path("out.npz").exists()


class TestPredict:
    @pytest.mark.parametrize("output", ["y.npy", "y.csv", "y.txt", "y.parquet"])
    def test_labels_and_probabilities(self, X, model, output, capsys):
        assert main(["predict", "model.npz", "X.npy", "-o", output]) == 0
        assert "120 rows" in capsys.readouterr().out
        assert_array_equal(read_table(output).values[:, 0], model.predict(X))
        assert main(["predict", "model.npz", "X.npy", "-o", output, "--proba"]) == 0
        proba = read_table(output)
        assert_array_equal(proba.values, model.predict_proba(X))
        if output in ("y.csv", "y.parquet"):
            assert proba.column_names == ("component_0", "component_1", "component_2")

    def test_labels_are_integers(self, X, model):
        main(["predict", "model.npz", "X.npy", "-o", "y.npy"])
        main(["predict", "model.npz", "X.npy", "-o", "y.parquet"])
        assert np.load("y.npy").dtype == np.int64
        assert np.load("y.npy").shape == (120,)
        assert pq.read_schema("y.parquet").field("label").type == pa.int64()

    def test_standard_output_holds_csv_and_nothing_else(self, X, model, capsys):
        assert main(["predict", "model.npz", "X.npy", "--json"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "label"
        assert_array_equal(np.array(lines[1:], int), model.predict(X))

    def test_json(self, X, model, capsys):
        assert main(["predict", "model.npz", "X.npy", "-o", "y.npy", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report == {
            "output": "y.npy",
            "n_rows": 120,
            "rows_of_component": np.bincount(model.predict(X), minlength=3).tolist(),
        }

    def test_columns_are_found_by_the_names_of_the_fit(self, X, capsys):
        main(["fit", "X.csv", "-k", "3", "-o", "named.npz"])
        pq.write_table(pa.table({"b": X[:, 1], "c": X[:, 0] * 0, "a": X[:, 0]}), "other.parquet")
        assert main(["predict", "named.npz", "other.parquet", "-o", "y.npy"]) == 0
        main(["predict", "named.npz", "X.csv", "-o", "z.npy"])
        assert_array_equal(np.load("y.npy"), np.load("z.npy"))
        assert main(["predict", "named.npz", "X.txt", "-o", "w.npy"]) == 0  # without names: all columns
        assert_array_equal(np.load("w.npy"), np.load("z.npy"))
        capsys.readouterr()
        pq.write_table(pa.table({"b": X[:, 1], "c": X[:, 0]}), "other.parquet")
        assert "no column 'a', which the model was fitted to; its columns are b, c" in fails(
            capsys, "predict", "named.npz", "other.parquet"
        )
        assert main(["predict", "named.npz", "other.parquet", "--columns", "c,b", "-o", "v.npy"]) == 0
        assert_array_equal(np.load("v.npy"), np.load("z.npy"))

    def test_wrong_number_of_columns(self, X, model, capsys):
        assert "X.npy has 1 column, but the model was fitted to 2" in fails(
            capsys, "predict", "model.npz", "X.npy", "--columns", "1"
        )

    def test_wrong_models(self, X, capsys):
        assert "nothing.npz" in fails(capsys, "predict", "nothing.npz", "X.npy")
        assert "X.npy is no mixture" in fails(capsys, "predict", "X.npy", "X.npy")


class TestSampleInfoAndDemo:
    def test_sample(self, model, capsys):
        assert main(["sample", "model.npz", "-n", "5000", "-o", "new.npy", "--seed", "1"]) == 0
        new = np.load("new.npy")
        assert new.shape == (5000, 2)
        assert_allclose(new.mean(axis=0), model.weights_ @ model.means_, atol=0.6)
        labels = model.predict(new)
        assert (np.diff(labels) != 0).sum() > 1000  # not sorted by component
        main(["sample", "model.npz", "-n", "5000", "-o", "again.npy", "--seed", "1"])
        assert_array_equal(np.load("again.npy"), new)
        main(["sample", "model.npz", "-n", "5000", "-o", "again.npy"])
        assert not np.array_equal(np.load("again.npy"), new)
        capsys.readouterr()
        assert main(["sample", "model.npz", "-n", "2"]) == 0
        assert capsys.readouterr().out.splitlines()[0] == "x1,x2"
        assert main(["sample", "model.npz", "-n", "2", "-o", "two.csv", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"output": "two.csv", "n_rows": 2, "n_features": 2}

    def test_info(self, model, capsys):
        assert main(["info", "model.npz"]) == 0
        out = capsys.readouterr().out
        assert "3 components, full covariances, 2 features; 17 parameters" in out
        assert "converged after" in out
        assert main(["info", "model.npz", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        for name in ("weights", "means", "covariances"):
            assert_array_equal(report[name], getattr(model, f"{name}_"))

    def test_info_of_a_model_that_was_not_fitted(self, capsys):
        GaussianMixture.from_parameters([1.0], [[0.0] * 9], [1.0], "spherical").save("model.npz")
        assert main(["info", "model.npz"]) == 0
        assert "(mean; 3 more features)" in capsys.readouterr().out
        assert main(["info", "model.npz", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["n_iter"] is None

    def test_demo(self, capsys):
        assert main(["demo", "--rows", "2000"]) == 0
        out = capsys.readouterr().out
        assert "full                        3" in next(line for line in out.splitlines() if "<- best" in line)
        assert list(Path().iterdir()) == []


class TestSelect:
    def test_table_and_best_model(self, X, capsys):
        candidates = ["--components", "1:3,5", "--covariance", "diag,spherical"]
        assert main(["select", "X.npy", "-o", "best.npz", *candidates]) == 0
        out = capsys.readouterr().out
        assert len(out.split("\n\n")[0].splitlines()) == 1 + 2 * 4
        assert len(GaussianMixture.load("best.npz").means_) == 3
        assert GaussianMixture.load("best.npz").covariance_type == "spherical"

    def test_json(self, X, capsys):
        arguments = "select X.npy --components 3,500 --covariance full --criterion held-out --folds 3 --json"
        assert main(arguments.split()) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["best"] == {"covariance_type": "full", "n_components": 3}
        good, bad = report["candidates"]
        assert good["failure"] is None
        assert bad["held-out"] is None
        assert "n_samples" in bad["failure"]
        assert report["output"] is None


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

    def test_faulty_npy(self, X, capsys):
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
        assert "t.parquet: column 'n' holds string, not numbers; choose columns of numbers, as with --columns a" in (
            refused()
        )
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
            write_table(name, array, names)
            table = read_table(name)
            assert_array_equal(table.values, array)
            assert table.column_names == (names if name in ("t.csv", "t.parquet") else None)

    def test_places_that_cannot_be_written_to(self, X, model, capsys):
        Path("file").write_text("")
        assert "cannot write into the folder file" in fails(capsys, "fit", "X.npy", "-k", "1", "-o", "file/out.npz")
        Path("folder.csv").mkdir()
        assert "cannot write folder.csv: it is a folder" in fails(
            capsys, "predict", "model.npz", "X.npy", "-o", "folder.csv"
        )

    @posix
    def test_a_pipe_with_a_name_is_not_replaced(self, X, model, capsys):
        os.mkfifo("pipe.csv")
        assert "no regular file" in fails(capsys, "predict", "model.npz", "X.npy", "-o", "pipe.csv")

    @posix
    def test_a_link_stays_a_link(self, X, model):
        Path("real.npy").write_bytes(b"")
        Path("link.npy").symlink_to("real.npy")
        assert main(["predict", "model.npz", "X.npy", "-o", "link.npy"]) == 0
        assert Path("link.npy").is_symlink()
        assert_array_equal(np.load("real.npy"), model.predict(X))

    @pytest.mark.parametrize("output", ["y.parquet", "y.PARQUET"])
    def test_writing_parquet_without_pyarrow_is_refused_before_work(self, X, output, capsys, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        assert "gmm-rs[parquet]" in fails(capsys, "predict", "no.npz", "X.npy", "-o", output)

    @posix
    @pytest.mark.parametrize("output", ["y.npy", "y.csv", "y.parquet"])
    def test_a_full_disk_leaves_the_old_file(self, X, model, output):
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


class TestProcess:
    @pytest.mark.parametrize(
        "arguments",
        [
            "",
            "fly",
            "fit X.npy -o out.npz",
            "fit X.npy -k 0 -o out.npz",
            "fit X.npy -k 2 -o out.pkl",
            "fit X.xlsx -k 2 -o out.npz",
            "fit X.npy -k 2 -o out.npz --covariance round",
            "fit X.npy -k 2 -o out.npz --tol -1",
            "fit X.npy -k 2 -o out.npz --columns ,",
            "select X.npy --components 9:1",
            "select X.npy --covariance full,round",
            "select X.npy --folds 1",
            "sample model.npz -n many",
            "sample model.npz -n 3 --seed -1",
        ],
    )
    def test_wrong_usage(self, arguments, capsys):
        with pytest.raises(SystemExit) as ended:
            main(arguments.split())
        assert ended.value.code == 2
        assert "usage: gmm-rs" in capsys.readouterr().err

    @pytest.mark.parametrize("command", ["", "fit", "select", "predict", "sample", "info", "demo"])
    def test_help(self, command, capsys):
        with pytest.raises(SystemExit) as ended:
            main([*command.split(), "--help"])
        assert ended.value.code == 0
        assert f"usage: gmm-rs {command}".strip() in capsys.readouterr().out

    def test_the_script_and_the_module_are_the_same(self):
        script = Path(sys.executable).with_name("gmm-rs")
        outputs = [
            subprocess.run([*command, "--version"], check=True, capture_output=True).stdout
            for command in ([str(script)], PROGRAM)
        ]
        assert outputs[0] == outputs[1] != b""

    @posix
    def test_a_pipeline(self, X, model):
        line = f"'{sys.executable}' -m gmm_rs"
        finished = subprocess.run(
            f"cat X.csv | {line} predict model.npz - | {line} fit - -k 1 -o labels.npz --json",
            shell=True,
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
        assert json.loads(finished.stdout)["feature_names"] == ["label"]
        assert finished.stderr == ""

    @posix
    def test_a_reader_that_goes_away(self, model):
        with subprocess.Popen(
            [*PROGRAM, "sample", "model.npz", "-n", "100000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 1

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
    @pytest.mark.parametrize("command", ["predict model.npz X.npy", "info model.npz"])
    def test_full_standard_output(self, X, model, command):
        with Path("/dev/full").open("wb") as full:
            finished = subprocess.run(
                [*PROGRAM, *command.split()], check=False, stdout=full, stderr=subprocess.PIPE, encoding="utf-8"
            )
        assert finished.returncode == 1
        assert finished.stderr == "gmm-rs: cannot write standard output: No space left on device\n"

    @posix
    @pytest.mark.parametrize(
        "command", ["fit - -k 4 -o out.npz", "select - --components 4 --covariance full -o out.npz"]
    )
    def test_an_interruption_leaves_no_file(self, command):
        rows = "".join(f"{x:.17f} {y:.17f}\n" for x, y in np.random.default_rng(0).normal(size=(20_000, 2)))
        with subprocess.Popen(
            [*PROGRAM, *command.split(), "--tol", "0", "--max-iter", "1000000000"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            process.stdin.write(rows.encode())  # far more than a pipe holds: the command is at work when this returns
            process.stdin.close()
            process.stdin = None
            time.sleep(0.5)  # to be in the fit; wherever it is, it has to end in the same way
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert err == b"gmm-rs: interrupted\n"
        assert out == b""
        assert list(Path().iterdir()) == []


class Terminal(StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_rate_and_time_left(monkeypatch):
    now = iter([0.0, 0.05, 2.0, 4.0])
    monkeypatch.setattr("gmm_rs.cli._progress.time.monotonic", lambda: next(now))
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    with ProgressLine("fits", 40, at_most=False, stream=terminal) as line:
        for _ in range(3):
            line.advance()
    lines = terminal.getvalue().split("\r")
    assert lines[1].startswith("[#.......................] 2 of 40 fits, 1 a second, 0:38 left")
    assert lines[2].startswith("[#.......................] 3 of 40 fits, 0.75 a second, 0:49 left")
    assert lines[-1] == "\x1b[K"
    assert len(lines) == 4


def test_a_pipe_sees_no_progress():
    stream = StringIO()
    with ProgressLine("fits", 1, at_most=True, stream=stream) as line:
        line.advance()
    assert stream.getvalue() == ""
