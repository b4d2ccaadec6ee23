"""Fits that are interrupted and taken up again: equal bits, and a file that is whole, or the user's own."""

import errno
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from commands import posix
from numpy.testing import assert_array_equal
from tables import save_parquet

from gmm_rs import ConvergenceWarning, GaussianMixture, ParameterError, open_rows
from gmm_rs.mixture import _checkpoint
from gmm_rs.mixture._checkpoint import Checkpoint

pytestmark = pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")

PATH = Path("fit.checkpoint")
RNG = np.random.default_rng(0)
X = 2.0 * RNG.integers(3, size=(20_000, 1)) + RNG.normal(size=(20_000, 2))
SETTINGS = {"n_components": 4, "tol": 0.0, "max_iter": 12, "random_state": 5, "init_params": "random_from_data"}


class EnoughError(Exception):
    """What a callback ends a fit with."""


class Ending:
    """A callback that ends the fit when it has heard of so many iterations."""

    def __init__(self, after=1):
        self.n_heard = 0
        self._after = after

    def __call__(self, iteration, lower_bound):
        self.n_heard += 1
        if self.n_heard >= self._after:
            raise EnoughError


MANY_ROWS = np.tile(X, (4, 1))  # starts are tried on a part of them, and passes read them


class Failing:
    """A function that gives rows a number of times."""

    def __init__(self, rows):
        self.n_passes_left = 10**9
        self._rows = rows

    def __call__(self):
        self.n_passes_left -= 1
        if self.n_passes_left < 0:
            raise ConnectionError("gone")
        return iter(np.array_split(self._rows, 7))


def whole(rows=X, *, known=None, **changes):
    return GaussianMixture(**SETTINGS | changes).fit(rows, **known or {})


def interrupted(rows=X, *, known=None, **changes):
    """The content of the file that a fit leaves which its callback ends."""
    with pytest.raises(EnoughError):
        GaussianMixture(**SETTINGS | {"callback": Ending()} | changes).fit(rows, **known or {}, checkpoint=PATH)
    return PATH.read_bytes()


def taken_up(rows=X, *, known=None, **changes):
    return GaussianMixture(**SETTINGS | changes).fit(rows, **known or {}, checkpoint=PATH)


def assert_equal(found, expected):
    for name in ("weights_", "means_", "covariances_", "lower_bounds_", "lower_bound_", "n_iter_", "converged_"):
        assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.restarts_ == expected.restarts_


def in_folder():
    return {path.name for path in Path().iterdir()}


class TestTakingUp:
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"n_init": 3, "max_iter": 100},
            {"acceleration": "squarem", "covariance_type": "diag"},
            {"covariance_type": "tied", "tol": 1e-4, "max_iter": 1000},
            {"covariance_type": "spherical", "init_params": "kmeans"},
            {"init_params": np.arange(len(X)) % 4},
        ],
    )
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_a_fit_that_is_interrupted_often(self, changes, dtype):
        rows = X.astype(dtype)
        expected = whole(rows, **changes)
        for _ in range(expected.n_iter_ * len(expected.restarts_) + 1):
            try:
                found = taken_up(rows, callback=Ending(), **changes)
            except EnoughError:
                assert in_folder() == {PATH.name}
            else:
                break
        assert_equal(found, expected)
        assert in_folder() == set()

    def test_weights_and_priors(self):
        known = {"sample_weight": RNG.random(len(X)), "class_prior": RNG.random((len(X), 4))}
        interrupted(known=known)
        assert_equal(taken_up(known=known), whole(known=known))

    def test_a_source_that_fails_again_and_again(self):
        source = Failing(MANY_ROWS)
        changes = {"n_init": 2, "max_iter": 4}
        n_failures = 0
        for _ in range(20):
            source.n_passes_left = 9
            try:
                found = taken_up(open_rows(source), **changes)
            except ConnectionError:
                n_failures += 1
            else:
                break
        assert n_failures >= 2
        assert_equal(found, whole(MANY_ROWS, **changes))
        assert in_folder() == set()

    def test_what_was_done_is_not_done_again(self):
        source = Failing(MANY_ROWS)
        source.n_passes_left = 20
        with pytest.raises(ConnectionError):
            taken_up(open_rows(source), max_iter=30)
        source.n_passes_left = 10**9
        heard = []
        found = taken_up(open_rows(source), max_iter=30, callback=lambda *told: heard.append(told))
        assert_equal(found, whole(MANY_ROWS, max_iter=30))
        n_left = len(heard)
        assert 10 <= n_left <= 20
        assert heard == list(enumerate(found.lower_bounds_, start=1))[-n_left:]

    def test_the_source_of_the_same_rows_goes_on(self):
        interrupted()
        np.save("X.npy", X)
        assert_equal(taken_up(open_rows("X.npy")), whole())

    @pytest.mark.parametrize("room", [(10**9, 10**9), (0, 0), (0, 10**9), (10**9, 0)])
    def test_parquet_with_room_for_a_copy_or_without(self, room, monkeypatch):
        free = iter(room)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=next(free)))
        rows = MANY_ROWS[:, [0, 1, 0]]
        source = open_rows(save_parquet(rows, group=9999))
        interrupted(source)
        assert_equal(taken_up(source), whole(rows))
        assert next(free, None) is None

    def test_ctrl_c(self):
        def press(iteration, lower_bound):
            signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            taken_up(callback=press)
        assert_equal(taken_up(), whole())

    @pytest.mark.parametrize("n_init", [1, 3])
    def test_a_little_time_again_and_again(self, n_init):
        changes = {"n_init": n_init, "max_iter": 3}
        found = taken_up(max_time=1e-9, **changes)
        for _ in range(3 * n_init):
            if not PATH.exists():
                break
            found = taken_up(max_time=1e-9, **changes)  # each makes an iteration at least
        assert_equal(found, whole(**changes))
        assert in_folder() == set()

    def test_a_fit_that_converges_with_its_last_time_is_done(self):
        changes = {"n_components": 1, "tol": 1e-3}
        found = taken_up(max_time=1e-9, **changes)
        assert found.converged_
        assert in_folder() == set()

    @posix
    def test_a_process_that_is_killed(self):
        np.save("X.npy", X)
        code = f"""
import os, signal
import numpy as np
from pathlib import Path
from gmm_rs import GaussianMixture
from gmm_rs.mixture import _checkpoint

def kill(iteration, lower_bound):
    if Path("{PATH}").exists():
        os.kill(os.getpid(), signal.SIGKILL)

_checkpoint._SECONDS = 0.0
GaussianMixture(**{SETTINGS | {"max_iter": 400}}, callback=kill).fit(np.load("X.npy"), checkpoint="{PATH}")
"""
        killed = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
        assert killed.returncode == -signal.SIGKILL
        assert in_folder() == {"X.npy", PATH.name}
        assert_equal(taken_up(max_iter=400), whole(max_iter=400))

    @pytest.mark.parametrize("kind", [None, np.random.default_rng, np.random.RandomState])
    def test_the_seed_is_that_of_the_earlier_fit(self, kind):
        def random_state(seed):
            if kind is None:
                np.random.seed(seed)
                return None
            return kind(seed)

        expected = whole(random_state=random_state(3))
        interrupted(random_state=random_state(3))
        assert_equal(taken_up(random_state=random_state(4)), expected)
        assert not np.array_equal(whole(random_state=random_state(4)).means_, expected.means_)

    def test_a_warm_start(self):
        expected = whole(warm_start=True).fit(X)
        mixture = whole(warm_start=True)
        with pytest.raises(EnoughError):
            mixture.set_params(callback=Ending()).fit(X, checkpoint=PATH)
        assert_equal(mixture.set_params(callback=None).fit(X, checkpoint=PATH), expected)

    @pytest.mark.parametrize("n_init", [1, 2])
    def test_more_iterations_are_allowed(self, n_init):
        interrupted(max_iter=4, n_init=n_init, callback=Ending(after=4 * n_init))
        assert_equal(taken_up(max_iter=20, n_init=n_init), whole(max_iter=20, n_init=n_init))

    def test_fewer_iterations_are_allowed_than_were_made(self):
        interrupted(max_iter=10**6)
        assert taken_up(max_iter=1).n_iter_ >= 1
        assert in_folder() == set()


class TestRefusal:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"rows": X + 1.0}, "of other data or weights"),
            ({"rows": X[:-1]}, "of other data or weights"),
            ({"rows": X.astype(np.float32)}, "of other data or weights"),
            ({"known": {"sample_weight": np.arange(1.0, len(X) + 1)}}, "of other data or weights"),
            ({"known": {"class_prior": np.arange(1.0, 4 * len(X) + 1).reshape(-1, 4)}}, "another number of components"),
            ({"n_components": 5}, "another number of components"),
            ({"covariance_type": "tied"}, "covariance type"),
            ({"random_state": 6}, "seed"),
            ({"n_init": 2}, "start"),
            ({"init_params": "random"}, "start"),
            ({"init_params": np.arange(len(X)) % 4}, "start"),
            ({"means_init": X[:4]}, "start"),
            ({"reg_covar": 0.1}, "prior"),
            ({"acceleration": "squarem"}, "of a fit with another"),
        ],
    )
    def test_another_fit(self, change, message):
        left = interrupted()
        with pytest.raises(ParameterError, match=f"checkpoint is .*{message}.*remove it to begin anew"):
            taken_up(**change)
        assert PATH.read_bytes() == left
        assert_equal(taken_up(), whole())

    def test_starts_that_differ_in_little(self):
        labels = np.arange(len(X)) % 4
        interrupted(init_params=labels)
        with pytest.raises(ParameterError, match="start"):
            taken_up(init_params=np.roll(labels, 1))
        means = np.zeros((400, 2))
        PATH.unlink()
        interrupted(n_components=400, means_init=means)
        means[200, 1] = 1e-9
        with pytest.raises(ParameterError, match="start"):
            taken_up(n_components=400, means_init=means)

    @pytest.mark.parametrize("content", [b"", b"my thesis", b"a fit of gmm_rs"])
    def test_a_file_that_is_no_checkpoint(self, content):
        PATH.write_bytes(content)
        self.check_found_out_before_work(ParameterError, f"is no checkpoint of a fit: {PATH}; it stays as it is")
        assert PATH.read_bytes() == content

    @pytest.mark.parametrize("damage", [lambda left: left[:-1], lambda left: left + b"0", lambda left: left[:40]])
    def test_a_damaged_file(self, damage):
        damaged = damage(interrupted())
        PATH.write_bytes(damaged)
        self.check_found_out_before_work(ParameterError, f"{PATH} is damaged: remove it to begin anew")
        assert PATH.read_bytes() == damaged

    def test_a_bit_that_has_flipped(self):
        left = bytearray(interrupted())
        left[-20] ^= 1
        PATH.write_bytes(left)
        self.check_found_out_before_work(ParameterError, "is damaged")

    def test_another_version(self):
        checkpoint = Checkpoint(PATH)
        checkpoint.seed = 5
        checkpoint.save(b"what another version leaves")
        left = PATH.read_bytes()
        with pytest.raises(ParameterError, match="no checkpoint of this version of gmm_rs"):
            taken_up()
        assert PATH.read_bytes() == left

    def test_a_place_that_cannot_be_written_to(self):
        Path("file").write_text("my thesis")
        Path("folder").mkdir()
        for path, message in (("file/fit", "cannot write into the folder file"), ("folder", "it is a folder")):
            self.check_found_out_before_work(OSError, message, path)
        assert in_folder() == {"file", "folder"}

    def check_found_out_before_work(self, error, message, path=PATH):
        n_passes = 0

        def load():
            nonlocal n_passes
            n_passes += 1
            yield X

        source = open_rows(load)
        n_before = n_passes
        with pytest.raises(error, match=message):
            GaussianMixture(**SETTINGS).fit(source, checkpoint=path)
        assert n_passes == n_before

    def test_a_wrong_argument_leaves_the_file(self):
        left = interrupted()
        with pytest.raises(ParameterError, match="n_init"):
            taken_up(n_init=0)
        with pytest.raises(ValueError, match="NaN"):
            taken_up(np.where(X[0, 0] == X, np.nan, X))
        assert PATH.read_bytes() == left


class TestSaving:
    @pytest.fixture
    def _full_disk(self, monkeypatch):
        """Let only half of a file be written."""

        def write_bytes(path, content):
            with path.open("wb") as file:
                file.write(content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))

        monkeypatch.setattr(Path, "write_bytes", write_bytes)

    def test_a_full_disk_ends_the_fit(self, monkeypatch, request):
        left = interrupted()
        request.getfixturevalue("_full_disk")
        with monkeypatch.context() as patch:
            patch.setattr(_checkpoint, "_SECONDS", 0.0)
            with pytest.raises(OSError, match=f"cannot write {PATH}: No space left on device"):
                taken_up(max_iter=10**9)
        assert PATH.read_bytes() == left
        assert in_folder() == {PATH.name}
        assert_equal(taken_up(), whole())  # which is done in less than ten seconds

    @pytest.mark.usefixtures("_full_disk")
    def test_a_full_disk_at_the_end_of_the_time(self):
        with pytest.raises(OSError, match="No space left"):
            taken_up(max_time=1e-9)

    @pytest.mark.usefixtures("_full_disk")
    def test_a_full_disk_after_an_interruption(self):
        with pytest.raises(OSError, match="No space left") as raised:
            taken_up(callback=Ending())
        assert isinstance(raised.value.__context__, EnoughError)
        assert in_folder() == set()

    def test_a_fit_that_comes_to_its_end_leaves_nothing(self, monkeypatch):
        monkeypatch.setattr(_checkpoint, "_SECONDS", 0.0)
        n_saved = 0
        save = Checkpoint.save

        def counted(self, content):
            nonlocal n_saved
            save(self, content)
            n_saved += 1
            assert in_folder() == {PATH.name}

        monkeypatch.setattr(Checkpoint, "save", counted)
        assert_equal(taken_up(), whole())
        assert n_saved > 0
        assert in_folder() == set()

    def test_a_warning_that_is_an_error_comes_at_the_end(self, monkeypatch):
        monkeypatch.setattr(_checkpoint, "_SECONDS", 0.0)
        with pytest.warns(ConvergenceWarning):
            taken_up(max_iter=2)
        assert in_folder() == set()

    def test_a_link_is_followed(self):
        Path("place").mkdir()
        try:
            PATH.symlink_to("place/fit")
        except OSError:
            pytest.skip("no links here")
        with pytest.raises(EnoughError):
            taken_up(callback=Ending())
        assert PATH.is_symlink()
        assert Path("place/fit").exists()
        assert_equal(taken_up(), whole())
