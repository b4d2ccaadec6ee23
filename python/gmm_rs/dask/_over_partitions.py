"""What a mixture says of the rows of Dask collections: rows as lazy collections, sums as numbers."""

import math
from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import dask
import dask.array as da
import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from gmm_rs.dask._collections import RowCollection, partitions_of, take_weights, weight_partitions
from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture import GaussianMixture as LocalMixture
from gmm_rs.mixture._criteria import Sums


def mapped(
    X: RowCollection, evaluate: Callable[..., Any], model: LocalMixture, dtype: DTypeLike, n_outputs: int | None
) -> Any:
    """What a method says of the rows, as a collection of the same kind and partitions, which is not computed yet.

    Parameters
    ----------
    X : dask.array.Array or dask.dataframe.DataFrame
    evaluate : callable
        A method of `gmm_rs.GaussianMixture`, of the class, which gives an array for rows.
    model : GaussianMixture
        Whose method it is.
    dtype : dtype
        Of the result.
    n_outputs : int or None
        Columns of the result; None if it has one dimension.
    """
    shape = (0,) if n_outputs is None else (0, n_outputs)
    options = {"model": model, "evaluate": evaluate, "empty": np.empty(shape, dtype=dtype)}
    if isinstance(X, da.Array):
        layout = {"drop_axis": 1} if n_outputs is None else {"chunks": (X.chunks[0], (n_outputs,))}
        return X.map_blocks(_evaluate_rows, **options, **layout, meta=options["empty"])
    make = pd.Series if n_outputs is None else pd.DataFrame
    return X.map_partitions(_evaluate_frame, **options, make=make, meta=make(options["empty"]))


def summed(X: RowCollection, model: LocalMixture, sample_weight: object, *, with_entropy: bool) -> Sums:
    """Sums over all rows, computed where the partitions are.

    Parameters
    ----------
    X : dask.array.Array or dask.dataframe.DataFrame
    model : GaussianMixture
    sample_weight : dask.array.Array, dask.dataframe.Series, array-like or None
        How often each row counts.
    with_entropy : bool
        Whether entropies are asked for.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError, NonFiniteError
    """
    rows = partitions_of(X)
    weights = [None] * len(rows) if sample_weight is None else weight_partitions(sample_weight, _lengths(X, rows))
    add_up = dask.delayed(_add_up)
    parts = dask.compute(*(add_up(*part, model, with_entropy) for part in zip(rows, weights, strict=True)))
    columns = zip(*(astuple(part) for part in parts), strict=True)
    sums = Sums(*(math.fsum(column) for column in columns))
    if sums.weight == 0.0:
        raise ParameterError("no row of X counts: there is none, or sample_weight is zero for all of them")
    return sums


def _lengths(X: RowCollection, rows: list[Any]) -> list[int]:
    if isinstance(X, da.Array) and not np.isnan(X.shape[0]):
        return list(X.chunks[0])
    return list(dask.compute(*(dask.delayed(len)(part) for part in rows)))


def _evaluate_rows(
    rows: NDArray[Any], *, model: LocalMixture, evaluate: Callable[..., Any], empty: NDArray[Any]
) -> NDArray[Any]:
    """Evaluate the rows of a partition. Runs on a worker."""
    return np.asarray(evaluate(model, rows), dtype=empty.dtype) if len(rows) else empty


def _evaluate_frame(frame: Any, *, make: Callable[..., Any], **options: Any) -> Any:
    """The same of a data frame, whose index is kept. Runs on a worker."""
    return make(_evaluate_rows(frame.to_numpy(), **options), index=frame.index)


def _add_up(rows: Any, weights: Any, model: LocalMixture, with_entropy: bool) -> Sums:
    """The sums over a partition. Runs on a worker."""
    counts = None if weights is None else take_weights(weights, len(rows))
    if len(rows) == 0 or not (counts is None or counts.any()):
        return Sums(0.0, 0.0, 0.0)
    return model._sums(model._check_data(np.asarray(rows)), counts, None, with_entropy=with_entropy)
