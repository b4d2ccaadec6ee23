"""Sums of numbers, one for each row, whose bits don't depend on how many rows come at a time."""

import math

import numpy as np

from gmm_rs._validation import Float64Array

BLOCK = 65536


class BlockwiseSum:
    """A sum over blocks of `BLOCK` rows, and then, without rounding in between, over the blocks.

    Examples
    --------
    >>> together, apart = BlockwiseSum(), BlockwiseSum()
    >>> together.add(np.array([0.1, 0.2, 0.3]))
    >>> for value in (0.1, 0.2, 0.3):
    ...     apart.add(np.array([value]))
    >>> together.total() == apart.total()
    True
    """

    def __init__(self) -> None:
        self._waiting = np.empty(BLOCK)
        self._n_waiting = 0
        self._sums: list[float] = []

    def add(self, values: Float64Array) -> None:
        """Add the numbers of the next rows."""
        start = 0
        while start < len(values):
            taken = values[start : start + BLOCK - self._n_waiting]
            self._waiting[self._n_waiting : self._n_waiting + len(taken)] = taken
            start += len(taken)
            self._n_waiting += len(taken)
            if self._n_waiting == BLOCK:
                self._sums.append(float(self._waiting.sum()))
                self._n_waiting = 0

    def total(self) -> float:
        """The sum of all numbers so far."""
        return math.fsum([*self._sums, float(self._waiting[: self._n_waiting].sum())])
