"""Rows in blocks, each with what is known of its rows: the form in which data of any size are evaluated."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gmm_rs._validation import Float64Array, FloatArray, check_data
from gmm_rs.exceptions import DimensionError, NonFiniteError
from gmm_rs.mixture._data import check_finite
from gmm_rs.sources import RowSource
from gmm_rs.sources._ahead import read_ahead
from gmm_rs.sources._array import MappedRows
from gmm_rs.sources._columns import find_columns

Rows: TypeAlias = FloatArray | RowSource

Evaluate: TypeAlias = Callable[[FloatArray, Float64Array | None], NDArray[Any]]
"""What is said of rows, one after the other, given the logarithms of their class priors."""


@dataclass(frozen=True, eq=False)
class Block:
    """Some consecutive rows.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
    first_row : int
        The number of the first of them in the data, counted from 0.
    name : str
        How messages call the data.
    sample_weight : ndarray of shape (n_rows,), optional
    log_prior : ndarray of shape (n_rows, n_components), optional
    """

    rows: FloatArray
    first_row: int
    name: str
    sample_weight: Float64Array | None
    log_prior: Float64Array | None

    def evaluated(self, evaluate: Evaluate) -> NDArray[Any]:
        """What a function of the engine says of the rows.

        Raises
        ------
        NonFiniteError
            If they hold NaN or infinity; the message names the row in the data.
        """
        try:
            return evaluate(self.rows, self.log_prior)
        except NonFiniteError:
            check_finite(self.rows, first_row=self.first_row, what=self.name)
            raise


def to_rows(X: object) -> Rows:
    """`X` as the engine takes it, or a source; a memory map becomes one, so that it is not in memory as a whole.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError
    """
    if isinstance(X, RowSource):
        return X
    if isinstance(X, np.memmap):
        return MappedRows(X, partial(find_columns, None), None, "X")
    return check_data(X, what="X")


def count_rows(rows: Rows) -> int | None:
    """How many rows there are; None if that isn't known before they are read."""
    return rows.n_rows if isinstance(rows, RowSource) else len(rows)


def blocks_of(
    rows: Rows, size: int, *, sample_weight: Float64Array | None = None, log_prior: Float64Array | None = None
) -> Generator[Block]:
    """All rows in blocks of `size` rows, of which the last may have fewer; those of a source are read one ahead.

    Raises
    ------
    DimensionError
        If there are no rows, or others than weights or priors.
    """
    first = 0
    name = rows.name if isinstance(rows, RowSource) else "X"
    known = {"sample_weight": sample_weight, "class_prior": log_prior}
    for block in read_ahead(rows.blocks(size)) if isinstance(rows, RowSource) else _cut(rows, size):
        part = slice(first, first + len(block))
        _check_lengths(known, part.stop, name, is_end=False)
        weight = None if sample_weight is None else sample_weight[part]
        yield Block(block, first, name, weight, None if log_prior is None else log_prior[part])
        first = part.stop
    if first == 0:
        raise DimensionError(f"{name} has no rows")
    _check_lengths(known, first, name, is_end=True)


def _cut(rows: FloatArray, size: int) -> Iterator[FloatArray]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _check_lengths(known: dict[str, Any], n_rows: int, name: str, *, is_end: bool) -> None:
    for what, values in known.items():
        if values is not None and (len(values) < n_rows or (is_end and len(values) > n_rows)):
            counted = f"{n_rows}" if is_end else f"{n_rows} or more"
            raise DimensionError(f"{what} has {len(values)} rows, but {name} has {counted}: one for each is needed")
