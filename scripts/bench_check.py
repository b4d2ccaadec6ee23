"""Count the instructions of fixed workloads and compare them with those of the baseline in the repository.

Times depend on the machine and on what else it does; these counts hardly do. valgrind counts them, in the kernels for
AVX2: it knows no wider ones. A count that grows by more than the bound is a fault; one that falls by as much is worth
a new baseline. Other versions of rustc count otherwise, so the baseline names the one that it was made with.

Usage: `bench_check.py [--write] [NAME ...]`, where NAME is a part of a workload's name. Needs valgrind on x86-64.
The profiles stay in build/bench-check/, for callgrind_annotate.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BASELINE = ROOT / "benches" / "instructions.json"
PROFILES = ROOT / "build" / "bench-check"

BOUND = 0.01
"""Growth that is a fault. Two runs of the same library differ by less than 0.001."""

TIMES = (1, 2)
"""A workload is run once and twice; the difference of the counts holds no preparations."""

Counts = dict[str, int]


def build() -> Path:
    """The program with the workloads, built as benchmarks are."""
    command = ["cargo", "bench", "--package=gmm-core", "--locked", "--bench=workloads", "--no-run"]
    built = subprocess.run(
        [*command, "--message-format=json"], check=True, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8"
    )
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    executables = [message["executable"] for message in messages if message.get("executable")]
    return Path(executables[-1])


def workloads(program: Path) -> list[str]:
    """The names of all workloads."""
    return subprocess.run([program], check=True, capture_output=True, encoding="utf-8").stdout.splitlines()


def instructions(program: Path, name: str) -> int:
    """Instructions of one time of the workload."""
    few, many = (count(program, name, times) for times in TIMES)
    return many - few


def count(program: Path, name: str, times: int) -> int:
    """Instructions of a whole run."""
    profile = PROFILES / f"{re.sub('[^a-z0-9_]+', '-', name.lower())}-{times}.out"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", str(program), name, str(times)]
    environment = os.environ | {"GMM_RS_INSTRUCTION_SET": "avx2"}
    run = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", env=environment)
    collected = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or collected is None:
        raise SystemExit(f"{' '.join(command)} failed:\n{run.stderr}")
    return int(collected[1])


def rustc_version() -> str:
    """The compiler's name and version."""
    return subprocess.run(["rustc", "--version"], check=True, capture_output=True, encoding="utf-8").stdout.strip()


def line(name: str, now: int, before: int | None) -> str:
    """A line of the table."""
    if before is None:
        return f"{name:<48} {'–':>16} {now:>16,}      new"
    growth = now / before - 1
    mark = "  more than the bound" if growth > BOUND else "  less: write a new baseline?" if growth < -BOUND else ""
    return f"{name:<48} {before:>16,} {now:>16,} {100 * growth:>+7.2f} %{mark}"


def compare(program: Path, names: list[str], baseline: Counts) -> tuple[Counts, list[str]]:
    """Counts all workloads, line by line; returns the counts and the names of those that have grown too much."""
    counts, grown = {}, []
    print(f"{'instructions of':<48} {'baseline':>16} {'now':>16} {'growth':>9}")
    for name in names:
        counts[name] = instructions(program, name)
        print(line(name, counts[name], baseline.get(name)), flush=True)
        if counts[name] > (1 + BOUND) * baseline.get(name, counts[name]):
            grown.append(name)
    return counts, grown


def main() -> int:
    """Print the table; the exit status is 1 if a count has grown by more than the bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", metavar="NAME", nargs="*", help="count the workloads with this in their names alone")
    parser.add_argument("--write", action="store_true", help="make the counts the new baseline")
    arguments = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("counting instructions needs valgrind", file=sys.stderr)
        return 1

    PROFILES.mkdir(parents=True, exist_ok=True)
    program, rustc = build(), rustc_version()
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    if baseline and baseline["rustc"] != rustc:
        print(f"the baseline was made with {baseline['rustc']}, this is {rustc}")
    known: Counts = baseline.get("instructions", {})
    names = workloads(program)
    chosen = [name for name in names if not arguments.names or any(part in name for part in arguments.names)]
    counts, grown = compare(program, chosen, known)
    if arguments.write:
        kept = {name: (known | counts)[name] for name in names if name in known | counts}
        BASELINE.write_text(json.dumps({"rustc": rustc, "instructions": kept}, indent=1) + "\n", encoding="utf-8")
        return 0
    if grown:
        print(f"more instructions than the baseline by over {BOUND:.0%}: {'; '.join(grown)}", file=sys.stderr)
    return bool(grown)


if __name__ == "__main__":
    sys.exit(main())
