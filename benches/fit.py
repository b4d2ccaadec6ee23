"""Times fits and updates of the Serket module against scikit-learn, and its files against numpy.savetxt.

    python benches/fit.py [--threads N] [--repeats N] [--json FILE]

Three tasks for each shape, both contenders in turns, each in a process of its own, medians of the repeats:

- iteration: one EM iteration, as the difference between fits of many and of one iteration from one k-means start;
- update: `GMM.update()` without files, against a fit of as many starts and `predict_proba`;
- update, files: the same with files, against that and `numpy.savetxt` of the same matrices.

scikit-learn gets the same number of threads through threadpoolctl. Needs the dependency group `bench`.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

import gmm_rs
from gmm_rs import serket as srk

Shape: TypeAlias = tuple[int, int, int]
Workers: TypeAlias = dict[str, ProcessPoolExecutor]

SHAPES: list[Shape] = [(100, 2, 4), (3_000, 18, 10), (100_000, 16, 16)]
N_INIT = 5
ITERATIONS = 20


def blobs(n_samples: int, n_features: int, n_components: int) -> np.ndarray:
    """Overlapping clusters, so that EM has work to do."""
    rng = np.random.default_rng(0)
    centres = 2.0 * rng.standard_normal((n_components, n_features))
    return centres[rng.integers(n_components, size=n_samples)] + rng.standard_normal((n_samples, n_features))


class Ours:
    """gmm_rs: the Serket module GMM."""

    def __init__(self, X: np.ndarray, n_components: int, threads: int, folder: Path) -> None:
        self.X, self.n_components, self.threads, self.folder = X, n_components, threads, folder

    def fit(self, max_iter: int, n_init: int, tol: float, *, save: bool = False) -> gmm_rs.GMM:
        """Learn, as far as scikit-learn's parameters of the same names say."""
        module = gmm_rs.GMM(
            self.n_components,
            max_iter,
            n_init=n_init,
            tol=tol,
            random_state=0,
            num_threads=self.threads,
            save=save,
            save_dir=self.folder,
        )
        module.connect(srk.Observation(self.X))
        module.update()
        return module

    def update(self) -> float:
        """Learn and classify; returns the log-likelihood of a row."""
        return float(self.fit(100, N_INIT, 1e-3).log_likelihoods_[-1]) / len(self.X)

    def update_with_files(self) -> None:
        """The same, with files."""
        self.fit(100, N_INIT, 1e-3, save=True)


class ScikitLearn:
    """scikit-learn's GaussianMixture, and numpy.savetxt for the files."""

    def __init__(self, X: np.ndarray, n_components: int, threads: int, folder: Path) -> None:
        self.X, self.n_components, self.threads, self.folder = X, n_components, threads, folder

    def fit(self, max_iter: int, n_init: int, tol: float) -> GaussianMixture:
        """Learn from k-means starts."""
        model = GaussianMixture(self.n_components, max_iter=max_iter, n_init=n_init, tol=tol, random_state=0)
        with threadpool_limits(self.threads), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(self.X)

    def classify(self) -> tuple[float, np.ndarray, np.ndarray]:
        """Learn and classify: log-likelihood of a row, probabilities, mean of each row's class."""
        model = self.fit(100, N_INIT, 1e-3)
        with threadpool_limits(self.threads):
            probabilities = model.predict_proba(self.X)
            return float(model.lower_bound_), probabilities, model.means_[probabilities.argmax(axis=1)]

    def update(self) -> float:
        """Learn and classify; returns the log-likelihood of a row."""
        return self.classify()[0]

    def update_with_files(self) -> None:
        """The same, with files."""
        _, probabilities, row_means = self.classify()
        np.savetxt(self.folder / "Pdz.txt", probabilities, fmt="%f")
        np.savetxt(self.folder / "mu.txt", row_means)
        np.savetxt(self.folder / "class.txt", probabilities.argmax(axis=1), fmt="%d")


def seconds(run: Callable[[], object]) -> float:
    """The time of one call, in seconds."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def iteration_seconds(contender: Ours | ScikitLearn) -> float:
    """The time of one EM iteration, in seconds."""
    many = statistics.median(seconds(lambda: contender.fit(1 + ITERATIONS, 1, 0.0)) for _ in range(5))
    return (many - statistics.median(seconds(lambda: contender.fit(1, 1, 0.0)) for _ in range(5))) / ITERATIONS


CONTENDERS = {"gmm_rs": Ours, "scikit-learn": ScikitLearn}
TASKS: dict[str, Callable[[Any], float]] = {
    "log-likelihood": lambda contender: contender.update(),
    "iteration": iteration_seconds,
    "update": lambda contender: seconds(contender.update),
    "update, files": lambda contender: seconds(contender.update_with_files),
}


def measure(name: str, task: str, shape: Shape, threads: int, folder: Path) -> float:
    """The figure of one contender for one task."""
    contender = CONTENDERS[name](blobs(*shape), shape[2], threads, folder)
    contender.fit(1, 1, 0.0)
    time.sleep(0.2)  # threads that wait for work in a loop give up
    return TASKS[task](contender)


def compare(shape: Shape, threads: int, repeats: int, folder: Path, workers: Workers) -> list[dict[str, Any]]:
    """Medians of both contenders for each task on one shape."""

    def run(name: str, task: str) -> float:
        return workers[name].submit(measure, name, task, shape, threads, folder).result()

    bounds = {name: run(name, "log-likelihood") for name in CONTENDERS}
    if bounds["gmm_rs"] < bounds["scikit-learn"] - 0.05 * abs(bounds["scikit-learn"]):
        # The prior costs likelihood where rows are few; more than that would be another answer.
        raise SystemExit(f"the log-likelihoods of a row differ too much for shape {shape}: {bounds}")
    results = []
    for task in list(TASKS)[1:]:
        times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
        for _ in range(repeats):
            for name in CONTENDERS:
                times[name].append(run(name, task))
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        results.append(
            {
                "task": task,
                "shape": shape,
                "seconds": times,
                "median_seconds": medians,
                "ratio": medians["scikit-learn"] / medians["gmm_rs"],
                "log_likelihood_per_row": bounds,
            }
        )
    return results


def main() -> None:
    """Run all shapes and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()

    results = []
    print(f"gmm_rs {version('gmm-rs')}, scikit-learn {version('scikit-learn')}, numpy {version('numpy')}, ", end="")
    print(f"{options.threads} threads, medians of {options.repeats}")
    print(f"{'N x D, K':<20} {'task':<14} {'gmm_rs':>12} {'scikit-learn':>14} {'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        spawn = multiprocessing.get_context("spawn")
        # Idle threads of one library would slow the other down for a while.
        workers = {name: stack.enter_context(ProcessPoolExecutor(1, spawn)) for name in CONTENDERS}
        for shape in SHAPES:
            for result in compare(shape, options.threads, options.repeats, Path(folder), workers):
                results.append(result)
                ours, theirs = (result["median_seconds"][name] for name in ("gmm_rs", "scikit-learn"))
                size = f"{shape[0]} x {shape[1]}, {shape[2]}"
                print(f"{size:<20} {result['task']:<14} {ours:>10.6f} s {theirs:>12.6f} s {result['ratio']:>7.1f}x")
    if options.json:
        machine = {"processor": platform.machine(), "system": platform.platform(), "cpus": os.cpu_count()}
        options.json.write_text(json.dumps({"machine": machine, "results": results}, indent=1))


if __name__ == "__main__":
    main()
