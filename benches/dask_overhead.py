"""Times what an iteration of EM takes on a Dask cluster beside its arithmetic.

    python benches/dask_overhead.py [--workers N] [--partitions N] [--repeats N] [--json FILE]

Small partitions, so that there is little arithmetic, on a `LocalCluster` of worker processes with one thread each, in
three cases:

- placed: `fit` brings the data to the workers, neighbouring partitions to the same one;
- persisted: the data are where Dask has computed them;
- large: as placed, with 64 components of 32 features, so that requests and replies are large.

The figures are the time of an iteration, there and of the same fit in memory on one thread, and the difference: the
mean of a fit, the median of several. The run fails where the lower bounds of both differ by more than rounding. Needs
the dependency group `bench`.
"""

import argparse
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster, wait

import gmm_rs.dask
from harness import record

CASES = {"placed": (8, 4), "persisted": (8, 4), "large": (32, 64)}
"""Number of features and of components."""
ROWS = 1100
"""Of a partition: altogether more than what is brought to the engine as a whole."""
N_ITER = 50
TOLERANCE = 1e-10


def iteration_seconds(mixture: Any, X: Any) -> float:
    """The mean time of an iteration of a fit."""
    ends: list[float] = []
    mixture.set_params(callback=lambda iteration, bound: ends.append(time.perf_counter()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that so many iterations are too few to converge
        mixture.fit(X)
    return (ends[-1] - ends[0]) / (len(ends) - 1)


def measure(case: str, partitions: int, repeats: int) -> dict[str, Any]:
    """Figures of a fit on the cluster and one in memory, `repeats` times."""
    n_features, n_components = CASES[case]
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(partitions * ROWS, n_features)) + rng.integers(n_components, size=(partitions * ROWS, 1))
    X = da.from_array(rows, chunks=(ROWS, n_features))
    if case == "persisted":
        X = (X + 0.0).persist()
        wait(X)
    options = {"random_state": 0, "max_iter": N_ITER, "tol": 0.0, "init_params": "random_from_data", "num_threads": 1}
    there = gmm_rs.dask.GaussianMixture(n_components, **options)
    here = gmm_rs.GaussianMixture(n_components, **options)
    seconds: dict[str, list[float]] = {"cluster": [], "memory": []}
    for _ in range(repeats):
        seconds["cluster"].append(iteration_seconds(there, X))
        seconds["memory"].append(iteration_seconds(here, rows))
    if abs(there.lower_bound_ - here.lower_bound_) > TOLERANCE * abs(here.lower_bound_):
        raise SystemExit(f"{case}: the lower bound is {there.lower_bound_} there and {here.lower_bound_} here")
    medians = {place: statistics.median(times) for place, times in seconds.items()}
    return {
        "case": case,
        "partitions": partitions,
        "seconds": seconds,
        "median_seconds": medians,
        "overhead": medians["cluster"] - medians["memory"],
    }


def main() -> None:
    """Run all cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2, help="processes; default: 2")
    parser.add_argument("--partitions", type=int, default=64, help="default: 64")
    parser.add_argument("--repeats", type=int, default=3, help="fits of each case; default: 3")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    options = parser.parse_args()

    versions = record.versions("gmm-rs", "dask", "distributed", "numpy")
    print(
        f"{record.processor()}, {options.workers} workers, {options.partitions} partitions, {record.listed(versions)}"
    )
    print(f"{'case':<12} {'iteration there':>18} {'in memory':>12} {'overhead':>12}")
    results = []
    with (
        LocalCluster(n_workers=options.workers, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster),
    ):
        for case in CASES:
            results.append(measure(case, options.partitions, options.repeats))
            medians = results[-1]["median_seconds"]
            figures = (medians["cluster"], medians["memory"], results[-1]["overhead"])
            there, here, overhead = (f"{1e3 * seconds:.1f} ms" for seconds in figures)
            print(f"{case:<12} {there:>18} {here:>12} {overhead:>12}", flush=True)
    record.write(options.json, results, versions)


if __name__ == "__main__":
    main()
