"""Results that are written block by block: whole, or not at all."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import posix
from numpy.testing import assert_array_equal
from tables import read_whole

from gmm_rs import GaussianMixture, NonFiniteError, ParameterError, open_rows
from gmm_rs.outputs import open_output
from gmm_rs.sources import _block_size

EVALUATE = ("predict", "predict_proba", "predict_log_proba", "score_samples")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(_block_size, "_ROWS", 50)


@pytest.mark.parametrize("method", EVALUATE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
class TestResults:
    def test_npy(self, stored_model, stored_rows, method, dtype):
        rows = stored_rows.astype(dtype)
        expected = getattr(stored_model, method)(rows)
        for X in (rows, open_rows(rows), open_rows(lambda: iter([rows[:7], rows[7:]]))):
            path = getattr(stored_model, method)(X, out="folder/y.npy")
            assert path == Path("folder/y.npy")
            found = np.load(path)
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
            assert_array_equal(found, expected)
        np.save("same.npy", expected)
        assert Path("same.npy").read_bytes() == path.read_bytes()

    def test_parquet(self, stored_model, stored_rows, method, dtype):
        rows = stored_rows.astype(dtype)
        expected = getattr(stored_model, method)(rows)
        table = pq.read_table(getattr(stored_model, method)(open_rows(rows), out=Path("y.parquet")))
        names = {"predict": ["label"], "score_samples": ["log_density"]}
        assert table.column_names == names.get(method, ["component_0", "component_1", "component_2"])
        assert {column.type for column in table.columns} == {pa.from_numpy_dtype(expected.dtype)}
        assert_array_equal(np.column_stack(table.columns).reshape(expected.shape), expected)
        assert pq.ParquetFile("y.parquet").num_row_groups == 3

    def test_text(self, stored_model, stored_rows, method, dtype):
        expected = getattr(stored_model, method)(stored_rows)
        for name in ("y.csv", "y.txt"):
            getattr(stored_model, method)(stored_rows, out=name)
            assert_array_equal(read_whole(open_rows(name)).reshape(expected.shape), expected)

    def test_priors(self, stored_model, stored_rows, method, dtype):
        prior = np.random.default_rng(0).random((120, 3))
        expected = getattr(stored_model, method)(stored_rows, prior)
        assert_array_equal(np.load(getattr(stored_model, method)(stored_rows, prior, out="y.npy")), expected)


class TestFaults:
    def test_places_that_cannot_be_written_to_are_found_before_work(self, stored_model, monkeypatch):
        def fail(n_rows):
            raise AssertionError

        source = open_rows(np.ones((3, 2)))
        monkeypatch.setattr(source, "blocks", fail)
        Path("file").write_text("")
        with pytest.raises(OSError, match="cannot write into the folder file"):
            stored_model.predict(source, out="file/y.npy")
        Path("folder.npy").mkdir()
        with pytest.raises(OSError, match="cannot write folder.npy: it is a folder"):
            stored_model.predict(source, out="folder.npy")
        with pytest.raises(ParameterError, match="y.xlsx: the name of a table must end in .npy, .csv, .txt or .parq"):
            stored_model.predict(source, out="y.xlsx")
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(ImportError, match=r"gmm-rs\[parquet\]"):
            stored_model.predict(source, out="y.parquet")

    @pytest.mark.parametrize("name", ["y.npy", "y.parquet", "y.csv"])
    def test_an_error_in_the_rows_leaves_the_old_file(self, stored_model, stored_rows, name):
        Path(name).write_text("old")
        before = set(Path().iterdir())
        faulty = np.tile(stored_rows, (5, 1))
        faulty[501, 1] = np.nan
        with pytest.raises(NonFiniteError, match="row 501, column 1"):
            stored_model.predict_proba(faulty, out=name)

        def interrupted():
            yield stored_rows
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stored_model.predict_proba(open_rows(interrupted), out=name)
        assert Path(name).read_text() == "old"
        assert set(Path().iterdir()) == before

    def test_a_source_that_cannot_be_read_is_not_the_output_that_cannot_be_written(self, stored_model, stored_rows):
        def lost():
            yield stored_rows
            raise OSError(5, "the server is gone")

        with pytest.raises(OSError, match="the server is gone: 'lost'"):
            stored_model.predict(open_rows(lost), out="y.npy")

        def missing():
            yield stored_rows
            Path("tomorrow.csv").read_text()

        with pytest.raises(FileNotFoundError, match=r"No such file or directory: 'tomorrow\.csv'"):
            stored_model.predict(open_rows(missing), out="y.npy")
        assert not Path("y.npy").exists()

    @posix
    @pytest.mark.parametrize("name", ["y.npy", "y.parquet", "y.csv"])
    def test_a_full_disk_leaves_the_old_file(self, stored_model, stored_rows, name):
        import resource

        Path(name).write_text("old")
        before = set(Path().iterdir())
        script = (
            "import numpy as np\n"
            "from gmm_rs import GaussianMixture, open_rows\n"
            "rows = open_rows(lambda: (np.random.default_rng(i).normal(size=(70_000, 2)) * 20 for i in range(9)))\n"
            f"GaussianMixture.load('model.npz').predict_proba(rows, out='{name}')\n"
        )
        finished = subprocess.run(
            [sys.executable, "-c", script],
            check=False,
            capture_output=True,
            encoding="utf-8",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        )
        assert finished.returncode == 1
        assert f"cannot write {name}: " in finished.stderr.splitlines()[-1]
        assert Path(name).read_text() == "old"
        assert set(Path().iterdir()) == before


def test_threads_write_into_the_same_folder_at_the_same_time(stored_model, stored_rows):
    both = threading.Barrier(2, timeout=60)
    failures = []

    def work(name):
        def pieces():
            yield stored_rows
            both.wait()
            yield stored_rows

        source = open_rows(lambda: iter([stored_rows]))
        source._make = pieces
        try:
            stored_model.predict(source, out=name)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one.npy", "two.npy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert_array_equal(np.load("one.npy"), np.load("two.npy"))
    assert len(np.load("one.npy")) == 240
    assert not [path for path in Path().iterdir() if ".staged" in path.name]


def test_output_that_is_also_input(stored_model, stored_rows):
    expected = stored_model.predict_proba(stored_rows)
    stored_model.predict_proba(open_rows("X.npy"), out="X.npy")
    assert_array_equal(np.load("X.npy"), expected)


def test_more_rows_than_there_were_digits():
    with open_output("y.npy", ["a", "b"]) as write:
        for start in range(0, 120_000, 9):
            write(np.arange(start, start + 9).repeat(2).reshape(9, 2))
    written = np.load("y.npy")
    assert written.shape == (120_006, 2)
    assert_array_equal(written[:, 0], np.arange(120_006))
    assert Path("y.npy").stat().st_size == 128 + written.nbytes


def test_a_mixture_that_is_not_fitted_writes_nothing():
    with pytest.raises(ValueError, match="not fitted"):
        GaussianMixture().predict([[1.0]], out="y.npy")
    assert list(Path().iterdir()) == []
