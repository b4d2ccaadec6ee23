"""What each command reads, computes, prints and writes."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import fails, read_table
from numpy.testing import assert_allclose, assert_array_equal

from gmm_rs import GaussianMixture
from gmm_rs.cli import main


class TestFit:
    @pytest.mark.parametrize("source", ["X.npy", "X.csv", "X.txt", "X.parquet"])
    def test_every_format_gives_the_same_model(self, stored_rows, stored_model, capsys, source):
        columns = ["--columns", "a,b"] if source == "X.parquet" else []
        assert main(["fit", source, "-k", "3", "-o", "out.npz", *columns]) == 0
        fitted = GaussianMixture.load("out.npz")
        assert_array_equal(fitted.means_, stored_model.means_)
        assert_array_equal(fitted.covariances_, stored_model.covariances_)
        assert list(getattr(fitted, "feature_names_in_", [])) == (
            ["a", "b"] if source in ("X.csv", "X.parquet") else []
        )
        out, err = capsys.readouterr()
        assert "120 rows" in out
        assert "written to out.npz" in out
        assert err == ""

    def test_options_reach_the_fit(self, stored_rows, capsys):
        options = "--covariance diag --restarts 2 --seed 7 --threads 1 --tol 1e-7 --max-iter 50 --reg-covar 0.5"
        assert main(["fit", "X.npy", "-k", "2", "-o", "out.npz", "--json", *options.split(" ")]) == 0
        expected = GaussianMixture(
            2, covariance_type="diag", n_init=2, random_state=7, tol=1e-7, max_iter=50, reg_covar=0.5
        ).fit(stored_rows)
        report = json.loads(capsys.readouterr().out)
        assert_array_equal(report["means"], expected.means_)
        assert report["n_rows"] == 120
        assert report["bic"] == expected.bic(stored_rows)
        assert report["converged"] is True
        assert report["covariance_type"] == "diag"
        assert_array_equal(GaussianMixture.load("out.npz").covariances_, expected.covariances_)

    def test_a_fit_that_did_not_converge_warns_in_one_line(self, stored_rows, capsys):
        assert main(["fit", "X.npy", "-k", "2", "-o", "out.npz", "--tol", "0", "--max-iter", "1"]) == 0
        err = capsys.readouterr().err
        assert err.startswith("gmm-rs: warning: Best performing initialization did not converge")
        assert err.count("\n") == 1

    def test_standard_input(self, stored_rows, stored_model, monkeypatch, capsys):
        with Path("X.csv").open() as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            assert main(["fit", "-", "-k", "3", "-o", "out.npz", "--json"]) == 0
        assert_array_equal(GaussianMixture.load("out.npz").means_, stored_model.means_)
        assert json.loads(capsys.readouterr().out)["data"] == "-"

    def test_too_few_rows(self, stored_rows, capsys):
        assert "n_samples = 120" in fails(capsys, "fit", "X.npy", "-k", "500", "-o", "out.npz")
        assert not Path("out.npz").exists()


class TestPredict:
    @pytest.mark.parametrize("output", ["y.npy", "y.csv", "y.txt", "y.parquet"])
    def test_labels_and_probabilities(self, stored_rows, stored_model, output, capsys):
        assert main(["predict", "model.npz", "X.npy", "-o", output]) == 0
        assert "120 rows" in capsys.readouterr().out
        assert_array_equal(read_table(output).values[:, 0], stored_model.predict(stored_rows))
        assert main(["predict", "model.npz", "X.npy", "-o", output, "--proba"]) == 0
        proba = read_table(output)
        assert_array_equal(proba.values, stored_model.predict_proba(stored_rows))
        if output in ("y.csv", "y.parquet"):
            assert proba.column_names == ("component_0", "component_1", "component_2")

    def test_labels_are_integers(self, stored_rows, stored_model):
        main(["predict", "model.npz", "X.npy", "-o", "y.npy"])
        main(["predict", "model.npz", "X.npy", "-o", "y.parquet"])
        assert np.load("y.npy").dtype == np.int64
        assert np.load("y.npy").shape == (120,)
        assert pq.read_schema("y.parquet").field("label").type == pa.int64()

    def test_standard_output_holds_csv_and_nothing_else(self, stored_rows, stored_model, capsys):
        assert main(["predict", "model.npz", "X.npy", "--json"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "label"
        assert_array_equal(np.array(lines[1:], int), stored_model.predict(stored_rows))

    def test_json(self, stored_rows, stored_model, capsys):
        assert main(["predict", "model.npz", "X.npy", "-o", "y.npy", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report == {
            "output": "y.npy",
            "n_rows": 120,
            "rows_of_component": np.bincount(stored_model.predict(stored_rows), minlength=3).tolist(),
        }

    def test_columns_are_found_by_the_names_of_the_fit(self, stored_rows, capsys):
        main(["fit", "X.csv", "-k", "3", "-o", "named.npz"])
        pq.write_table(
            pa.table({"b": stored_rows[:, 1], "c": stored_rows[:, 0] * 0, "a": stored_rows[:, 0]}), "other.parquet"
        )
        assert main(["predict", "named.npz", "other.parquet", "-o", "y.npy"]) == 0
        main(["predict", "named.npz", "X.csv", "-o", "z.npy"])
        assert_array_equal(np.load("y.npy"), np.load("z.npy"))
        assert main(["predict", "named.npz", "X.txt", "-o", "w.npy"]) == 0  # without names: all columns
        assert_array_equal(np.load("w.npy"), np.load("z.npy"))
        capsys.readouterr()
        pq.write_table(pa.table({"b": stored_rows[:, 1], "c": stored_rows[:, 0]}), "other.parquet")
        assert "no column 'a', which the model was fitted to; its columns are b, c" in fails(
            capsys, "predict", "named.npz", "other.parquet"
        )
        assert main(["predict", "named.npz", "other.parquet", "--columns", "c,b", "-o", "v.npy"]) == 0
        assert_array_equal(np.load("v.npy"), np.load("z.npy"))

    @pytest.mark.parametrize("source", ["long.csv", "long.npy"])
    def test_a_table_of_many_blocks(self, stored_rows, stored_model, capsys, source):
        rows = np.tile(stored_rows, (700, 1))  # 84,000
        np.savetxt("long.csv", rows, delimiter=",", fmt="%.17g")
        np.save("long.npy", rows)
        assert main(["predict", "model.npz", source, "--proba", "-o", "y.npy"]) == 0
        assert "84,000 rows" in capsys.readouterr().out
        assert_array_equal(np.load("y.npy"), stored_model.predict_proba(rows))
        rows[83_000, 1] = np.nan
        np.savetxt("long.csv", rows, delimiter=",", fmt="%.17g")
        np.save("long.npy", rows)
        assert f"{source} holds NaN or infinity in row 83001;" in fails(
            capsys, "predict", "model.npz", source, "-o", "z.npy"
        )
        assert not Path("z.npy").exists()

    def test_wrong_number_of_columns(self, stored_rows, stored_model, capsys):
        assert "X.npy has 1 column, but the model was fitted to 2" in fails(
            capsys, "predict", "model.npz", "X.npy", "--columns", "1"
        )

    def test_wrong_models(self, stored_rows, capsys):
        assert "nothing.npz" in fails(capsys, "predict", "nothing.npz", "X.npy")
        assert "X.npy is no mixture" in fails(capsys, "predict", "X.npy", "X.npy")


class TestSampleInfoAndDemo:
    def test_sample(self, stored_model, capsys):
        assert main(["sample", "model.npz", "-n", "5000", "-o", "new.npy", "--seed", "1"]) == 0
        new = np.load("new.npy")
        assert new.shape == (5000, 2)
        assert_allclose(new.mean(axis=0), stored_model.weights_ @ stored_model.means_, atol=0.6)
        labels = stored_model.predict(new)
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

    def test_info(self, stored_model, capsys):
        assert main(["info", "model.npz"]) == 0
        out = capsys.readouterr().out
        assert "3 components, full covariances, 2 features; 17 parameters" in out
        assert "converged after" in out
        assert main(["info", "model.npz", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        for name in ("weights", "means", "covariances"):
            assert_array_equal(report[name], getattr(stored_model, f"{name}_"))

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
    def test_table_and_best_model(self, stored_rows, capsys):
        candidates = ["--components", "1:3,5", "--covariance", "diag,spherical"]
        assert main(["select", "X.npy", "-o", "best.npz", *candidates]) == 0
        out = capsys.readouterr().out
        assert len(out.split("\n\n")[0].splitlines()) == 1 + 2 * 4
        assert len(GaussianMixture.load("best.npz").means_) == 3
        assert GaussianMixture.load("best.npz").covariance_type == "spherical"

    def test_json(self, stored_rows, capsys):
        arguments = "select X.npy --components 3,500 --covariance full --criterion held-out --folds 3 --json"
        assert main(arguments.split()) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["best"] == {"covariance_type": "full", "n_components": 3}
        good, bad = report["candidates"]
        assert good["failure"] is None
        assert bad["held-out"] is None
        assert "n_samples" in bad["failure"]
        assert report["output"] is None
