"""What a fit tells while it runs: printed lines, a progress bar, the user's function."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from gmm_rs.mixture._settings import Settings

Observer: TypeAlias = Callable[[int, int, float], None]
"""Told the start, the iteration (0 before the first) and the lower bound."""


@contextmanager
def observed(settings: Settings, n_starts: int) -> Iterator[Observer | None]:
    """The observer that `verbose`, `progress` and `callback` ask for; None if nobody wants to know.

    Raises
    ------
    ImportError
        If `progress` is asked for and tqdm is not installed.
    """
    listeners: list[Observer] = []
    if settings.verbose:
        listeners.append(_Printer(settings.verbose, settings.verbose_interval))
    callback = settings.callback
    if callback is not None:

        def call(start: int, iteration: int, lower_bound: float) -> None:
            callback(iteration, lower_bound)

        listeners.append(call)
    bar = _progress_bar(n_starts * settings.max_iter) if settings.progress else None
    if bar is not None:

        def advance(start: int, iteration: int, lower_bound: float) -> None:
            bar.set_postfix(start=start, lower_bound=f"{lower_bound:.6g}", refresh=False)
            bar.update()

        listeners.append(advance)

    def tell(start: int, iteration: int, lower_bound: float) -> None:
        if iteration > 0:
            for listener in listeners:
                listener(start, iteration, lower_bound)

    try:
        yield tell if listeners else None
    finally:
        if bar is not None:
            bar.close()


class _Printer:
    """Prints what scikit-learn prints; starts that run at the same time take turns."""

    def __init__(self, verbose: int, interval: int) -> None:
        self._detailed = verbose >= 2
        self._interval = interval
        self._last: dict[int, tuple[float, float]] = {}  # for each start: time and bound of its last iteration

    def __call__(self, start: int, iteration: int, lower_bound: float) -> None:
        if start not in self._last:
            print(f"Initialization {start}")
        now = time.perf_counter()
        before, bound = self._last.get(start, (now, float("-inf")))
        self._last[start] = (now, lower_bound)
        if iteration % self._interval == 0:
            line = f"  Iteration {iteration}"
            if self._detailed:
                line += f"\t time lapse {now - before:.5f}s\t ll change {lower_bound - bound:.5f}"
            print(line)


def _progress_bar(total: int) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError('progress=True needs tqdm: pip install "gmm-rs[progress]"') from error
    return tqdm(total=total, desc="EM", unit="iteration", leave=False)
