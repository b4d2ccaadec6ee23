"""The workers of a Dask cluster answer the questions of the engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from distributed import Client, Future, get_worker

from gmm_rs import _core
from gmm_rs._validation import Float64Array, FloatArray
from gmm_rs.dask._loss import result_of
from gmm_rs.dask._partitions import Partitions

_MERGED_AT_ONCE = 16
"""How many workers' replies one task merges."""
_LARGE = 2**20
"""Bytes of a request, for all workers, from which on it travels from worker to worker."""
_NOWHERE = ""
"""In the place of a worker's address."""


class DaskCluster:
    """The rows of a fit on the workers of a Dask cluster: a `gmm_rs._cluster.Cluster`.

    Each worker answers a request for all of its partitions in one task, with its own number of threads, and merges the
    replies of neighbours; a tree of further tasks merges those of the workers. That is a handful of tasks for each
    request, however many partitions there are.

    Dask gives a task to the worker that has its partitions. Where that is gone, it computes them anew, since it knows
    how they came about, and gives the task to another worker.

    Parameters
    ----------
    client : distributed.Client
    partitions : Partitions
    num_threads : int, optional
        Threads of each worker that answer; by default as many as the worker has for tasks.
    """

    def __init__(self, client: Client, partitions: Partitions, num_threads: int | None) -> None:
        self._client = client
        self._partitions = partitions
        self._num_threads = num_threads
        first_rows = [0, *accumulate(partitions.lengths)][:-1]
        self._places = [_Place(i, first_row) for i, first_row in enumerate(first_rows)]
        self._tasks: list[Future] = []
        self._homes: dict[int, str] = {}
        self._shares = self._find_shares()

    @property
    def n_features(self) -> int:
        return self._partitions.n_features

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._partitions.dtype

    @property
    def lengths(self) -> list[int]:
        return self._partitions.lengths

    def ask(self, request: bytes) -> bytes:
        """The reply of all partitions to a question of the engine.

        Raises
        ------
        NonFiniteError
            If a partition holds NaN or infinity.
        DataLostError, CancelledError, KilledWorker
            If partitions are lost for good.
        """
        try:
            answer: _Answer = result_of(self._client, self._submit(request))
        finally:
            tasks, self._tasks = self._tasks, []
            for task in tasks:
                task.release()
        if not answer.at_home:
            self._shares = self._find_shares()
        (stretch,) = answer.stretches
        return stretch.reply

    def give_up(self) -> None:
        """Cancel the tasks of the question that waits for an answer: what has not begun yet never will."""
        self._client.cancel(self._tasks)

    def _submit(self, request: bytes) -> Future:
        """The task whose result is the answer of all."""
        submit, tasks = self._client.submit, self._tasks
        asked: Any = request
        if len(request) * len(self._shares) > _LARGE:
            asked = submit(_request, request, pure=False)
            tasks.append(asked)
        level = []
        for share in self._shares:
            task = submit(
                _answer_share,
                asked,
                [self._partitions.rows[place.partition] for place in share.places],
                share.places,
                sample_weight=self._weights_of(share),
                dtype=self.dtype,
                num_threads=self._num_threads,
                home=share.worker,
                pure=False,
            )
            level.append(task)
            tasks.append(task)
        while len(level) > 1:
            level = [
                submit(_merge_answers, level[i : i + _MERGED_AT_ONCE], pure=False)
                for i in range(0, len(level), _MERGED_AT_ONCE)
            ]
            tasks += level
        return level[0]

    def _weights_of(self, share: "_Share") -> list[Future] | None:
        weights = self._partitions.sample_weight
        return None if weights is None else [weights[place.partition] for place in share.places]

    def _find_shares(self) -> "list[_Share]":
        """What each worker has; of several, the one that a partition had before, or else that of its neighbour."""
        rows = self._partitions.rows
        holders = self._client.who_has(rows)
        places: dict[str, list[_Place]] = {}
        for i, place in enumerate(self._places):
            workers = holders.get(rows[i].key) or [_NOWHERE]  # if it has been lost just now
            wanted = (self._homes.get(i, _NOWHERE), self._homes.get(i - 1, _NOWHERE))
            self._homes[i] = next((worker for worker in wanted if worker in workers), workers[0])
            places.setdefault(self._homes[i], []).append(place)
        return [_Share(worker, own) for worker, own in places.items()]


class _Place(NamedTuple):
    """Where a partition is among all rows."""

    partition: int
    first_row: int


@dataclass(frozen=True)
class _Share:
    """The partitions that a worker answers for."""

    worker: str
    places: list[_Place]


class _Stretch(NamedTuple):
    """The reply of neighbouring partitions."""

    start: int
    stop: int
    reply: bytes


class _Answer(NamedTuple):
    """The replies of some partitions, those of neighbours merged, and whether workers have answered for their own."""

    stretches: list[_Stretch]
    at_home: bool


def _request(request: bytes) -> bytes:
    """The request as a task, which Dask can do again where its result is lost."""
    return request


def _answer_share(
    request: bytes,
    rows: Sequence[FloatArray],
    places: Sequence[_Place],
    *,
    sample_weight: Sequence[Float64Array] | None,
    dtype: np.dtype[Any],
    num_threads: int | None,
    home: str,
) -> _Answer:
    """Answer for several partitions. Runs on the worker that has them."""
    worker = get_worker()
    stretches = []
    for i, place in enumerate(places):
        reply = _core.answer(
            rows[i].astype(dtype, copy=False),
            request,
            partition=place.partition,
            first_row=place.first_row,
            sample_weight=None if sample_weight is None else sample_weight[i],
            num_threads=num_threads or worker.state.nthreads,
        )
        stretches.append(_Stretch(place.partition, place.partition + 1, reply))
    return _Answer(_joined(stretches), at_home=worker.address == home)


def _merge_answers(answers: Sequence[_Answer]) -> _Answer:
    """Make one of the answers of several workers. Runs on one of them."""
    stretches = sorted(stretch for answer in answers for stretch in answer.stretches)
    return _Answer(_joined(stretches), at_home=all(answer.at_home for answer in answers))


def _joined(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    """The stretches, sorted, with the replies of neighbours merged."""
    groups: list[list[_Stretch]] = []
    for stretch in stretches:
        if groups and groups[-1][-1].stop == stretch.start:
            groups[-1].append(stretch)
        else:
            groups.append([stretch])
    return [
        group[0]
        if len(group) == 1
        else _Stretch(group[0].start, group[-1].stop, _core.merge([stretch.reply for stretch in group]))
        for group in groups
    ]
