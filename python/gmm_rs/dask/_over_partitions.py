"""What a mixture says of the rows of Dask collections: rows as lazy collections, sums as numbers."""

from collections.abc import Callable
from typing import Any

import dask
import dask.array as da
import numpy as np
import pandas as pd
from numpy.typing import DTypeLike, NDArray

from gmm_rs._validation import Float64Array
from gmm_rs.dask._collections import RowCollection, partitions_of, take_weights, weight_partitions
from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture import GaussianMixture as LocalMixture


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


def weighted_sums(
    X: RowCollection, model: LocalMixture, sample_weight: object, *quantities: Callable[..., Any]
) -> list[float]:
    """Σ w_n and, for each quantity q, Σ w_n q(x_n), computed where the partitions are.

    Parameters
    ----------
    X : dask.array.Array or dask.dataframe.DataFrame
    model : GaussianMixture
    sample_weight : dask.array.Array, dask.dataframe.Series, array-like or None
        The w_n; None stands for 1.
    *quantities : callable
        Each gives q of each row, shape (n,), for a model and rows (n, n_features).

    Raises
    ------
    DimensionError, DataTypeError, ParameterError, NonFiniteError
    """
    rows = partitions_of(X)
    weights = [None] * len(rows) if sample_weight is None else weight_partitions(sample_weight, _lengths(X, rows))
    add_up = dask.delayed(_add_up)
    sums = dask.compute(*(add_up(*part, model, quantities) for part in zip(rows, weights, strict=True)))
    total, *others = np.sum(sums, axis=0).tolist()
    if total == 0.0:
        raise ParameterError("no row of X counts: there is none, or sample_weight is zero for all of them")
    return [total, *others]


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


def _add_up(rows: Any, weights: Any, model: LocalMixture, quantities: tuple[Callable[..., Any], ...]) -> Float64Array:
    """The sums over a partition. Runs on a worker."""
    if len(rows) == 0:
        return np.zeros(1 + len(quantities))
    array = np.asarray(rows)
    counts = np.ones(len(array)) if weights is None else take_weights(weights, len(array))
    return np.array([counts.sum(), *(counts @ quantity(model, array) for quantity in quantities)])
