"""Rows that a function gives anew at each call, as an iterator over arrays, frames, tables of Arrow or files."""

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import numpy as np

from gmm_rs.exceptions import DataTypeError, DimensionError, ParameterError
from gmm_rs.sources._columns import Chooser
from gmm_rs.sources._row_source import Piece, RowSource


class FactoryRows(RowSource):
    """The rows of all items of an iterable, one after the other.

    Parameters
    ----------
    make : callable
        Gives the items anew at each call.
    open_item : callable
        Opens an item as a source, given ``(item, choose, dtype, name)``.
    choose : Chooser
    dtype : dtype, optional
        Default: that of the first item, which the others must not exceed.
    name : str

    Raises
    ------
    DataTypeError
        If the function gives no iterable, or an item cannot be opened.
    DimensionError
        If there are no items with rows.
    """

    def __init__(
        self,
        make: Callable[[], Iterable[Any]],
        open_item: Callable[[Any, Chooser, np.dtype[Any] | None, str], RowSource],
        choose: Chooser,
        dtype: np.dtype[Any] | None,
        name: str,
    ) -> None:
        self._make = make
        self._open_item = open_item
        self._choose = choose
        self._asked_dtype = dtype
        self._last: Iterator[Any] | None = None
        self.name = name
        first = next(self._sources(), None)
        if first is None:
            raise DimensionError(f"{name} has no rows: the function gave no items")
        super().__init__(name, first.n_features, first.dtype, first.feature_names)

    def _pieces(self, n_rows: int) -> Generator[Piece]:
        for source in self._sources():
            if source.n_features != self.n_features:
                raise DimensionError(
                    f"{source.name} has {source.n_features} columns, but those before have {self.n_features}"
                )
            if source.feature_names != self.feature_names:
                raise ParameterError(
                    f"{source.name} has other names of columns than the first item, {self.feature_names}: give all the "
                    f"same, or choose columns by name"
                )
            if source.dtype.itemsize > self.dtype.itemsize:
                raise DataTypeError(
                    f"{source.name} is {source.dtype}, but the first is {self.dtype}: open the rows with "
                    f"dtype=numpy.{source.dtype} or dtype=numpy.{self.dtype}"
                )
            yield from source._pieces(n_rows)

    def _sources(self) -> Generator[RowSource]:
        """The items of a new iterator, as sources."""
        made = self._make()
        if not isinstance(made, Iterable):
            raise DataTypeError(
                f"{self.name} must return an iterator over arrays, frames or files, but returned {type(made).__name__}"
            )
        items = iter(made)
        if items is made:
            if items is self._last:
                raise DataTypeError(
                    f"{self.name} returned the same iterator again, whose rows are gone: it must return a new one at "
                    f"each call"
                )
            self._last = items
        for number, item in enumerate(items):
            if getattr(item, "shape", None) and item.shape[0] == 0:  # nothing today
                continue
            yield self._open_item(item, self._choose, self._asked_dtype, f"item {number} of {self.name}")
