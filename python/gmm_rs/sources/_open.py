"""`open_rows`: a source of rows from whatever holds them."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import DTypeLike

from gmm_rs._validation import check_data, refuse_one_shot
from gmm_rs.exceptions import DataTypeError, ParameterError
from gmm_rs.sources._array import ArrayRows, MappedRows
from gmm_rs.sources._arrow import is_arrow, open_arrow, open_ipc
from gmm_rs.sources._columns import Chooser, find_columns
from gmm_rs.sources._factory import FactoryRows
from gmm_rs.sources._formats import format_of
from gmm_rs.sources._frame import FrameRows
from gmm_rs.sources._npy import open_npy
from gmm_rs.sources._parquet import open_parquet
from gmm_rs.sources._row_source import RowSource
from gmm_rs.sources._text import TextRows


def open_rows(
    data: object,
    *,
    columns: Sequence[str | int] | str | int | None = None,
    dtype: DTypeLike | None = None,
) -> RowSource:
    """Open data that need not fit in memory, to be read block by block, as often as needed.

    What is opened here may be passed to the methods of `GaussianMixture` in the place of an array. They read it a few
    times, a block at a time, and give the same bits.

    Parameters
    ----------
    data : path, array, data frame, Arrow table or function
        - the name of a file that ends in ``.npy``, ``.csv``, ``.txt``, ``.parquet``, ``.arrow`` or ``.feather``;
        - an array or a memory map;
        - a data frame of pandas;
        - what has the method ``__arrow_c_stream__``, as tables of PyArrow and frames of Polars do, or a
          ``pyarrow.dataset.Dataset``;
        - a function that returns a new iterator over such things, such as arrays, at each call.

        Parquet and Arrow need PyArrow, the extra ``gmm-rs[parquet]``.
    columns : sequence of str or int, optional
        The columns to read, in this order: names, or numbers counted from 0. Default: all.
    dtype : {numpy.float32, numpy.float64}, optional
        What the rows become. Default: float32 where all columns are (or float16), otherwise float64.

    Returns
    -------
    RowSource

    Raises
    ------
    OSError
        If a file cannot be read.
    DataTypeError
        If a file is not what its name says, is not whole, or a column doesn't hold real numbers, which is named; or if
        `data` is a generator or another iterator, which could be read only once.
    DimensionError
        If there are no rows or columns.
    ParameterError
        If there is no such column, or the end of a name is unknown.
    ImportError
        If PyArrow is needed and not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from gmm_rs import GaussianMixture, open_rows
    >>> np.save("rows.npy", np.random.default_rng(0).normal(size=(1000, 3)))
    >>> rows = open_rows("rows.npy", columns=[0, 2])
    >>> rows
    <MappedRows rows.npy: 1000 rows, 2 columns, float64>
    >>> mixture = GaussianMixture(random_state=0).fit(np.load("rows.npy")[:, [0, 2]])
    >>> mixture.predict_proba(rows, out="probabilities.npy")
    PosixPath('probabilities.npy')

    >>> rows = open_rows(lambda: (np.full((4, 3), number) for number in range(5)), columns=[0, 2])
    >>> [len(block) for block in rows.blocks(8)]
    [8, 8, 4]
    """
    return open_source(data, partial(find_columns, columns), _check_dtype(dtype))


def open_source(data: Any, choose: Chooser, dtype: np.dtype[Any] | None = None, name: str | None = None) -> RowSource:
    """As `open_rows`, with a function that finds the columns, and with a name for messages."""
    refuse_one_shot(data, what=name or "the data")
    if isinstance(data, str | PathLike):
        return _open_file(Path(data), choose, dtype)
    if isinstance(data, RowSource):
        raise ParameterError(f"{data.name} has been opened already: pass it as it is")
    if isinstance(data, np.memmap):
        return MappedRows(data, choose, dtype, name or "the memory map")
    if hasattr(data, "iloc"):
        return FrameRows(data, choose, dtype, name or "the data frame")
    if is_arrow(data):
        return open_arrow(data, choose, dtype, name or f"the {type(data).__name__}")
    if callable(data):
        make = cast("Callable[[], Iterable[Any]]", data)
        own_name = getattr(data, "__name__", "")
        return FactoryRows(make, open_source, choose, dtype, own_name if own_name.isidentifier() else "the function")
    if not (isinstance(data, list | tuple) or hasattr(data, "__array__")):
        raise DataTypeError(
            f"rows are read from the name of a file, an array, a data frame, an Arrow table or a function that returns "
            f"an iterator, but {name or 'the data'} is of type {type(data).__name__}"
        )
    return ArrayRows(check_data(data, what=name or "the data"), choose, dtype, name or "the array")


def _open_file(path: Path, choose: Chooser, dtype: np.dtype[Any] | None) -> RowSource:
    match format_of(path):
        case ".npy":
            return open_npy(path, choose, dtype)
        case ".parquet":
            return open_parquet(path, choose, dtype)
        case ".arrow" | ".feather":
            return open_ipc(path, choose, dtype)
        case _:
            return TextRows(partial(path.open, encoding="utf-8-sig", newline=None), choose, dtype, str(path))


def _check_dtype(dtype: DTypeLike | None) -> np.dtype[Any] | None:
    if dtype is None:
        return None
    try:
        asked = np.dtype(dtype)
    except TypeError:
        asked = None
    if asked not in (np.float32, np.float64):
        raise ParameterError(f"dtype must be numpy.float32 or numpy.float64, but is {dtype!r}")
    return asked
