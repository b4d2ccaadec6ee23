"""Times the fits of many small data sets: `fit_many`, and loops over `gmm_rs.GaussianMixture` and scikit-learn's class.

    python benches/many.py [--sets N] [--sets-in-loops N] [--threads N] [--repeats N] [--json FILE]

Data sets of 500 x 4 with three components that overlap, in two tasks:

- own start: k-means starts and EM until it converges, with the defaults of each contender;
- 20 iterations: from equal parameters near the truth, other ones for each data set.

Contenders take turns, each in a process of its own with the same number of threads (scikit-learn by threadpoolctl).
A figure is the median time for one data set; loops do fewer data sets, since every one takes as long. The run fails
where the mean lower bound of `fit_many` is below that of scikit-learn by more than 0.01 nats. Needs the dependency
group `bench`.
"""

import statistics
import time
import warnings
from typing import Any, NamedTuple

import numpy as np
import sklearn.mixture
from threadpoolctl import threadpool_limits

import gmm_rs
from harness import command_line, record
from harness.clock import seconds
from harness.processes import Processes

N_SAMPLES, N_FEATURES, K = 500, 4, 3
N_ITER = 20
TOLERANCE = 0.01


class Problem(NamedTuple):
    """Data sets (n_sets, n_samples, n_features), and parameters near those that they were drawn with."""

    X: np.ndarray
    weights: np.ndarray
    means: np.ndarray
    precisions: np.ndarray


def problem(n_sets: int) -> Problem:
    """Data sets of components that are about three standard deviations apart."""
    rng = np.random.default_rng(0)
    means = 1.5 * rng.standard_normal((n_sets, K, N_FEATURES))
    labels = rng.integers(K, size=(n_sets, N_SAMPLES))
    noise = rng.standard_normal((n_sets, N_SAMPLES, N_FEATURES))
    X = np.take_along_axis(means, labels[:, :, None], axis=1) + noise
    start = means + 0.2 * rng.standard_normal(means.shape)
    precisions = np.broadcast_to(np.eye(N_FEATURES), (n_sets, K, N_FEATURES, N_FEATURES))
    return Problem(X, np.full((n_sets, K), 1 / K), start, precisions)


def starts(given: Problem, places: slice | int) -> dict[str, Any]:
    """Arguments for 20 iterations from the given parameters."""
    return {
        "weights_init": given.weights[places],
        "means_init": given.means[places],
        "precisions_init": given.precisions[places],
        "max_iter": N_ITER,
        "tol": 0.0,
    }


def fit_all(given: Problem, threads: int, task: str) -> np.ndarray:
    """Lower bounds by `fit_many`."""
    options = starts(given, slice(None)) if task == "20 iterations" else {}
    return gmm_rs.fit_many(given.X, K, random_state=0, num_threads=threads, **options).lower_bound_


def loop(make: Any, given: Problem, task: str, **options: Any) -> np.ndarray:
    """Lower bounds by an estimator for each data set."""
    bounds = []
    for i, X in enumerate(given.X):
        own = starts(given, i) if task == "20 iterations" else {}
        bounds.append(make(K, random_state=i, **own, **options).fit(X).lower_bound_)
    return np.array(bounds)


def loop_ours(given: Problem, threads: int, task: str) -> np.ndarray:
    """Lower bounds by a loop over `gmm_rs.GaussianMixture`."""
    return loop(gmm_rs.GaussianMixture, given, task, num_threads=threads)


def loop_theirs(given: Problem, threads: int, task: str) -> np.ndarray:
    """Lower bounds by a loop over scikit-learn's class."""
    with threadpool_limits(threads):
        return loop(sklearn.mixture.GaussianMixture, given, task)


CONTENDERS = {"fit_many": fit_all, "gmm_rs, loop": loop_ours, "scikit-learn, loop": loop_theirs}
TASKS = ("own start", "20 iterations")


def measure(name: str, task: str, n_sets: int, threads: int) -> tuple[float, float]:
    """Seconds that all data sets take one contender, and the mean of their lower bounds."""
    given = problem(n_sets)
    bounds = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 20 iterations are too few to converge
        CONTENDERS[name](Problem(*(array[:5] for array in given)), threads, task)
        time.sleep(0.2)  # threads of others that wait for work in a loop give up
        taken = seconds(lambda: bounds.append(CONTENDERS[name](given, threads, task)))
    return taken, float(np.mean(bounds))


def compare(processes: Processes, task: str, sizes: dict[str, int], threads: int, repeats: int) -> dict[str, Any]:
    """Figures of all contenders in turns for one task."""
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    bounds: dict[str, float] = {}
    for _ in range(repeats):
        for name, n_sets in sizes.items():
            taken, bounds[name] = processes.run(name, measure, name, task, n_sets, threads)
            times[name].append(taken)
    # Of the same data sets: those of the loops are other draws than the first of many.
    _, same_sets = processes.run("fit_many", measure, "fit_many", task, sizes["scikit-learn, loop"], threads)
    if same_sets < bounds["scikit-learn, loop"] - TOLERANCE:
        raise SystemExit(f"{task}: the mean lower bound of fit_many is {same_sets}, of scikit-learn {bounds}")
    per_set = {name: statistics.median(taken) / sizes[name] for name, taken in times.items()}
    return {
        "task": task,
        "size": f"{N_SAMPLES} x {N_FEATURES}, K={K}",
        "n_sets": sizes,
        "n_threads": threads,
        "seconds": times,
        "median_seconds_per_set": per_set,
        "ratio": per_set["scikit-learn, loop"] / per_set["fit_many"],
        "mean_lower_bound": bounds,
    }


def report(result: dict[str, Any]) -> str:
    """Lines of the table."""
    per_set = result["median_seconds_per_set"]
    lines = []
    for name, one in per_set.items():
        n_sets, together = result["n_sets"][name], statistics.median(result["seconds"][name])
        times = f"{together:>10.4f} s {1e6 * one:>12.1f} us {one / per_set['fit_many']:>10.1f}x"
        lines.append(f"{result['task']:<15} {name:<20} {n_sets:>8,} {times}")
    return "\n".join(lines)


def main() -> None:
    """Run both tasks and print a table."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--sets", type=int, default=10_000, help="data sets of fit_many with its own starts")
    parser.add_argument("--sets-in-loops", type=int, default=500, help="data sets of all others")
    options = parser.parse_args()

    versions = record.versions("gmm-rs", "scikit-learn", "numpy")
    print(record.heading(options, versions))
    print(f"{'task':<15} {'contender':<20} {'sets':>8} {'all':>12} {'one':>15} {'of fit_many':>11}")
    results = []
    with Processes() as processes:
        for task in TASKS:
            sizes = dict.fromkeys(CONTENDERS, options.sets_in_loops)
            if task == "own start":
                sizes["fit_many"] = options.sets
            results.append(compare(processes, task, sizes, options.threads, options.repeats))
            print(report(results[-1]), flush=True)
    record.write(options.json, results, versions)


if __name__ == "__main__":
    main()
