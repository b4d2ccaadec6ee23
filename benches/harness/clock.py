"""Wall-clock times of calls."""

import statistics
import time
from collections.abc import Callable

BUDGET = 0.3
"""Seconds that a measurement of a fast call is repeated for."""

MOST = 30
"""Repeats at most."""


def seconds(run: Callable[[], object]) -> float:
    """The time of one call, in seconds."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def repeated(measure: Callable[[], float]) -> float:
    """The median of what `measure` returns: once if that takes long, else as often as the budget allows."""
    end = time.perf_counter() + BUDGET
    values = [measure()]
    while time.perf_counter() < end and len(values) < MOST:
        values.append(measure())
    return statistics.median(values)
