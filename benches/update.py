"""Times updates of the Serket module against scikit-learn, and its files against numpy.savetxt.

    python benches/update.py [--threads N] [--repeats N] [--json FILE]

Two tasks for each shape, both contenders in turns, each in a process of its own, medians of the repeats:

- update: `GMM.update()` without files, against a fit of as many starts and `predict_proba`;
- update, files: the same with files, against that and `numpy.savetxt` of the same matrices.

scikit-learn gets the same number of threads through threadpoolctl. Needs the dependency group `bench`.
"""

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

import gmm_rs
from gmm_rs import serket as srk
from harness import command_line, record
from harness.clock import repeated, seconds
from harness.processes import Processes

Shape: TypeAlias = tuple[int, int, int]

SHAPES: list[Shape] = [(100, 2, 4), (3_000, 18, 10), (100_000, 16, 16)]
N_INIT = 5
MAX_ITER = 100
TOL = 1e-3


def blobs(n_samples: int, n_features: int, n_components: int) -> np.ndarray:
    """Overlapping clusters, so that EM has work to do."""
    rng = np.random.default_rng(0)
    centres = 2.0 * rng.standard_normal((n_components, n_features))
    return centres[rng.integers(n_components, size=n_samples)] + rng.standard_normal((n_samples, n_features))


class Ours:
    """gmm_rs: the Serket module GMM."""

    def __init__(self, X: np.ndarray, n_components: int, threads: int, folder: Path) -> None:
        self.X, self.n_components, self.threads, self.folder = X, n_components, threads, folder

    def update(self, *, save: bool = False) -> float:
        """Learn and classify; returns the log-likelihood of a row."""
        module = gmm_rs.GMM(
            self.n_components,
            MAX_ITER,
            n_init=N_INIT,
            tol=TOL,
            random_state=0,
            num_threads=self.threads,
            save=save,
            save_dir=self.folder,
        )
        module.connect(srk.Observation(self.X))
        module.update()
        return float(module.log_likelihoods_[-1]) / len(self.X)

    def update_with_files(self) -> float:
        """The same, with files."""
        return self.update(save=True)


class ScikitLearn:
    """scikit-learn's GaussianMixture, and numpy.savetxt for the files."""

    def __init__(self, X: np.ndarray, n_components: int, threads: int, folder: Path) -> None:
        self.X, self.n_components, self.folder = X, n_components, folder
        threadpool_limits(threads)

    def classify(self) -> tuple[float, np.ndarray, np.ndarray]:
        """Learn and classify: log-likelihood of a row, probabilities, mean of each row's class."""
        model = GaussianMixture(self.n_components, max_iter=MAX_ITER, n_init=N_INIT, tol=TOL, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self.X)
        probabilities = model.predict_proba(self.X)
        return float(model.lower_bound_), probabilities, model.means_[probabilities.argmax(axis=1)]

    def update(self) -> float:
        """Learn and classify; returns the log-likelihood of a row."""
        return self.classify()[0]

    def update_with_files(self) -> float:
        """The same, with files."""
        likelihood, probabilities, row_means = self.classify()
        np.savetxt(self.folder / "Pdz.txt", probabilities, fmt="%f")
        np.savetxt(self.folder / "mu.txt", row_means)
        np.savetxt(self.folder / "class.txt", probabilities.argmax(axis=1), fmt="%d")
        return likelihood


CONTENDERS = {"gmm_rs": Ours, "scikit-learn": ScikitLearn}
TASKS: dict[str, Callable[[Any], float]] = {
    "update": lambda contender: contender.update(),
    "update, files": lambda contender: contender.update_with_files(),
}


def measure(name: str, task: str, shape: Shape, threads: int, folder: Path) -> tuple[float, float]:
    """The seconds that a task takes one contender, and the log-likelihood of a row that it reaches."""
    contender = CONTENDERS[name](blobs(*shape), shape[2], threads, folder)
    likelihood = TASKS[task](contender)
    time.sleep(0.2)  # threads of others that wait for work in a loop give up
    return repeated(lambda: seconds(lambda: TASKS[task](contender))), likelihood


def compare(processes: Processes, task: str, shape: Shape, threads: int, repeats: int, folder: Path) -> dict[str, Any]:
    """Medians of both contenders for one task on one shape."""
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    likelihoods = {}
    for _ in range(repeats):
        for name in CONTENDERS:
            taken, likelihoods[name] = processes.run(name, measure, name, task, shape, threads, folder)
            times[name].append(taken)
    if likelihoods["gmm_rs"] < likelihoods["scikit-learn"] - 0.05 * abs(likelihoods["scikit-learn"]):
        # The prior costs likelihood where rows are few; more than that would be another answer.
        raise SystemExit(f"the log-likelihoods of a row differ too much for shape {shape}: {likelihoods}")
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    return {
        "task": task,
        "shape": shape,
        "n_threads": threads,
        "seconds": times,
        "median_seconds": medians,
        "ratio": medians["scikit-learn"] / medians["gmm_rs"],
        "log_likelihood_per_row": likelihoods,
    }


def report(result: dict[str, Any]) -> str:
    """One line of the table."""
    ours, theirs = (result["median_seconds"][name] for name in ("gmm_rs", "scikit-learn"))
    n, d, k = result["shape"]
    return f"{f'{n} x {d}, {k}':<20} {result['task']:<14} {ours:>10.6f} s {theirs:>12.6f} s {result['ratio']:>7.1f}x"


def main() -> None:
    """Run all shapes and print a table."""
    options = command_line.parser(__doc__).parse_args()

    versions = record.versions("gmm-rs", "scikit-learn", "numpy")
    print(record.heading(options, versions))
    print(f"{'N x D, K':<20} {'task':<14} {'gmm_rs':>12} {'scikit-learn':>14} {'ratio':>8}")
    results = []
    with tempfile.TemporaryDirectory() as folder, Processes() as processes:
        for shape in SHAPES:
            for task in TASKS:
                results.append(compare(processes, task, shape, options.threads, options.repeats, Path(folder)))
                print(report(results[-1]), flush=True)
    record.write(options.json, results, versions)


if __name__ == "__main__":
    main()
