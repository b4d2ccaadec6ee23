"""Starts that the candidates of a selection share: those of as many components, whatever their covariances."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

from gmm_rs.exceptions import GmmError
from gmm_rs.mixture._partitions import Partitions, draw_partitions
from gmm_rs.selection._criteria import Parts
from gmm_rs.selection._parallel import Workers

SharedStarts: TypeAlias = dict[tuple[int, int], Partitions | None]
"""By number of components and index of the part; None where there are no starts, which the fits report."""


def draw_shared_starts(sizes: Iterable[int], parts: Parts, workers: Workers, *, n_init: int, seed: int) -> SharedStarts:
    """The k-means starts of mixtures of all `sizes` on all `parts` of the data, several at a time.

    Parameters
    ----------
    sizes : iterable of int
        Numbers of components.
    parts : list of callable
    workers : Workers
    n_init, seed : int
        As those of the fits.
    """

    def task(size: int, index: int, threads: int, check: Callable[[], None]) -> Partitions | None:
        part = parts[index]()
        try:
            return draw_partitions(
                part.train,
                size,
                n_init=n_init,
                seed=seed,
                sample_weight=part.train_weight,
                observer=check,
                num_threads=threads,
            )
        except GmmError:
            return None

    keys = [(size, index) for size in sorted(sizes, reverse=True) for index in range(len(parts))]
    drawn = workers.run([partial(task, *key) for key in keys])
    return dict(zip(keys, drawn, strict=True))
