"""Times writing matrices as text against numpy.savetxt.

    python benches/text.py [--threads N] [--repeats N] [--json FILE]

For each case both write the same matrix to a new file in one temporary folder, in turns after one warm-up each, and
the files must be equal. A time is that of the whole call, the file included; files are not forced to the disk. Needs
only numpy and gmm_rs.
"""

import filecmp
import statistics
import tempfile
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gmm_rs import _core
from harness import command_line, record
from harness.clock import seconds

Format = Literal["%d", "%f", "%.18e"]


def cases() -> list[tuple[Format, np.ndarray]]:
    """The matrices and the formats they are written with."""
    rng = np.random.default_rng(0)
    return [
        ("%f", rng.standard_normal((1_000_000, 10))),
        ("%.18e", rng.standard_normal((100_000, 10))),
        ("%d", rng.integers(0, 20, (1_000_000, 1))),
    ]


def compare(fmt: Format, matrix: np.ndarray, threads: int, repeats: int, folder: Path) -> dict[str, Any]:
    """The times of both on one matrix, taken in turns."""
    theirs, ours = folder / "savetxt.txt", folder / "gmm_rs.txt"

    def savetxt() -> None:
        np.savetxt(theirs, matrix, fmt=fmt)

    def write_text() -> None:
        _core.write_text(ours, matrix, fmt, num_threads=threads)

    write_text()
    savetxt()
    if not filecmp.cmp(theirs, ours, shallow=False):
        raise SystemExit(f"the files differ for {fmt} and shape {matrix.shape}")
    times: dict[str, list[float]] = {"savetxt": [], "gmm_rs": []}
    for _ in range(repeats):
        # Emptying an old file costs as much as writing a new one.
        theirs.unlink()
        ours.unlink()
        times["savetxt"].append(seconds(savetxt))
        times["gmm_rs"].append(seconds(write_text))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    return {
        "format": fmt,
        "shape": list(matrix.shape),
        "n_threads": threads,
        "bytes": ours.stat().st_size,
        "seconds": times,
        "median_seconds": medians,
        "ratio": medians["savetxt"] / medians["gmm_rs"],
    }


def report(result: dict[str, Any]) -> str:
    """One line of the table: medians, the range of the repeats in brackets."""

    def column(name: str) -> str:
        taken = [1e3 * value for value in result["seconds"][name]]
        return f"{statistics.median(taken):8.1f} [{min(taken):.1f}, {max(taken):.1f}]"

    shape = " x ".join(f"{size:,}" for size in result["shape"])
    return f"{result['format']:<8}{shape:<18}{column('savetxt'):<30}{column('gmm_rs'):<26}{result['ratio']:6.1f}x"


def main() -> None:
    """Runs all cases and prints the table."""
    options = command_line.parser(__doc__, repeats=5).parse_args()

    versions = record.versions("gmm-rs", "numpy")
    print(record.heading(options, versions))
    print(f"{'format':<8}{'matrix':<18}{'numpy.savetxt, ms':<30}{'gmm_rs, ms':<26}{'faster':>7}")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for fmt, matrix in cases():
            results.append(compare(fmt, matrix, options.threads, options.repeats, Path(folder)))
            print(report(results[-1]), flush=True)
    record.write(options.json, results, versions)


if __name__ == "__main__":
    main()
