"""Many data sets in: each is read on its own, and what is wrong with one doesn't concern the others."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from gmm_rs._validation import Float64Array, FloatArray
from gmm_rs.exceptions import DataTypeError, DimensionError, GmmError
from gmm_rs.mixture._data import read_rows
from gmm_rs.mixture._features import feature_names
from gmm_rs.mixture._row_knowledge import check_sample_weight

Value = TypeVar("Value")


class DataSet(NamedTuple):
    """One data set, checked."""

    X: FloatArray
    sample_weight: Float64Array | None
    feature_names: NDArray[np.object_] | None


def attempt(read: Callable[[], Value]) -> Value | GmmError:
    """What `read` returns, or its exception.

    Examples
    --------
    >>> attempt(lambda: 7)
    7
    """
    try:
        return read()
    except GmmError as error:
        return error


def listed(datasets: object) -> list[Any]:
    """The data sets, not yet looked at.

    Raises
    ------
    DimensionError, DataTypeError
        If `datasets` is something else than several data sets.

    Examples
    --------
    >>> len(listed(np.zeros((4, 9, 2))))
    4
    """
    needed = "a list of matrices or an array of shape (n_sets, n_samples, n_features) is needed"
    if isinstance(datasets, Mapping | str | bytes) or not isinstance(datasets, Iterable):
        advice = ": pass list(datasets.values())" if isinstance(datasets, Mapping) else ""
        raise DataTypeError(f"datasets is a {type(datasets).__name__}, but {needed}{advice}")
    shape: tuple[int, ...] | None = getattr(datasets, "shape", None)
    if shape is not None and len(shape) == 2:
        raise DimensionError(
            f"datasets is one matrix, of shape {shape}, but {needed}: pass [X], or "
            f"X.reshape(n_sets, n_samples, n_features)"
        )
    is_array_of_arrays = getattr(datasets, "dtype", None) == np.dtype(object)
    if shape is not None and len(shape) != 3 and not is_array_of_arrays:
        raise DimensionError(f"datasets has shape {shape}, but {needed}")
    sets = list(datasets)
    if not sets:
        raise DimensionError("datasets is empty; at least one data set is needed")
    return sets


def read_datasets(sets: list[Any], sample_weight: object, n_components: int) -> list[DataSet | GmmError]:
    """Each data set with the weights of its rows, or what is wrong with it.

    Parameters
    ----------
    sets : list
    sample_weight : sequence of (array-like of shape (n_samples,) or None), or None
        One entry for each data set.
    n_components : int

    Raises
    ------
    DimensionError
        If there are not as many entries of `sample_weight` as data sets.
    """
    weights = [None] * len(sets) if sample_weight is None else _one_for_each(sample_weight, len(sets))

    def read(X: object, weight: object) -> DataSet:
        names = feature_names(X)
        rows = read_rows(X, n_components, estimator="fit_many")
        return DataSet(rows, check_sample_weight(weight, len(rows)), names)

    return [attempt(partial(read, X, weight)) for X, weight in zip(sets, weights, strict=True)]


def _one_for_each(sample_weight: object, n_sets: int) -> list[Any]:
    weights = list(sample_weight) if isinstance(sample_weight, Iterable) else None
    if weights is None or len(weights) != n_sets:
        given = f"has {len(weights)}" if weights is not None else f"is {sample_weight!r}"
        raise DimensionError(
            f"sample_weight must have an entry for each of the {n_sets} data sets, the weights of its rows or None, "
            f"but {given}"
        )
    return weights
