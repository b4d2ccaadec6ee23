"""The compiled engine against independent references: SciPy, and MAP-EM written out in NumPy."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mixtures import INSTRUCTION_SETS, em_step, fit, in_process, log_terms, parameters, random_mixture
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.special import logsumexp, softmax

from gmm_rs import _core
from gmm_rs.exceptions import DegenerateCovarianceError, DimensionError, NonFiniteError, ParameterError


@pytest.mark.parametrize(("n", "d", "k"), [(1, 1, 1), (50, 2, 3), (500, 7, 4), (1000, 20, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_evaluation_agrees_with_scipy(n: int, d: int, k: int, dtype: type) -> None:
    rng = np.random.default_rng(n)
    model = random_mixture(rng, k, d)
    X = (3 * rng.standard_normal((n, d))).astype(dtype)
    terms = log_terms(X.astype(float), model)
    options = {"covariance_type": "full", "log_prior": None, "num_threads": 2}
    # float32 data are evaluated in float32.
    rtol, atol = {"d": (1e-12, 1e-300), "f": (3e-6, 1e-5)}[X.dtype.char]
    log_prior = rng.standard_normal((n, k))
    for prior, log_joint in ((None, terms), (log_prior, terms + log_prior)):
        options["log_prior"] = prior
        assert_allclose(_core.score_samples(X, *model, **options), logsumexp(log_joint, axis=1), rtol=rtol)
        proba = _core.predict_proba(X, *model, **options)
        assert_allclose(proba, softmax(log_joint, axis=1), rtol=100 * rtol, atol=atol)
        assert_array_equal(_core.predict(X, *model, **options), log_joint.argmax(axis=1))


@pytest.mark.parametrize(("n", "d", "k"), [(200, 1, 2), (300, 2, 3), (400, 6, 4)])
@pytest.mark.parametrize("with_prior", [False, True])
def test_iterations_are_those_of_map_em(n: int, d: int, k: int, with_prior: bool) -> None:
    rng = np.random.default_rng(d)
    X = rng.standard_normal((n, d)) + 2 * rng.integers(k, size=(n, 1))
    log_prior = rng.standard_normal((n, k)) if with_prior else None
    options = {"log_prior": log_prior, "tol": 0.0}
    model = parameters(fit(X, k, max_iter=3, **options))
    for n_iter in (4, 5, 6):
        model = em_step(X, model, log_prior=0.0 if log_prior is None else log_prior)
        for found, expected in zip(parameters(fit(X, k, max_iter=n_iter, **options)), model, strict=True):
            assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_lower_bounds_are_those_of_the_model_and_its_prior() -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((150, 3)) + 3 * rng.integers(2, size=(150, 1))
    n, d, k = 150, 3, 2
    m0, S0 = X.mean(axis=0), np.diag(X.var(axis=0)) * k ** (-2 / d)

    def bound(fitted: dict[str, Any]) -> float:
        weights, means, covariances = parameters(fitted)
        value = logsumexp(log_terms(X, parameters(fitted)), axis=1).sum() + np.log(weights).sum() / k
        for mean, covariance in zip(means, covariances, strict=True):
            precision = np.linalg.inv(covariance)
            log_det = np.linalg.slogdet(covariance)[1]
            value -= 0.5 * ((2 * d + 4) * log_det + np.trace(S0 @ precision) + (mean - m0) @ precision @ (mean - m0))
        return float(value) / n

    for n_iter in (1, 4, 30):
        fitted = fit(X, k, max_iter=n_iter, tol=0.0)
        assert len(fitted["lower_bounds"]) == fitted["n_iter"] == n_iter
        assert_allclose(fitted["lower_bounds"][-1], bound(fitted), rtol=1e-12)
        log_likelihood = logsumexp(log_terms(X, parameters(fitted)), axis=1).sum()
        assert_allclose(fitted["log_likelihoods"][-1], log_likelihood, rtol=1e-12)


def test_a_given_prior_is_used_as_given() -> None:
    rng = np.random.default_rng(4)
    X = rng.standard_normal((100, 2))
    A = np.array([[2.0, 0.5], [0.5, 1.0]])
    fitted = fit(
        X,
        1,
        max_iter=1,
        weight_concentration_prior=2.0,
        mean_precision_prior=5.0,
        mean_prior=np.array([1.0, -1.0]),
        degrees_of_freedom_prior=9.0,
        covariance_prior=A,
    )
    mean, m0 = X.mean(axis=0), np.array([1.0, -1.0])
    scatter = (X - mean).T @ (X - mean)
    expected = (A + scatter + 100 * 5 / 105 * np.outer(mean - m0, mean - m0)) / (9 + 100 + 2 + 2)
    assert_allclose(fitted["means"][0], (5 * m0 + 100 * mean) / 105, rtol=1e-13)
    assert_allclose(fitted["covariances"][0], expected, rtol=1e-13)


@pytest.mark.parametrize("shape", [(4, 4), (3, 6), (6, 3), (1, 5)])
def test_assignment_agrees_with_scipy(shape: tuple[int, int]) -> None:
    score = np.random.default_rng(0).standard_normal(shape)
    rows, columns = _core.linear_sum_assignment(score)
    expected = linear_sum_assignment(score, maximize=True)
    assert_array_equal(rows, expected[0])
    assert_array_equal(columns, expected[1])
    with pytest.raises(NonFiniteError, match="row 0, column 1"):
        _core.linear_sum_assignment(np.array([[0.0, np.nan]]))


def test_strides_order_and_threads_do_not_change_a_bit() -> None:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((3000, 4)) + 3 * rng.integers(3, size=(3000, 1))
    wide = np.repeat(np.repeat(X, 2, axis=1), 2, axis=0)
    frozen = X.copy()
    frozen.flags.writeable = False
    expected = parameters(fit(X, 3, num_threads=1))
    for data in (np.asfortranarray(X), wide[::2, ::2], X[::-1].copy()[::-1], frozen):
        for threads in (1, 2, 5):
            for found, wanted in zip(parameters(fit(data, 3, num_threads=threads)), expected, strict=True):
                assert_array_equal(found, wanted)


@pytest.mark.parametrize("instruction_set", INSTRUCTION_SETS)
def test_instruction_sets_agree(instruction_set: str, tmp_path: Path) -> None:
    code = (
        "import numpy as np; from mixtures import fit, parameters\n"
        "X = np.load('X.npy'); np.savez('found.npz', *parameters(fit(X, 3)), *parameters(fit(X.astype('f4'), 3)))\n"
    )
    rng = np.random.default_rng(8)
    X = rng.standard_normal((700, 6)) + 6 * rng.integers(3, size=(700, 1))
    np.save(tmp_path / "X.npy", X)
    in_process(instruction_set, code, tmp_path)
    expected = *parameters(fit(X, 3)), *parameters(fit(X.astype("f4"), 3))
    bounds = 3 * [(1e-9, 1e-11)] + 3 * [(1e-5, 1e-6)]
    with np.load(tmp_path / "found.npz") as found:
        for name, wanted, (rtol, atol) in zip(found.files, expected, bounds, strict=True):
            assert_allclose(found[name], wanted, rtol=rtol, atol=atol)


def test_data_are_never_changed() -> None:
    X = np.random.default_rng(6).standard_normal((200, 3))
    log_prior = np.zeros((200, 2))
    before = X.copy(), log_prior.copy()
    fit(X, 2, log_prior=log_prior, align_to=np.exp(log_prior))
    assert_array_equal(X, before[0])
    assert_array_equal(log_prior, before[1])


def test_errors_are_those_of_the_package() -> None:
    X = np.zeros((5, 2))
    with pytest.raises(NonFiniteError, match="inf at row 3, column 1"):
        fit(np.where(np.arange(10).reshape(5, 2) == 7, np.inf, X), 2)
    with pytest.raises(ParameterError, match="n_components is 0; it must be at least 1"):
        fit(X, 0)
    with pytest.raises(DimensionError, match=r"0 rows"):
        fit(np.zeros((0, 2)), 1)
    with pytest.raises(DimensionError, match=r"log_prior has shape \[4, 2\]; \[5, 2\] is needed"):
        fit(X, 2, log_prior=np.zeros((4, 2)))
    flat = np.ones(1), np.zeros((1, 2)), np.ones((1, 2, 2))
    with pytest.raises(DegenerateCovarianceError, match="component 0"):
        _core.predict(X, *flat, covariance_type="full", log_prior=None, num_threads=1)
    with pytest.raises(DimensionError, match=r"X has shape \[5, 2\]; \[5, 3\] is needed"):
        _core.predict(
            X, np.ones(1), np.zeros((1, 3)), np.eye(3)[None], covariance_type="full", log_prior=None, num_threads=1
        )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_can_use_threads() -> None:
    # A child inherits no threads: a pool kept from the parent would wait for ever.
    code = (
        "import os, sys, warnings; import numpy as np; sys.path.insert(0, sys.argv[1]); from mixtures import fit\n"
        "X = np.random.default_rng(0).standard_normal((20000, 8)); a = fit(X, 4)['lower_bounds']\n"
        "warnings.simplefilter('ignore', DeprecationWarning)\n"
        "pid = os.fork()\n"
        "same = (fit(X, 4)['lower_bounds'] == a).all()\n"
        "if pid == 0: os._exit(0 if same else 1)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or not same)\n"
    )
    folder = str(Path(__file__).parent)
    subprocess.run([sys.executable, "-c", code, folder], check=True, timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on POSIX")
def test_ctrl_c_stops_a_fit() -> None:
    X = np.random.default_rng(7).standard_normal((20_000, 16))
    timer = threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fit(X, 16, max_iter=10_000_000, tol=0.0)
    assert time.monotonic() - start < 5
    timer.join()
