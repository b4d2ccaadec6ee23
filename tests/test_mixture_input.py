"""Bad input to GaussianMixture, and input in unusual memory."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris

from gmm_rs import DataTypeError, DimensionError, GaussianMixture, NonFiniteError, ParameterError

X = load_iris().data
N = len(X)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n_components", [0, -1, 1.5, "2", None, True]),
        ("covariance_type", ["round", None, 3]),
        ("tol", [-1e-3, np.nan, "small", None]),
        ("reg_covar", [-1e-6, np.inf, "automatic", None]),
        ("max_iter", [-1, 2.5, None]),
        ("n_init", [0, 1.5]),
        ("init_params", ["kmean", None, 1.5]),
        ("random_state", [-1, "0", 1.5]),
        ("warm_start", ["yes", 2, None]),
        ("verbose", [-1, "much", 0.5]),
        ("verbose_interval", [0, None]),
        ("acceleration", ["fast", 1]),
        ("stop", ["never", None]),
        ("max_time", [0, -1.0, "1s", np.nan]),
        ("callback", [3, "print"]),
        ("progress", ["bar", None]),
        ("num_threads", [0, -1, 1.5]),
    ],
)
def test_parameters_out_of_their_domain(name, values):
    for value in values:
        mixture = GaussianMixture(**{"n_components": 2, name: value})  # the constructor checks nothing
        with pytest.raises((ParameterError, DimensionError), match=name):
            mixture.fit(X)
        assert not hasattr(mixture, "means_")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("weights_init", [0.5, 0.4], "weights.*normalized"),
        ("weights_init", [1.5, -0.5], r"weights.*\[0, 1\]"),
        ("weights_init", [1.0], r"weights.*shape of \(2,\), but got \(1,\)"),
        ("weights_init", ["a", "b"], "weights"),
        ("means_init", np.zeros((2, 3)), r"means.*shape of \(2, 4\), but got \(2, 3\)"),
        ("means_init", np.full((2, 4), np.nan), "means.*finite"),
        ("precisions_init", np.zeros((2, 4)), r"full precision.*shape of \(2, 4, 4\), but got \(2, 4\)"),
        ("precisions_init", np.zeros((2, 4, 4)), "full precision.*positive-definite"),
        ("precisions_init", np.triu(np.ones((2, 4, 4))) + np.eye(4), "full precision.*symmetric"),
        ("init_params", np.zeros(N - 1), rf"init_params.*\({N},\).*\({N - 1},\)"),
        ("init_params", np.full(N, 2), "init_params.*row 0 is 2"),
        ("init_params", np.full(N, 0.5), "init_params.*row 0 is 0.5"),
        ("init_params", np.full(N, -1), "init_params.*row 0 is -1"),
        ("init_params", -np.ones((N, 2)), "init_params.*not negative"),
        ("init_params", np.zeros((N, 3)), r"init_params.*\(150, 2\).*\(150, 3\)"),
        ("init_params", lambda X, n_components, random_state: X, "what init_params returns.*shape"),
    ],
)
def test_starts_that_do_not_fit(name, value, words):
    with pytest.raises(ValueError, match=words):
        GaussianMixture(2, **{name: value}).fit(X)


NOT_DATA = [
    (X[0], DimensionError, r"X must be 2-D.*\(4,\).*Reshape"),
    (X[None], DimensionError, "X must be 2-D.*3 dimensions"),
    (np.zeros((0, 4)), DimensionError, r"X must.*0 sample\(s\)"),
    (np.zeros((9, 0)), DimensionError, r"X must.*0 feature\(s\)"),
    ([[1.0, 2.0], [3.0]], DimensionError, "X cannot become a matrix.*same number"),
    (X.astype(str), DataTypeError, "X has dtype <U.*real numbers"),
    (X.astype(complex), DataTypeError, "X has dtype complex128.*Complex data not supported"),
    (np.where(X > 5, None, X), DataTypeError, "X has dtype object and holds None"),
    (X.astype("O").astype(str).astype("O"), DataTypeError, "X has dtype object and holds '5.1'"),
    (scipy.sparse.csr_array(X), DataTypeError, "X is sparse"),
    (np.ma.masked_greater(X, 5), ParameterError, "X is a masked array"),
    (np.where(X > 7, np.nan, X), NonFiniteError, "NaN at row 102"),
    (np.where(X > 7, np.inf, X), NonFiniteError, "inf at row 102"),
]


@pytest.mark.parametrize(("data", "error", "words"), NOT_DATA)
def test_data_that_are_refused(data, error, words):
    with pytest.raises(error, match=words):
        GaussianMixture(2).fit(data)
    fitted = GaussianMixture.from_parameters([1.0], np.zeros((1, 4)), np.ones((1, 4)), "diag")
    with pytest.raises(error, match=words):
        fitted.predict(data)


def test_a_function_for_the_start_sees_finite_data_only():
    mixture = GaussianMixture(2, init_params=lambda *_, **__: pytest.fail("called"))
    with pytest.raises(NonFiniteError, match="X holds NaN at row 102, column 0; every entry must be finite"):
        mixture.fit(np.where(X > 7, np.nan, X))


def test_sizes_that_do_not_fit():
    with pytest.raises(DimensionError, match="n_samples >= n_components but got n_components = 3, n_samples = 2"):
        GaussianMixture(3).fit(X[:2])
    with pytest.raises(DimensionError, match=r"1 sample\(s\)"):
        GaussianMixture().fit(X[:1])
    with pytest.raises(DimensionError, match="X has 3 features, but GaussianMixture is expecting 4"):
        GaussianMixture().fit(X).predict(X[:, :3])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("sample_weight", np.ones(N - 1), rf"sample_weight.*\({N},\).*\({N - 1},\)"),
        ("sample_weight", np.ones((N, 1)), "sample_weight.*shape"),
        ("sample_weight", np.zeros(N), "sample_weight is zero for every row"),
        ("sample_weight", -np.ones(N), r"sample_weight.*-1.0 at index \(0,\)"),
        ("sample_weight", np.full(N, np.nan), "sample_weight.*nan"),
        ("sample_weight", ["much"] * N, "sample_weight has dtype"),
        ("class_prior", np.ones(N), "class_prior.*shape"),
        ("class_prior", np.ones((N, 3)), r"class_prior.*\(150, 2\).*\(150, 3\)"),
        ("class_prior", -np.ones((N, 2)), r"class_prior.*-1.0 at index \(0, 0\)"),
        ("class_prior", np.full((N, 2), np.inf), "class_prior.*inf"),
        ("class_prior", np.vstack([np.ones((N - 1, 2)), np.zeros((1, 2))]), "class_prior is zero.*row 149"),
    ],
)
def test_knowledge_of_rows_that_does_not_fit(name, value, words):
    with pytest.raises(ValueError, match=words):
        GaussianMixture(2).fit(X, **{name: value})
    fitted = GaussianMixture(2, random_state=0).fit(X)
    for method in (fitted.score, fitted.aic, fitted.bic, fitted.icl):
        with pytest.raises(ValueError, match=words):
            method(X, **{name: value})


def test_the_callers_arrays_are_never_changed():
    arrays = {
        "X": X.copy(),
        "sample_weight": np.linspace(0.0, 1.0, N),
        "class_prior": np.outer(np.linspace(1.0, 2.0, N), [3.0, 5.0]),
        "means_init": X[:2].copy(),
        "weights_init": np.array([0.5, 0.5]),
        "precisions_init": np.stack([np.eye(4)] * 2),
    }
    originals = {name: array.copy() for name, array in arrays.items()}
    for array in arrays.values():
        array.flags.writeable = False
    mixture = GaussianMixture(2, **{name: arrays[name] for name in ("means_init", "weights_init", "precisions_init")})
    mixture.fit(arrays["X"], sample_weight=arrays["sample_weight"], class_prior=arrays["class_prior"])
    mixture.predict_log_proba(arrays["X"], class_prior=arrays["class_prior"])
    for name, array in arrays.items():
        assert_array_equal(array, originals[name])


def _memory_mapped(array, tmp_path):
    np.save(tmp_path / "rows.npy", array)
    return np.load(tmp_path / "rows.npy", mmap_mode="r")


LAYOUTS = {
    "Fortran": lambda array, _: np.asfortranarray(array),
    "every other row": lambda array, _: np.repeat(array, 2, axis=0)[::2],
    "negative strides": lambda array, _: array[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": lambda array, _: _read_only(array),
    "big-endian": lambda array, _: array.astype(array.dtype.newbyteorder(">")),
    "memory-mapped": _memory_mapped,
    "a field of records": lambda array, _: _records(array),
    "objects": lambda array, _: array.astype(object) if array.dtype == np.float64 else array,
}


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def _records(array):
    records = np.zeros(len(array), dtype=[("tag", "u1"), ("row", array.dtype, (array.shape[1],))])
    records["row"] = array
    return records["row"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_memory_layout_changes_no_bit(layout, dtype, tmp_path):
    rows = X.astype(dtype)
    unusual = LAYOUTS[layout](rows, tmp_path)
    expected = GaussianMixture(3, random_state=1).fit(rows)
    found = GaussianMixture(3, random_state=1).fit(unusual)
    for name in ("weights_", "means_", "covariances_", "precisions_cholesky_", "lower_bounds_"):
        assert_array_equal(getattr(found, name), getattr(expected, name))
    for method in ("predict", "predict_proba", "predict_log_proba", "score_samples"):
        assert_array_equal(getattr(found, method)(unusual), getattr(expected, method)(rows))


@pytest.mark.parametrize("num_threads", [2, 3, 4, 5])
def test_threads_change_no_bit(num_threads):
    rows = np.random.default_rng(0).standard_normal((5000, 3)) ** 3
    expected = GaussianMixture(3, n_init=3, random_state=1, num_threads=1).fit(rows)
    found = GaussianMixture(3, n_init=3, random_state=1, num_threads=num_threads).fit(rows)
    for name in ("weights_", "means_", "covariances_", "lower_bounds_", "restarts_"):
        assert_array_equal(getattr(found, name), getattr(expected, name))
    assert_array_equal(found.sample(1000, random_state=2)[0], expected.sample(1000, random_state=2)[0])


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_what_float32_cannot_hold_is_an_error_that_says_what_to_do(scale):
    rows = (X * scale).astype(np.float32)
    with pytest.raises(ParameterError, match=r"X is float32.*astype\(numpy.float64\)"):
        GaussianMixture(2, random_state=0).fit(rows)
    wide = GaussianMixture(2, random_state=0).fit(rows.astype(np.float64))
    assert_array_equal(wide.predict(rows), wide.predict(rows.astype(np.float64)))
