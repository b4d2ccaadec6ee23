"""Dask collections as rows: arrays and data frames in partitions that hold whole rows."""

import warnings
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
from dask.array import PerformanceWarning
from pandas.api.types import is_complex_dtype, is_numeric_dtype, is_object_dtype

from gmm_rs._validation import Float64Array, check_data, check_float64
from gmm_rs.exceptions import DataTypeError, DimensionError
from gmm_rs.mixture._row_knowledge import check_not_negative, check_sample_weight

RowCollection: TypeAlias = da.Array | dd.DataFrame
WeightCollection: TypeAlias = da.Array | dd.Series


def is_dask(value: object) -> bool:
    """Whether this is a collection of Dask, of whichever kind."""
    return bool(dask.is_dask_collection(value))


def check_collection(X: Any, *, what: str = "X") -> RowCollection:
    """A collection whose partitions hold whole rows.

    Raises
    ------
    DataTypeError
        If it is neither an array nor a data frame.
    DimensionError
        If it has not two dimensions, or no columns.

    Warns
    -----
    dask.array.PerformanceWarning
        If the columns of an array are in several chunks, which are brought together.

    Examples
    --------
    >>> check_collection(da.ones((4, 2), chunks=(2, 2))).numblocks
    (2, 1)
    """
    if not isinstance(X, da.Array | dd.DataFrame):
        raise DataTypeError(
            f"{what} is a {type(X).__name__} of Dask, but an array or a data frame is needed: "
            f"bags and delayed objects have to_dataframe, from_delayed and the like"
        )
    if X.ndim != 2:
        advice = ". Reshape your data: X[:, None] if it is one feature" if X.ndim == 1 else ""
        raise DimensionError(f"{what} must be 2-D (n_samples, n_features), but has {X.ndim} dimension(s){advice}")
    if X.shape[1] == 0:
        raise DimensionError(f"{what} must have at least one column, but has 0 feature(s)")
    _check_dtypes(X, what)
    if isinstance(X, da.Array) and X.numblocks[1] > 1:
        warnings.warn(
            f"the columns of {what} are in {X.numblocks[1]} chunks, but a row is needed as a whole: they are brought "
            f"together, with copies. Make it with one chunk of columns, or pass {what}.rechunk({{1: -1}})",
            PerformanceWarning,
            stacklevel=5,
        )
        return X.rechunk({1: -1})
    return X


def engine_dtype(X: RowCollection) -> np.dtype[Any]:
    """Float32 or float64: how the engine takes the partitions, as far as the collection knows their dtypes.

    Examples
    --------
    >>> engine_dtype(da.ones((4, 2), dtype="float32"))
    dtype('float32')
    """
    dtypes = [X.dtype] if isinstance(X, da.Array) else list(X.dtypes)
    small = all(isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize <= 4 for dtype in dtypes)
    return np.dtype(np.float32 if small else np.float64)


def partitions_of(collection: Any) -> list[Any]:
    """The partitions in order, as delayed objects."""
    if isinstance(collection, da.Array):
        return list(collection.to_delayed().ravel())
    return list(collection.to_delayed())


def weight_partitions(sample_weight: object, lengths: list[int]) -> list[Any]:
    """Weights of rows in parts for partitions of these lengths: delayed objects of a collection, or arrays.

    A collection whose partitions have lengths that are known and others is cut anew. Of unknown ones, see
    `take_weights`.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError
    """
    n_samples = sum(lengths)
    if not is_dask(sample_weight):
        whole = check_sample_weight(sample_weight, n_samples)
        assert whole is not None
        return [whole[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]
    weights = _check_weights(sample_weight)
    if isinstance(weights, da.Array) and weights.size == n_samples:  # an unknown size is NaN
        weights = weights.rechunk((tuple(lengths),))
    parts = partitions_of(weights)
    if len(parts) != len(lengths):
        raise DimensionError(
            f"sample_weight has {len(parts)} partitions, but X has {len(lengths)}: one weight is needed for each row, "
            f"in partitions of the same lengths"
        )
    return parts


def take_weights(weights: object, n_samples: int) -> Float64Array:
    """The weights of a partition, one for each of its rows. Runs on a worker.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError
    """
    array = check_float64("sample_weight", weights)
    if array.shape != (n_samples,):
        raise DimensionError(
            f"a partition of sample_weight has shape {array.shape}, but that of X has {n_samples} rows: one weight is "
            f"needed for each row, in partitions of the same lengths"
        )
    return check_not_negative("sample_weight", array)


def _check_weights(sample_weight: Any) -> WeightCollection:
    """A collection of one dimension."""
    if not isinstance(sample_weight, da.Array | dd.Series):
        raise DataTypeError(
            f"sample_weight is a {type(sample_weight).__name__} of Dask, but an array or a series is needed"
        )
    if sample_weight.ndim != 1:
        raise DimensionError(f"sample_weight must be 1-D, but has {sample_weight.ndim} dimensions")
    return sample_weight


def _check_dtypes(X: RowCollection, what: str) -> None:
    """Refuse what is known not to be numbers, before each partition is refused by itself."""
    if isinstance(X, da.Array):
        if X.dtype != object:
            check_data(np.empty((1, X.shape[1]), dtype=X.dtype), what=what)
        return
    wrong = [f"{name!r} ({dtype})" for name, dtype in X.dtypes.items() if not _may_be_numbers(dtype)]
    if wrong:
        raise DataTypeError(f"{what} has columns that are not real numbers: {', '.join(wrong)}; leave them out")


def _may_be_numbers(dtype: Any) -> bool:
    return bool(is_object_dtype(dtype) or (is_numeric_dtype(dtype) and not is_complex_dtype(dtype)))
