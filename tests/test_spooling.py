"""What is read once and kept in a temporary file: of a fit text always, and Parquet where there is room."""

import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_array_equal
from tables import KINDS, NAMES, read_whole, save_parquet, save_text, to_table

from gmm_rs import GaussianMixture, NonFiniteError, open_rows, select
from gmm_rs.cli import main
from gmm_rs.cli._input import open_table_to_fit
from gmm_rs.sources._text import TextRows

pytestmark = pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")

N_ITER = 7
N_ROWS = 20_000  # so many that a fit does not keep them in memory
RNG = np.random.default_rng(0)
ROWS = 3.0 * RNG.normal(size=(2, 3))[RNG.integers(2, size=N_ROWS)] + RNG.normal(size=(N_ROWS, 3))


def save_csv(rows):
    return save_text(rows, "rows.csv", delimiter=",", header=",".join(NAMES), comments="")


@pytest.fixture
def readings(monkeypatch):
    """One entry for each pass over a Parquet file or a text."""
    passes = []

    def count(owner, name):
        method = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given, **named: passes.append(name) or method(*given, **named))

    count(pq.ParquetFile, "iter_batches")
    count(TextRows, "_pieces")
    return passes


@pytest.fixture
def files(monkeypatch):
    """The temporary files that are made, and no others."""
    made, make = [], tempfile.TemporaryFile

    def keep(**options):
        made.append(make(**options))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", keep)
    return made


@pytest.fixture
def set_free(monkeypatch):
    """A function that says how many bytes are free in the folder for temporary files."""

    def set_to(n_bytes):
        def disk_usage(folder):
            assert folder == tempfile.gettempdir()
            return SimpleNamespace(free=n_bytes)

        monkeypatch.setattr(shutil, "disk_usage", disk_usage)

    return set_to


def fitted(data):
    return GaussianMixture(2, tol=0.0, max_iter=N_ITER, random_state=0).fit(data)


def assert_equal(found, expected):
    for name in ("weights_", "means_", "covariances_", "lower_bounds_"):
        assert_array_equal(getattr(found, name), getattr(expected, name))


def test_spooled_rows_are_read_once():
    passes = []

    def make():
        passes.append(None)
        return iter([to_table(ROWS)])

    source = open_rows(make).spooled()
    passes.clear()
    for _ in range(2):
        assert_array_equal(read_whole(source), ROWS)
    assert not passes
    assert (source.feature_names, source.n_rows) == (NAMES, N_ROWS)


class TestFit:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("save", [save_csv, save_parquet])
    def test_what_is_parsed_or_decoded_is_read_once(self, save, dtype, readings, files):
        rows = ROWS.astype(dtype)
        found = fitted(open_rows(save(rows), dtype=dtype))
        assert len(readings) == len(files) == 1
        assert_equal(found, fitted(rows))
        assert list(found.feature_names_in_) == list(NAMES)

    @pytest.mark.parametrize("options", [{}, {"dtype": "float32"}, {"columns": ["c", "a"]}])
    def test_parquet_that_has_no_room_is_decoded_in_each_pass(self, options, readings, files, set_free):
        source = open_rows(save_parquet(ROWS), **options)
        rows = read_whole(source)
        for missing in (0, 1):
            readings.clear()
            files.clear()
            set_free(2 * rows.nbytes - missing)
            assert_equal(fitted(source), fitted(rows))
            assert len(files) == 1 - missing
            assert len(readings) >= N_ITER if missing else len(readings) == 1

    def test_text_needs_no_known_room(self, readings, files, set_free):
        set_free(0)
        assert_equal(fitted(open_rows(save_csv(ROWS))), fitted(ROWS))
        assert len(readings) == len(files) == 1

    def test_parquet_needs_no_folder_for_temporary_files(self, readings, files, monkeypatch):
        def gettempdir():
            raise FileNotFoundError("no usable temporary directory")

        monkeypatch.setattr(tempfile, "gettempdir", gettempdir)
        assert_equal(fitted(open_rows(save_parquet(ROWS))), fitted(ROWS))
        assert len(readings) >= N_ITER
        assert files == []

    @pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"csv", "txt", "parquet"}))
    def test_nothing_else_is_spooled(self, kind, files):
        assert_equal(fitted(open_rows(KINDS[kind](ROWS))), fitted(read_whole(open_rows(KINDS[kind](ROWS)))))
        assert files == []

    def test_files_of_a_function_are_decoded_in_each_pass(self, readings, files):
        path = save_parquet(ROWS)
        assert_equal(fitted(open_rows(lambda: [path])), fitted(ROWS))
        assert len(readings) >= N_ITER
        assert files == []

    @pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="tells which files are mapped")
    @pytest.mark.parametrize("save", [save_csv, save_parquet])
    def test_the_file_is_gone_when_the_fit_ends(self, save, monkeypatch):
        folder = Path("temporary").absolute()
        folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        heard = []

        def hear(*_):
            heard.append(str(folder) in Path("/proc/self/maps").read_text())

        mixture = GaussianMixture(2, random_state=0, callback=hear).fit(open_rows(save(ROWS)))
        assert mixture.converged_
        assert set(heard) == {True}
        assert str(folder) not in Path("/proc/self/maps").read_text()
        assert list(folder.iterdir()) == []

    def test_faults_are_found_with_room_and_without(self, readings, set_free):
        rows = ROWS.copy()
        rows[18_000, 1] = np.nan
        source = open_rows(save_parquet(rows))
        for n_bytes in (10**9, 0):
            set_free(n_bytes)
            with pytest.raises(NonFiniteError, match="rows.parquet holds NaN at row 18000, column 1;"):
                fitted(source)
        assert len(readings) == 2


CANDIDATES = {"n_components": (1, 2, 3), "covariance_types": ("full", "diag"), "n_init": 1, "random_state": 0}


class TestSelect:
    @pytest.mark.parametrize("criterion", ["bic", "held-out"])
    @pytest.mark.parametrize("save", [save_csv, save_parquet])
    def test_all_candidates_share_one_file(self, save, criterion, readings, files):
        found = select(open_rows(save(ROWS)), criterion=criterion, **CANDIDATES)
        assert len(readings) == len(files) == 1
        expected = select(ROWS, criterion=criterion, **CANDIDATES)
        assert_array_equal(found.table[criterion], expected.table[criterion])
        assert_equal(found.best_model_, expected.best_model_)
        assert list(found.best_model_.feature_names_in_) == list(NAMES)

    def test_without_room(self, readings, files, set_free):
        set_free(0)
        found = select(open_rows(save_parquet(ROWS)), **CANDIDATES)
        assert len(readings) > 6
        assert files == []
        assert_equal(found.best_model_, select(ROWS, **CANDIDATES).best_model_)


class TestCommands:
    @pytest.mark.parametrize("save", [save_csv, save_parquet])
    def test_a_table_is_read_once(self, save, readings, files, capsys):
        path = str(save(ROWS))
        assert main(["fit", path, "-k", "2", "-o", "model.npz", "--restarts", "1", "--json"]) == 0
        assert len(readings) == len(files) == 1
        assert_array_equal(
            GaussianMixture.load("model.npz").means_, GaussianMixture(2, random_state=0).fit(ROWS).means_
        )
        assert main(["select", path, "--components", "1:2", "--covariance", "full,diag", "--restarts", "1"]) == 0
        assert len(readings) == len(files) == 2

    def test_parquet_that_has_no_room_is_decoded_in_each_pass(self, readings, files, set_free, capsys):
        for missing in (0, 1):
            readings.clear()
            files.clear()
            set_free(2 * ROWS.nbytes - missing)
            rows = open_table_to_fit(str(save_parquet(ROWS)), None)
            assert len(files) == 1 - missing
            for _ in range(3):
                assert_array_equal(read_whole(rows), ROWS)
            assert len(readings) == (3 if missing else 1)
            assert (rows.name, rows.n_rows, rows.feature_names) == ("rows.parquet", N_ROWS, NAMES)
        assert main(["fit", "rows.parquet", "-k", "2", "-o", "model.npz", "--restarts", "1"]) == 0
        assert len(files) == 0
        assert_array_equal(
            GaussianMixture.load("model.npz").means_, GaussianMixture(2, random_state=0).fit(ROWS).means_
        )

    def test_faults_are_found_with_room_and_without(self, set_free):
        rows = ROWS.copy()
        rows[18_000, 1] = np.nan
        save_parquet(rows)
        for n_bytes in (10**9, 0):
            set_free(n_bytes)
            with pytest.raises(NonFiniteError, match="rows.parquet holds NaN or infinity in row 18001;"):
                read_whole(open_table_to_fit("rows.parquet", None))
