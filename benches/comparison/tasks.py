"""What is timed, in the process of one contender."""

import contextlib
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from comparison.contender import Contender, load
from comparison.problems import SHAPES, Parameters, Shape, log_likelihood, sample, start
from harness.clock import repeated, seconds

ITERATIONS = 5
"""Iterations that the time of one is the mean of."""

SMALL_FITS = 500
SMALL_ITERATIONS = 20

WHOLE_FIT = {"max_iter": 500, "tol": 1e-5}
"""Ends scikit-learn's fit and ours at likelihoods of a row that agree within the tolerance below."""

CHECKED_ROWS = 4_096
PAUSE = 0.2

TOLERANCES = {
    "log-likelihood of a row": {"float64": 1e-9, "float32": 2e-3},
    "means": {"float64": 1e-7, "float32": 5e-2},
    "probabilities": {"float64": 1e-8, "float32": 1e-3},
    "log-likelihood of a row at the end": {"float64": 1e-3, "float32": 1e-3},
}
"""How far an answer may be from another contender's. Standard deviations are about 1 in all problems, so means are in
units of them. In float32, scikit-learn's sums of responsibilities are off by 1e-3, and its means move with them."""

Answer = dict[str, np.ndarray | float]


@dataclass(frozen=True)
class Case:
    """One figure to measure."""

    task: str
    shape: str
    dtype: str
    n_threads: int


@dataclass(frozen=True)
class Task:
    """A kind of figure: what it does, on which shapes, and in which unit it comes."""

    measure: Callable[[Contender, Case], tuple[float, Answer]]
    shapes: tuple[str, ...]
    dtypes: tuple[str, ...] = ("float64",)
    needs: str = "fit"
    unit: str = "s"
    most_threads_only: bool = False
    own_process: bool = False


def iteration(contender: Contender, case: Case) -> tuple[float, Answer]:
    """Seconds of one EM iteration: the difference between a fit of many and a fit of one, from equal parameters."""
    X, shape = rows(case.shape, case.dtype), SHAPES[case.shape]
    begin = start(shape)
    fitted: list[Parameters] = []

    def difference() -> float:
        once = seconds(lambda: contender.fit(X, begin, shape.covariance_type, 1))
        many = seconds(lambda: fitted.append(contender.fit(X, begin, shape.covariance_type, 1 + ITERATIONS)))
        return (many - once) / ITERATIONS

    taken = repeated(difference)
    likelihood = log_likelihood(X[:CHECKED_ROWS], fitted[-1], shape.covariance_type)
    return taken, {"log-likelihood of a row": likelihood, "means": fitted[-1].means}


def predict_proba(contender: Contender, case: Case) -> tuple[float, Answer]:
    """Seconds of the responsibilities of all rows."""
    X, shape = rows(case.shape, case.dtype), SHAPES[case.shape]
    predict = contender.predict_proba(X, start(shape), shape.covariance_type)
    answer = predict()[:CHECKED_ROWS].copy()
    return repeated(lambda: seconds(predict)), {"probabilities": answer}


def small_fits(contender: Contender, case: Case) -> tuple[float, Answer]:
    """Seconds of many small fits one after the other, each of its own rows, from given parameters."""
    shape, begin = SHAPES[case.shape], start(SHAPES[case.shape])
    batches = small_batches(shape, case.dtype)

    def fit(X: np.ndarray) -> Parameters:
        return contender.fit(X, begin, shape.covariance_type, SMALL_ITERATIONS)

    answer = fit(batches[0])
    likelihood = log_likelihood(batches[0], answer, shape.covariance_type)
    taken = repeated(lambda: seconds(lambda: [fit(X) for X in batches]))
    return taken, {"log-likelihood of a row": likelihood, "means": answer.means}


def small_fits_with_starts(contender: Contender, case: Case) -> tuple[float, Answer]:
    """The same from the library's own start, which isn't the same for any two; so answers aren't, either."""
    shape = SHAPES[case.shape]
    batches = small_batches(shape, case.dtype)

    def fit(X: np.ndarray) -> Parameters:
        return contender.fit_from_default_start(X, shape.n_components, shape.covariance_type, SMALL_ITERATIONS, 0.0)

    fit(batches[0])
    return repeated(lambda: seconds(lambda: [fit(X) for X in batches])), {}


def whole_fit(contender: Contender, case: Case) -> tuple[float, Answer]:
    """Seconds of a fit from the library's own start to convergence, and the likelihood that it reaches."""
    X, shape = rows(case.shape, case.dtype), SHAPES[case.shape]
    fitted: list[Parameters] = []

    def fit() -> None:
        fitted.append(contender.fit_from_default_start(X, shape.n_components, shape.covariance_type, **WHOLE_FIT))

    taken = repeated(lambda: seconds(fit))
    return taken, {
        "log-likelihood of a row at the end": log_likelihood(X[: 1 << 16], fitted[-1], shape.covariance_type)
    }


def memory(contender: Contender, case: Case) -> tuple[float, Answer]:
    """MiB that the peak of the process grows by in a fit: what the fit needs beside its rows."""
    X, shape = rows(case.shape, case.dtype), SHAPES[case.shape]
    begin = start(shape)
    contender.fit(X[: 1 << 10], begin, shape.covariance_type, 1)
    forget_peak()
    before = peak_mebibytes()
    contender.fit(X, begin, shape.covariance_type, 2)
    return peak_mebibytes() - before, {}


BOTH = ("float64", "float32")
TASKS = {
    "iteration": Task(iteration, ("W1", "W2", "W3", "W4", "W5", "tied", "spherical"), BOTH),
    "predict_proba": Task(predict_proba, ("predict",), needs="predict_proba"),
    f"{SMALL_FITS} fits": Task(small_fits, ("small",)),
    f"{SMALL_FITS} fits, own start": Task(small_fits_with_starts, ("small",), needs="fit_from_default_start"),
    "whole fit": Task(whole_fit, ("W2",), needs="fit_from_default_start", most_threads_only=True),
    "memory of a fit": Task(memory, ("W2",), unit="MiB", most_threads_only=True, own_process=True),
}


def measure(name: str, case: Case) -> tuple[float, Answer]:
    """The figure and the answer of the contender."""
    contender = loaded(name)
    contender.use_threads(case.n_threads)
    shape = SHAPES[case.shape]
    contender.fit(rows(case.shape, case.dtype)[: 4 * shape.n_features + 1_000], start(shape), shape.covariance_type, 1)
    time.sleep(PAUSE)  # threads of others that wait for work in a loop give up
    return TASKS[case.task].measure(contender, case)


def versions(name: str) -> dict[str, str] | str:
    """The versions of the contender, or why it can't run."""
    try:
        return loaded(name).versions()
    except ImportError as error:
        return str(error)


def able(name: str, case: Case) -> bool:
    """Whether the contender has what the case needs."""
    contender = loaded(name)
    knows_type = SHAPES[case.shape].covariance_type in contender.covariance_types
    return knows_type and hasattr(contender, TASKS[case.task].needs)


@lru_cache(maxsize=1)
def loaded(name: str) -> Contender:
    """The contender of this process."""
    return load(name)


@lru_cache(maxsize=1)
def rows(shape: str, dtype: str) -> np.ndarray:
    """The rows of a problem, kept for the next figure."""
    return sample(SHAPES[shape], dtype)


def small_batches(shape: Shape, dtype: str) -> np.ndarray:
    """Rows for many small fits, (fits, N, D)."""
    together = sample(shape, dtype, SMALL_FITS * shape.n_samples)
    return together.reshape(SMALL_FITS, shape.n_samples, shape.n_features)


def forget_peak() -> None:
    """Start the peak anew from the memory in use, where the system can do that: making the rows took more."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_mebibytes() -> float:
    """The most memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / (1 << 20)
