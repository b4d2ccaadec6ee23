"""Compares gmm_rs with scikit-learn and Intel oneDAL: iterations, whole fits, small fits, predictions, memory.

    python benches/compare.py [--tasks iteration ...] [--shapes W1 ...] [--dtypes float64 ...] [--threads 1 2]
                              [--contenders gmm_rs ...] [--repeats N] [--json FILE]
    python benches/compare.py --markdown FILE       the figures of such a file as a Markdown table

Contenders take turns, each in a process of its own with the same number of threads, and start from equal parameters
(the "own start" and "whole fit" tasks aside). A figure is the median of the repeats. The time of an iteration is the
difference between a fit of 6 iterations and a fit of 1, so it holds neither starts nor checks.

Answers are compared after the same number of iterations: the parameters' log-likelihood of a row, which one function
computes for all, and the means in units of the standard deviation. The run fails where they differ by more than
the tolerances in `comparison/tasks.py`. A contender that isn't installed is left out; so is one from what it can't do.
Needs the dependency group `bench`.
"""

import argparse
import itertools
import json
import os
import statistics
from pathlib import Path
from typing import Any

import numpy as np

from comparison import table, tasks
from comparison.contender import CONTENDERS
from comparison.problems import SHAPES
from comparison.tasks import TASKS, TOLERANCES, Answer, Case
from harness import record
from harness.processes import Processes, new_process


def options() -> argparse.Namespace:
    """What the command line asks for."""
    cores = os.cpu_count() or 1
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--dtypes", nargs="+", choices=tasks.BOTH, default=list(tasks.BOTH))
    parser.add_argument("--threads", nargs="+", type=int, default=sorted({1, cores}), help="default: 1 and all cores")
    parser.add_argument("--contenders", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="print the figures of FILE, and measure nothing")
    return parser.parse_args()


def cases(wanted: argparse.Namespace) -> list[Case]:
    """All figures that the options leave, in the order of the tasks."""
    chosen = []
    for name in wanted.tasks:
        task = TASKS[name]
        shapes = [shape for shape in task.shapes if shape in wanted.shapes]
        dtypes = [dtype for dtype in task.dtypes if dtype in wanted.dtypes]
        threads = [max(wanted.threads)] if task.most_threads_only else wanted.threads
        chosen += [Case(name, *rest) for rest in itertools.product(shapes, dtypes, threads)]
    return chosen


def measure(processes: Processes, name: str, case: Case) -> tuple[float, Answer]:
    """One figure of one contender, in its process or, for memory, in a new one."""
    if TASKS[case.task].own_process:
        with new_process() as process:
            return process.submit(tasks.measure, name, case).result()
    return processes.run(name, tasks.measure, name, case)


def compare(processes: Processes, names: list[str], case: Case, repeats: int) -> dict[str, Any]:
    """The figures of all contenders in turns, and how far their answers are apart."""
    task = TASKS[case.task]
    able = [name for name in names if processes.run(name, tasks.able, name, case)]
    figures: dict[str, list[float]] = {name: [] for name in able}
    answers: dict[str, Answer] = {}
    for _ in range(repeats):
        for name in able:
            value, answers[name] = measure(processes, name, case)
            figures[name].append(value)
    return {
        "task": case.task,
        "shape": case.shape,
        "size": str(SHAPES[case.shape]),
        "dtype": case.dtype,
        "n_threads": case.n_threads,
        "unit": task.unit,
        "medians": {name: statistics.median(values) for name, values in figures.items()},
        "figures": figures,
        "apart": {quantity: apart(answers, quantity) for quantity in next(iter(answers.values()), {})},
        "answers": {
            name: {quantity: value for quantity, value in answer.items() if isinstance(value, float)}
            for name, answer in answers.items()
        },
    }


def apart(answers: dict[str, Answer], quantity: str) -> float:
    """The greatest difference between the answers of two contenders."""
    pairs = itertools.combinations([np.asarray(answer[quantity], np.float64) for answer in answers.values()], 2)
    return max((float(np.abs(one - other).max()) for one, other in pairs), default=0.0)


def disagreements(result: dict[str, Any]) -> list[str]:
    """What differs by more than it may."""
    return [
        f"{result['task']}, {result['size']}, {result['dtype']}: {quantity} differ by {difference:.2g}"
        for quantity, difference in result["apart"].items()
        if not difference <= TOLERANCES[quantity][result["dtype"]]
    ]


def available(processes: Processes, names: list[str]) -> tuple[list[str], dict[str, str]]:
    """The contenders that are installed, and the versions of all that they use."""
    present, versions = [], {}
    for name in names:
        found = processes.run(name, tasks.versions, name)
        if isinstance(found, str):
            print(f"{name} is left out: {found}")
        else:
            present.append(name)
            versions |= found
    return present, versions


def main() -> None:
    """Measure what the options ask for; print a line for each figure and keep all of them."""
    wanted = options()
    if wanted.markdown:
        print(table.markdown(json.loads(wanted.markdown.read_text(encoding="utf-8"))))
        return
    results, faults = [], []
    with Processes() as processes:
        names, versions = available(processes, wanted.contenders)
        print(record.listed(versions))
        print(f"{record.processor()}, medians of {wanted.repeats}")
        print(table.plain(table.heading(names)), flush=True)
        for case in cases(wanted):
            result = compare(processes, names, case, wanted.repeats)
            results.append(result)
            faults += disagreements(result)
            record.write(wanted.json, results, versions)
            print(table.plain(table.cells(result, names)), flush=True)
    if faults:
        raise SystemExit("\n".join(["answers disagree:", *faults]))


if __name__ == "__main__":
    main()
