"""Brings the rows of a fit to the workers, and learns there what the engine asks first: lengths, width and dtype."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import dask
import numpy as np
from distributed import Client, Future, futures_of

from gmm_rs._validation import Float64Array, FloatArray, check_data
from gmm_rs.dask._collections import RowCollection, is_dask, partitions_of, take_weights, weight_partitions
from gmm_rs.dask._loss import explained_loss, result_of
from gmm_rs.exceptions import DimensionError
from gmm_rs.mixture._row_knowledge import check_sample_weight


@dataclass(frozen=True)
class Partitions:
    """Rows on the workers of a cluster, as futures, one for each partition that isn't empty.

    Parameters
    ----------
    rows : list of Future
        Arrays (length, n_features) of float32 or float64.
    sample_weight : list of Future, optional
        Arrays (length,) of float64.
    lengths : list of int
    n_features : int
    dtype : numpy.dtype
        Float32 if all rows are, otherwise float64.
    weights : ndarray of shape (n_samples,), optional
        Those of all partitions.
    extent : ndarray of shape (2, n_features)
        The smallest and the largest number of each column; NaN where there is one.
    """

    rows: list[Future]
    sample_weight: list[Future] | None
    lengths: list[int]
    n_features: int
    dtype: np.dtype[Any]
    weights: Float64Array | None
    extent: FloatArray


@contextmanager
def loaded(client: Client, X: RowCollection, sample_weight: object) -> Iterator[Partitions]:
    """The rows of a collection, and their weights, on the workers as long as they are needed.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError
        The message names the partition.
    DataLostError
        If the collection was on a worker that is gone.
    """
    held: list[Future] = []
    try:
        with explained_loss():
            yield _load(client, X, sample_weight, held)
    finally:
        for future in held:
            future.release()


def distinct_rows(client: Client, partitions: Partitions, n_rows: int) -> list[FloatArray]:
    """Some different rows of each partition: all, if they are fewer than `n_rows`."""
    parts = client.map(_some_distinct, partitions.rows, n_rows=n_rows, pure=False)
    return list(_result_of_all(client, list, parts))


def _load(client: Client, X: RowCollection, sample_weight: object, held: list[Future]) -> Partitions:
    rows = _compute(client, X, [dask.delayed(_take_rows)(rows, i) for i, rows in enumerate(partitions_of(X))])
    held += rows
    shapes: list[_Shape] = _result_of_all(client, list, client.map(_shape_of, rows, pure=False))
    lengths = [shape.length for shape in shapes]
    weights = None
    if sample_weight is not None:
        weights = _place_weights(client, sample_weight, rows, lengths)
        held += weights
    kept = [i for i, length in enumerate(lengths) if length > 0]
    n_features = _common_width(X, shapes, kept)
    return Partitions(
        rows=[rows[i] for i in kept],
        sample_weight=None if weights is None else [weights[i] for i in kept],
        lengths=[lengths[i] for i in kept],
        n_features=n_features,
        dtype=np.result_type(*(shapes[i].dtype for i in kept)) if kept else np.dtype(np.float64),
        weights=None
        if weights is None
        else check_sample_weight(_result_of_all(client, np.concatenate, weights), sum(lengths)),
        extent=_common_extent([shapes[i].extent for i in kept], n_features),
    )


class _Shape(NamedTuple):
    """What is learnt of the rows of a partition where they are."""

    length: int
    width: int
    dtype: np.dtype[Any]
    extent: FloatArray


def _take_rows(rows: Any, index: int) -> FloatArray:
    """The rows of a partition as the engine takes them. Runs on a worker."""
    if np.ndim(rows) == 2 and len(rows) == 0:
        return np.empty(np.shape(rows))
    return check_data(rows, what=f"partition {index} of X")


def _shape_of(rows: FloatArray) -> _Shape:
    extent = np.stack([rows.min(axis=0), rows.max(axis=0)]) if len(rows) else np.empty((2, 0))
    return _Shape(len(rows), rows.shape[1], rows.dtype, extent)


def _some_distinct(rows: FloatArray, n_rows: int) -> FloatArray:
    return np.asarray(np.unique(rows, axis=0)[:n_rows])


def _take_weights(weights: Any, rows: FloatArray) -> Float64Array:
    return take_weights(weights, len(rows))  # the rows are what brings the task to their worker


def _compute(client: Client, collection: Any, tasks: list[Any]) -> list[Future]:
    """Futures of one task for each partition.

    What is in memory is worked on where it is. Anything else is computed such that each worker has as much as its
    threads can do, and neighbours are on the same worker, since their replies can become one there.
    """
    n_threads = client.nthreads()
    if len(n_threads) < 2 or futures_of(collection):
        return list(client.compute(tasks))
    ends = np.cumsum(list(n_threads.values())) * len(tasks) // sum(n_threads.values())
    futures = []
    for worker, (start, end) in zip(n_threads, pairwise([0, *ends.tolist()]), strict=True):
        futures += client.compute(tasks[start:end], workers=[worker], allow_other_workers=True)
    return futures


def _place_weights(client: Client, sample_weight: object, rows: list[Future], lengths: list[int]) -> list[Future]:
    """The weights of each partition, beside its rows."""
    parts = weight_partitions(sample_weight, lengths)
    if is_dask(sample_weight):
        parts = client.compute(parts)
    return [client.submit(_take_weights, *part, pure=False) for part in zip(parts, rows, strict=True)]


def _result_of_all(client: Client, join: Callable[[list[Any]], Any], parts: list[Future]) -> Any:
    """The results of several tasks, or the first exception of one."""
    return result_of(client, client.submit(join, parts, pure=False))


def _common_width(X: RowCollection, shapes: list[_Shape], kept: list[int]) -> int:
    for i in kept:
        first = shapes[kept[0]].width
        if shapes[i].width != first:
            raise DimensionError(
                f"partition {i} of X has {shapes[i].width} columns, but partition {kept[0]} has {first}: "
                f"all must have the same"
            )
    return shapes[kept[0]].width if kept else X.shape[1]


def _common_extent(extents: list[FloatArray], n_features: int) -> FloatArray:
    if not extents:
        return np.empty((2, n_features))
    smallest, largest = zip(*extents, strict=True)
    return np.stack([np.min(smallest, axis=0), np.max(largest, axis=0)])
