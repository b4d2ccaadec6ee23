"""What a cluster does for a fit, so that the engine needn't know which one it is.

EM runs in the process that asked for the fit. It asks questions about all rows, such as their moments under a mixture,
as bytes, and the cluster has each partition answered where it is::

    reply = _core.answer(rows, request, partition=i, first_row=..., sample_weight=..., num_threads=...)

Replies of neighbouring partitions, in their order, become one by ``_core.merge([reply, ...])``, up to the reply of all
partitions, which is what `ask` returns. Replies are about K·D² numbers, and whichever neighbours are merged first, the
bits are the same: so they are merged where they are, and only one travels to the engine.

`gmm_rs.dask` is such a cluster. Another one is a class with the same attributes and methods.
"""

from typing import Any, Protocol

import numpy as np


class Cluster(Protocol):
    """The rows of a fit, in partitions on a cluster."""

    @property
    def n_features(self) -> int:
        """Number of columns of every partition."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Float32 or float64, of the rows as `_core.answer` gets them, the same in all partitions."""

    @property
    def lengths(self) -> list[int]:
        """Number of rows of each partition, in order, all above 0."""

    def ask(self, request: bytes) -> bytes:
        """The reply of all partitions to a question of the engine.

        It is called on a thread of the engine. An exception ends the fit and is raised by it.
        """

    def give_up(self) -> None:
        """Do not wait any longer for an answer: `ask` raises whatever exception.

        It is called where the fit was started, while `ask` waits, after Ctrl-C or an exception in a callback.
        """
