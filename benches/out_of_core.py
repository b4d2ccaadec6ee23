"""Times fits of one matrix in memory and in files, and measures their memory.

    python benches/out_of_core.py [--rows N] [--components K] [--threads N] [--repeats N] [--json FILE] [--folder DIR]

The matrix has 16 columns of float64; 33,554,432 rows of them are 4 GiB, which is the default. It is written, once as
.npy and once as Parquet, to a folder that is removed at the end. Each contender runs in new processes, in turns, from
equal parameters; an iteration is the median time between two calls of a fit's callback. The files are in the page cache
if they fit there. A fit decodes Parquet once, where the folder for temporary files has room for twice the matrix, and
files of a function each time. Needs pyarrow. The run fails where the parameters that are found differ in a bit.
"""

import hashlib
import resource
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import gmm_rs
from harness import command_line, record
from harness.processes import new_process

N_FEATURES = 16
N_ITER = 6
ROWS_AT_A_TIME = 1 << 20

CONTENDERS: dict[str, Callable[[Path], Any]] = {
    "array": lambda folder: np.load(folder / "rows.npy"),
    ".npy": lambda folder: gmm_rs.open_rows(folder / "rows.npy"),
    "numpy.memmap": lambda folder: np.load(folder / "rows.npy", mmap_mode="r"),
    "Parquet": lambda folder: gmm_rs.open_rows(folder / "rows.parquet"),
    "Parquet, decoded each time": lambda folder: gmm_rs.open_rows(lambda: [folder / "rows.parquet"]),
}


def centres(n_components: int) -> np.ndarray:
    """Means of components that overlap moderately."""
    return 2.0 * np.random.default_rng(1).standard_normal((n_components, N_FEATURES))


def write(folder: Path, n_rows: int, n_components: int) -> None:
    """The matrix in both files."""
    rng = np.random.default_rng(0)
    means = centres(n_components)
    matrix = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.float64, (n_rows, N_FEATURES))
    schema = pa.schema([(f"feature_{d}", pa.float64()) for d in range(N_FEATURES)])
    with pq.ParquetWriter(folder / "rows.parquet", schema, compression="NONE", use_dictionary=False) as file:
        for start in range(0, n_rows, ROWS_AT_A_TIME):
            labels = rng.integers(n_components, size=min(ROWS_AT_A_TIME, n_rows - start))
            rows = means[labels] + rng.standard_normal((len(labels), N_FEATURES))
            matrix[start : start + len(rows)] = rows
            file.write_table(pa.table(list(rows.T), schema=schema))
    matrix.flush()


def fit(name: str, folder: Path, n_components: int, threads: int) -> dict[str, Any]:
    """Seconds of an iteration, the peak of memory in MiB, and what was found, of one fit in this process."""
    ends: list[float] = []
    mixture = gmm_rs.GaussianMixture(
        n_components,
        max_iter=N_ITER,
        tol=0.0,
        weights_init=np.full(n_components, 1.0 / n_components),
        means_init=centres(n_components) + 0.1,
        precisions_init=np.broadcast_to(np.eye(N_FEATURES), (n_components, N_FEATURES, N_FEATURES)),
        callback=lambda *_: ends.append(time.perf_counter()),
        num_threads=threads,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that so few iterations don't converge
        mixture.fit(CONTENDERS[name](folder))
    found = hashlib.sha256(mixture.means_.tobytes() + mixture.covariances_.tobytes()).hexdigest()
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return {"iteration": statistics.median(np.diff(ends).tolist()), "peak": peak, "found": found}


def main() -> None:
    """Run all contenders and print a table."""
    parser = command_line.parser(__doc__)
    parser.add_argument("--rows", type=int, default=1 << 25)
    parser.add_argument("--components", type=int, default=16)
    parser.add_argument("--folder", type=Path, help="default: that of temporary files")
    options = parser.parse_args()

    versions = record.versions("gmm-rs", "numpy", "pyarrow")
    print(record.heading(options, versions))
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        with new_process() as process:  # a child's peak of memory is at least what its parent has
            process.submit(write, Path(folder), options.rows, options.components).result()
        for _ in range(options.repeats):
            for name, own in runs.items():
                with new_process() as process:
                    arguments = (name, Path(folder), options.components, options.threads)
                    own.append(process.submit(fit, *arguments).result())
    if len({run["found"] for own in runs.values() for run in own}) > 1:
        raise SystemExit(f"the parameters differ: {runs}")
    print(f"{'rows from':<26} {'iteration':>12} {'of array':>9} {'peak memory':>12}")
    results = []
    for name, own in runs.items():
        iteration = statistics.median(run["iteration"] for run in own)
        ratio = iteration / statistics.median(run["iteration"] for run in runs["array"])
        peak = max(run["peak"] for run in own)
        results.append({"name": name, "iteration": iteration, "ratio": ratio, "peak_mib": peak, "runs": own})
        print(f"{name:<26} {iteration:>10.3f} s {ratio:>8.2f}x {peak:>8.0f} MiB", flush=True)
    record.write(options.json, results, versions)


if __name__ == "__main__":
    main()
