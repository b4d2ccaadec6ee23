"""The demo of gmm_rs: a Serket pipeline learns penguin species, and a second process recognises birds it has not seen.

Usage: `python examples/demo.py FOLDER`; the pipeline's files go there. The scripts it runs are in `examples/penguins`.
The exit status is 1 if a step fails or a file is missing.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

SCRIPTS = Path(__file__).resolve().parent / "penguins"
MODULE = "module001_gmm"  # the Observation is module 000
HOLDS = {
    "model.pickle": "the learnt model",
    "class_{mode}.txt": "the class of each bird, one per line",
    "Pdz_{mode}.txt": "the probabilities of the classes for each bird",
    "mu_{mode}.txt": "the mean of the class that each bird is in",
    "acc_{mode}.txt": "the accuracy",
}


class Step(NamedTuple):
    """What one process of the pipeline did: its accuracy, and the times of `update()` and of the whole process."""

    accuracy: float
    milliseconds_with_files: float
    milliseconds_without_files: float
    process_seconds: float


def main() -> int:
    """Run both processes and show what came of it."""
    parser = argparse.ArgumentParser(description="Learn and recognise penguin species in a Serket pipeline.")
    parser.add_argument("folder", type=Path, help="where the pipeline's files go")
    folder: Path = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    remove_results(folder / MODULE)

    print("\nPalmer penguins: 342 birds, 4 measurements each, 3 species\n")
    steps = {
        "learn": run(SCRIPTS / "learn.py", "learn", folder),
        "recog": run(SCRIPTS / "recognise.py", "recog", folder),
    }
    missing = show_files(folder / MODULE)
    show_summary(steps)
    if missing:
        print(f"\nmissing in {folder / MODULE}: {', '.join(missing)}", file=sys.stderr)
        return 1
    return 0


def remove_results(module_folder: Path) -> None:
    """Take away what an earlier demo left, so that no old file passes for a new one."""
    for name in expected_files():
        (module_folder / name).unlink(missing_ok=True)


def expected_files() -> dict[str, str]:
    """Name and content of each file that the two processes leave, in the order in which they are shown."""
    return {
        name.format(mode=mode): holds
        for mode in ("learn", "recog")
        for name, holds in HOLDS.items()
        if mode == "learn" or "{mode}" in name
    }


def run(script: Path, mode: str, folder: Path) -> Step:
    """Run one script as a process of its own in the folder, repeat what it says, and read its accuracy from file."""
    start = time.perf_counter()
    command = [sys.executable, str(script)]
    finished = subprocess.run(command, cwd=folder, check=False, stdout=subprocess.PIPE, encoding="utf-8")
    process_seconds = time.perf_counter() - start
    print(f"{script.name}\n" + "".join(f"  {line}\n" for line in finished.stdout.splitlines()))
    took = re.search(r"update\(\) took ([\d.]+) ms with its files, ([\d.]+) ms without", finished.stdout)
    if finished.returncode or not took:
        sys.exit(f"{script} failed with exit status {finished.returncode}")
    accuracy = float((folder / MODULE / f"acc_{mode}.txt").read_text(encoding="ascii"))
    return Step(accuracy, float(took[1]), float(took[2]), process_seconds)


def show_files(module_folder: Path) -> list[str]:
    """List the files with what each holds; returns the names of those that are missing."""
    print(f"Files in {module_folder}")
    missing = []
    for name, holds in expected_files().items():
        path = module_folder / name
        size = f"{path.stat().st_size:,} bytes" if path.is_file() else "MISSING"
        print(f"  {name:<16} {size:>12}   {holds}")
        if not path.is_file():
            missing.append(name)
    return missing


def show_summary(steps: dict[str, Step]) -> None:
    """One line per process: accuracy, time of `update()`, time of the process."""
    print(f"\n  {'':<8}{'accuracy':>8}{'update()':>13}{'with files':>13}{'process':>11}")
    for mode, step in steps.items():
        update = f"{step.milliseconds_without_files:>10.1f} ms{step.milliseconds_with_files:>10.1f} ms"
        print(f"  {mode:<8}{step.accuracy:>8.3f}{update}{step.process_seconds:>9.2f} s")


if __name__ == "__main__":
    sys.exit(main())
