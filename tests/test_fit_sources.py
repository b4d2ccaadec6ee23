"""Fits of rows that are read block by block: the bits that the array gives, and errors that name the place."""

import signal
import threading
import time
import weakref
from contextlib import contextmanager

import numpy as np
import pytest
from commands import posix
from mixtures import COVARIANCE_TYPES, DTYPES
from numpy.testing import assert_array_equal
from tables import KINDS, expected_dtype, save_npy, save_parquet, save_text

from gmm_rs import DimensionError, GaussianMixture, GmmError, NonFiniteError, ParameterError, RowSource, open_rows

pytestmark = pytest.mark.filterwarnings("ignore:Best performing initialization did not converge")

MANY = 70_000  # starts are tried on a part of them
FEW = 500
SETTINGS = {"n_components": 3, "tol": 0.0, "max_iter": 4, "random_state": 1, "num_threads": 2}
RNG = np.random.default_rng(0)
CENTRES = 4.0 * RNG.normal(size=(3, 3))
ROWS = CENTRES[RNG.integers(3, size=MANY)] + RNG.normal(size=(MANY, 3))
LABELS = RNG.integers(3, size=MANY)
WEIGHTS = RNG.random(MANY)
PRIOR = RNG.random((MANY, 3))


def fitted(data, known=None, **changes):
    return GaussianMixture(**SETTINGS | changes).fit(data, **known or {})


def assert_equal(found, expected):
    for name in ("weights_", "means_", "covariances_", "lower_bounds_", "n_iter_", "converged_"):
        assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.weights_.dtype == expected.weights_.dtype
    assert found.restarts_ == expected.restarts_


@pytest.mark.parametrize("n_rows", [FEW, MANY])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_kind_gives_the_bits_of_the_array(kind, n_rows, dtype):
    rows = ROWS[:n_rows].astype(dtype)
    source = open_rows(KINDS[kind](rows))
    changes = {"max_iter": 1, "init_params": "random_from_data"} if n_rows == MANY else {}
    assert_equal(fitted(source, **changes), fitted(rows.astype(expected_dtype(kind, rows)), **changes))


@pytest.mark.parametrize("n_rows", [FEW, MANY])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_map_need_not_be_opened(n_rows, order):
    rows = ROWS[:n_rows]
    save_npy(rows, order)
    assert_equal(fitted(np.load("rows.npy", mmap_mode="r")), fitted(rows))


@pytest.mark.parametrize("n_rows", [FEW, MANY])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "changes",
    [
        *({"covariance_type": kind} for kind in COVARIANCE_TYPES),
        {"acceleration": "squarem", "max_iter": 8},
        {"n_init": 3, "init_params": "random"},
        {"init_params": "k-means++", "weights_init": [0.2, 0.3, 0.5]},
        {"init_params": "short-em", "max_iter": 1},
        {"means_init": CENTRES},
        {"tol": 1e-3, "max_iter": 100, "stop": "relative", "reg_covar": 0.0},
    ],
)
def test_every_setting_gives_the_bits_of_the_array(changes, dtype, n_rows):
    rows = ROWS[:n_rows].astype(dtype)
    assert_equal(fitted(open_rows(save_npy(rows)), **changes), fitted(rows, **changes))


@pytest.mark.parametrize("n_rows", [FEW, MANY])
@pytest.mark.parametrize("covariance_type", ["full", "tied"])
@pytest.mark.parametrize(
    ("names", "init_params"),
    [
        (("sample_weight",), "kmeans"),
        (("class_prior",), "kmeans"),
        (("sample_weight", "class_prior"), "random"),
        ((), "labels"),
        (("sample_weight",), "responsibilities"),
    ],
)
def test_what_is_known_of_rows_gives_the_bits_of_the_array(names, init_params, covariance_type, n_rows):
    rows = ROWS[:n_rows]
    of_rows = {"sample_weight": WEIGHTS, "class_prior": PRIOR, "labels": LABELS, "responsibilities": PRIOR[::-1]}
    known = {name: of_rows[name][:n_rows] for name in names}
    changes = {
        "covariance_type": covariance_type,
        "init_params": of_rows[init_params][:n_rows] if init_params in of_rows else init_params,
    }
    source = open_rows(save_parquet(rows, group=9999))
    assert_equal(fitted(source, known, **changes), fitted(rows, known, **changes))


def test_a_warm_start_gives_the_bits_of_the_array():
    source = open_rows(save_npy(ROWS))
    of_source, of_array = (GaussianMixture(**SETTINGS, warm_start=True) for _ in range(2))
    for _ in range(2):
        assert_equal(of_source.fit(source), of_array.fit(ROWS))


@pytest.mark.parametrize("dtype", DTYPES)
def test_pieces_with_rows_or_columns_side_by_side_give_the_bits_of_the_array(dtype):
    rows = ROWS.astype(dtype)
    pieces = [np.asarray(piece, order="CF"[i % 2]) for i, piece in enumerate(np.array_split(rows, 17))]
    assert_equal(fitted(open_rows(lambda: iter(pieces))), fitted(rows))


@pytest.mark.parametrize("order", ["C", "F"])
def test_units_of_extreme_size_give_the_bits_of_the_array(order):
    rows = np.asarray(1e-140 * ROWS, order=order)
    assert_equal(fitted(open_rows(rows)), fitted(rows))
    assert_equal(fitted(open_rows(save_parquet(rows, group=9999))), fitted(rows))


@pytest.mark.parametrize("num_threads", [1, 3])
def test_any_number_of_threads_gives_the_same_bits(num_threads):
    rows = np.tile(ROWS, (8, 1)).astype(np.float32)
    source = open_rows(save_npy(rows))
    changes = {"init_params": "random_from_data", "max_iter": 1}
    assert_equal(fitted(source, num_threads=num_threads, **changes), fitted(rows, **changes))


def test_fit_predict_reads_the_source():
    assert_array_equal(GaussianMixture(**SETTINGS).fit_predict(open_rows(save_npy(ROWS))), fitted(ROWS).predict(ROWS))


def wide_rows():
    """Many blocks of the pass that counts and checks."""
    return RNG.normal(size=(MANY, 20)).astype(np.float32)


class Counted:
    """A function that gives pieces of rows; counts the iterators that are open, and passes before an error."""

    def __init__(self, rows, *, fails_in=None, error=None):
        self.rows = rows
        self.n_passes = self.n_open = 0
        self._fails_in = fails_in
        self._error = error

    def __call__(self):
        self.n_passes += 1
        return self._pieces(self.n_passes)

    def _pieces(self, number):
        self.n_open += 1
        try:
            for start in range(0, len(self.rows), 9000):
                if number == self._fails_in and start > 0:
                    raise self._error
                yield self.rows[start : start + 9000]
        finally:
            self.n_open -= 1


class TestErrors:
    @pytest.mark.parametrize("kind", ["npy", "columns first", "parquet", "csv", "arrays"])
    @pytest.mark.parametrize(("value", "shown"), [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "-inf")])
    def test_not_finite(self, kind, value, shown):
        rows = ROWS.copy()
        rows[69_000, 2] = rows[69_500, 0] = value
        source = open_rows(KINDS[kind](rows))
        with pytest.raises(NonFiniteError) as raised:
            fitted(source)
        assert str(raised.value).startswith(f"{source.name} holds {shown} at row 69000, column 2;")

    def test_not_finite_in_a_later_block(self):
        rows = wide_rows()
        rows[65_000, 3] = np.nan
        source = Counted(rows)
        with pytest.raises(NonFiniteError, match="the function holds NaN at row 65000, column 3"):
            fitted(open_rows(source))
        assert source.n_open == 0

    @pytest.mark.parametrize(
        ("n_rows", "message"),
        [
            (1, r"Found array with 1 sample\(s\) while a minimum of 2 is required by GaussianMixture"),
            (2, "Expected n_samples >= n_components but got n_components = 3, n_samples = 2"),
            (0, "0 rows|no rows|0 sample"),
        ],
    )
    @pytest.mark.parametrize("kind", ["npy", "parquet", "csv"])
    def test_few_rows(self, kind, n_rows, message):
        with pytest.raises(DimensionError, match=message):
            fitted(open_rows(KINDS[kind](ROWS[:n_rows])))

    def test_as_many_rows_as_components(self):
        rows = ROWS[:3]
        assert_equal(fitted(open_rows(save_npy(rows))), fitted(rows))

    def test_a_start_by_a_function(self):
        with pytest.raises(ParameterError, match=r"init_params is a function, which needs an array.*rows\.npy"):
            fitted(open_rows(save_npy(ROWS)), init_params=lambda *_: LABELS)

    @pytest.mark.parametrize("name", ["sample_weight", "class_prior"])
    def test_another_number_of_weights(self, name):
        known = {name: {"sample_weight": WEIGHTS, "class_prior": PRIOR}[name][:-1]}
        with pytest.raises(DimensionError, match=f"{name} must have shape"):
            fitted(open_rows(save_text(ROWS, "rows.csv", delimiter=",")), known)

    @pytest.mark.parametrize("n_rows", [FEW, MANY])
    def test_an_exception_of_the_function_arrives_as_it_is(self, n_rows):
        rows = np.repeat(ROWS, 20, axis=0)[:20_000] if n_rows == FEW else ROWS
        changes = {"n_init": 3, "init_params": "random_from_data", "max_iter": 2}
        of_all = Counted(rows)
        fitted(open_rows(of_all), **changes)
        for number in range(2, of_all.n_passes + 1):
            error = ConnectionError("the database is gone")
            source = Counted(rows, fails_in=number, error=error)
            with pytest.raises(ConnectionError) as raised:
                fitted(open_rows(source), **changes)
            assert raised.value is error
            assert (source.n_passes, source.n_open) == (number, 0)

    def test_an_exception_of_a_callback_ends_the_reading(self):
        def enough(iteration, lower_bound):
            raise LookupError

        source = Counted(ROWS)
        with pytest.raises(LookupError):
            fitted(open_rows(source), callback=enough, max_iter=10**9)
        assert source.n_open == 0


class Changing:
    """A function that gives other rows from some pass on."""

    def __init__(self, later, number):
        self._later = later
        self._n_left = number

    def __call__(self):
        self._n_left -= 1
        rows = ROWS if self._n_left > 0 else self._later
        return iter(np.array_split(rows, 9))


class TestChanges:
    # Opening asks for the first piece, which is a call too.
    @pytest.mark.parametrize("number", [3, 4, 5, 6])
    @pytest.mark.parametrize("later", [ROWS[:-1], ROWS[:40_000], np.vstack([ROWS, ROWS[:1]])])
    def test_another_number_of_rows(self, number, later):
        with pytest.raises(GmmError, match=r"had 70000 rows when it was read first.*it must not change during a fit"):
            fitted(open_rows(Changing(later, number)))

    def test_another_width(self):
        with pytest.raises(DimensionError, match=r"item 0 of .* has 2 columns, but those before have 3"):
            fitted(open_rows(Changing(ROWS[:, :2], 4)))

    def test_no_rows(self):
        with pytest.raises(GmmError, match="no rows|it must not change during a fit"):
            fitted(open_rows(Changing(ROWS[:0], 4)))

    @pytest.mark.parametrize("number", [3, 5, 7])
    def test_no_numbers(self, number):
        with pytest.raises(GmmError):
            fitted(open_rows(Changing(np.full_like(ROWS, np.nan), number)))


class Endless(RowSource):
    """The same rows, slowly: each block takes a moment. Counts the arrays that are alive."""

    def __init__(self, rows, *, n_blocks, seconds=0.0, n_rows=None):
        super().__init__("slow rows", rows.shape[1], rows.dtype)
        self._rows, self._n_blocks, self._seconds = rows, n_blocks, seconds
        self.most_alive = 0

    def _pieces(self, n_rows):
        alive = []
        for _ in range(self._n_blocks):
            time.sleep(self._seconds)
            piece = self._rows.copy()
            alive = [array for array in alive if array() is not None] + [weakref.ref(piece)]
            self.most_alive = max(self.most_alive, len(alive))
            yield piece
            del piece


class TestReading:
    def test_few_pieces_are_alive(self):
        source = Endless(ROWS[:5000], n_blocks=40)
        fitted(source, max_iter=2)
        assert source.most_alive <= 2

    @posix
    @pytest.mark.parametrize("n_blocks", [10**9, 4])
    def test_ctrl_c_ends_a_fit_that_reads_slowly(self, n_blocks):
        source = Endless(np.tile(ROWS[:1000], 7), n_blocks=30 * n_blocks, seconds=0.002)
        sent = []

        def press():
            sent.append(time.monotonic())
            signal.raise_signal(signal.SIGINT)

        timer = threading.Timer(0.5, press)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            fitted(source, max_iter=10**9)
        assert time.monotonic() - sent[0] < 1.0
        timer.join()

    @posix
    def test_the_next_block_is_read_while_one_is_in_use(self):
        seen = []
        next_is_read = threading.Event()

        def in_use(number, frame):
            seen.append(next_is_read.wait(10.0))

        def load():
            rows = wide_rows()[: 2**17 // 20]  # a block of the pass that counts and checks
            yield rows[:1]
            if not next_is_read.is_set():
                signal.raise_signal(signal.SIGUSR1)  # the main thread hears it when it has counted the first block
            yield rows
            next_is_read.set()
            yield rows

        source = open_rows(load)
        with handled(signal.SIGUSR1, in_use):
            fitted(source, max_iter=0, init_params="random_from_data")
        assert seen
        assert all(seen)


@contextmanager
def handled(number, handler):
    previous = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, previous)
