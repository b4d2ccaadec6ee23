"""Rows of Arrow: record batches, whichever library they come from, and files of them, read with PyArrow.

PyArrow is an extra, ``parquet``. Batches of Parquet files become columns here, too.
"""

from collections.abc import Callable, Generator, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gmm_rs._validation import FloatArray
from gmm_rs.exceptions import DataTypeError, DimensionError, NonFiniteError, ParameterError
from gmm_rs.sources._columns import Chooser, advise_columns
from gmm_rs.sources._row_source import Piece, RowSource
from gmm_rs.sources._rows import numbered

_CELLS = 1 << 20
"""Values of a piece at most, where batches are longer than blocks."""


class ArrowRows(RowSource):
    """The rows of Arrow record batches; float32 if all columns are, otherwise float64.

    Parameters
    ----------
    read_batches : callable
        Gives the batches anew at each call, for ``(numbers of the columns, about how many rows a batch should have)``;
        they have these columns, in this order.
    schema : pyarrow.Schema
        All columns.
    choose : Chooser
    dtype : dtype, optional
    name : str
    n_rows : int, optional

    Raises
    ------
    DataTypeError
        If a column doesn't hold real numbers.
    DimensionError
        If there are no columns, or it is known that there are no rows.
    """

    def __init__(
        self,
        read_batches: Callable[[list[int], int], Iterable[Any]],
        schema: Any,
        choose: Chooser,
        dtype: np.dtype[Any] | None,
        name: str,
        n_rows: int | None = None,
    ) -> None:
        names = list(schema.names)
        self._chosen = choose(names, len(names), name)
        if n_rows == 0 or not self._chosen:
            raise DimensionError(f"{name} has no {'columns' if names == [] else 'rows'}")
        narrow = _check_types(schema, self._chosen, name)
        own = np.dtype(np.float32 if narrow else np.float64)
        super().__init__(name, len(self._chosen), dtype or own, tuple(names[i] for i in self._chosen), n_rows)
        self._own_dtype = own
        self._read_batches = read_batches

    def _pieces(self, n_rows: int) -> Generator[Piece]:
        pa = import_pyarrow()
        first_row = 0
        step = max(1, min(n_rows, _CELLS // self.n_features))
        try:
            for batch in self._read_batches(self._chosen, n_rows):
                for start in range(0, batch.num_rows, step):
                    part = batch.slice(start, step)
                    yield self._columns(part, first_row + start)
                first_row += batch.num_rows
        except pa.ArrowException as error:
            raise DataTypeError(f"{self.name} cannot be read: {error}") from error

    def _columns(self, batch: Any, first_row: int) -> list[FloatArray]:
        if batch.num_columns != self.n_features:
            raise DimensionError(
                f"{self.name}: {batch.num_columns} columns from row {first_row + 1} on, but {self.n_features} before"
            )
        columns: list[FloatArray] = []
        for j, column in enumerate(batch.columns):
            if column.null_count:
                missing = first_row + np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
                raise NonFiniteError(
                    f"{self.name}: column {batch.schema.names[j]!r} has no value in {numbered(missing)}; "
                    f"fill them in or remove these rows"
                )
            columns.append(column.to_numpy(zero_copy_only=False).astype(self._own_dtype, copy=False))
        return columns


def is_arrow(data: object) -> bool:
    """Whether `data` are tables of Arrow, a data set of PyArrow, or a frame that can give such tables."""
    return hasattr(data, "__arrow_c_stream__") or (hasattr(data, "scanner") and hasattr(data, "schema"))


def open_arrow(data: Any, choose: Chooser, dtype: np.dtype[Any] | None, name: str) -> ArrowRows:
    """The rows of an object that gives an Arrow stream whenever it is asked, or of a data set of PyArrow.

    Raises
    ------
    ImportError
        If PyArrow is not installed.
    DataTypeError, DimensionError, ParameterError
    """
    pa = import_pyarrow()
    if hasattr(data, "scanner"):
        return ArrowRows(partial(_scan, data), data.schema, choose, dtype, name)
    try:
        with pa.RecordBatchReader.from_stream(data) as reader:
            schema = reader.schema
    except pa.ArrowException as error:
        raise DataTypeError(f"{name} is no Arrow table: {error}") from error
    n_rows = getattr(data, "num_rows", None)  # of tables and batches of PyArrow

    def read(chosen: list[int], _: int) -> Generator[Any]:
        with pa.RecordBatchReader.from_stream(data) as batches:
            for batch in batches:
                yield batch.select(chosen)

    return ArrowRows(read, schema, choose, dtype, name, n_rows)


def open_ipc(path: Path, choose: Chooser, dtype: np.dtype[Any] | None) -> ArrowRows:
    """The rows of an Arrow file, also called Feather, of which one record batch at a time is in memory.

    Raises
    ------
    ImportError
        If PyArrow is not installed.
    OSError
        If it cannot be read.
    DataTypeError
        If it is no such file, or a column doesn't hold real numbers.
    DimensionError, ParameterError
    """
    pa = import_pyarrow()

    def read(chosen: list[int], _: int) -> Generator[Any]:
        options = pa.ipc.IpcReadOptions(included_fields=sorted(chosen), use_threads=False)
        with pa.OSFile(str(path)) as stream, pa.ipc.open_file(stream, options=options) as batches:
            order = [sorted(chosen).index(i) for i in chosen]
            for k in range(batches.num_record_batches):
                yield batches.get_batch(k).select(order)

    with path.open("rb") as stream:
        try:
            with pa.ipc.open_file(stream) as file:
                schema, n_batches = file.schema, file.num_record_batches
        except pa.ArrowException as error:
            raise DataTypeError(f"{path} is no sound Arrow file: {error}") from error
    return ArrowRows(read, schema, choose, dtype, str(path), 0 if n_batches == 0 else None)


def import_pyarrow() -> Any:
    """PyArrow.

    Raises
    ------
    ImportError
        If it isn't there; the message names the extra.
    """
    try:
        import pyarrow
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError("Parquet and Arrow need pyarrow: pip install 'gmm-rs[parquet]'") from error
    return pyarrow


def _scan(dataset: Any, chosen: list[int], n_rows: int) -> Generator[Any]:
    """Batches of a data set, of few files and batches at the same time."""
    names = [dataset.schema.names[i] for i in chosen]
    scanner = dataset.scanner(columns=names, batch_size=n_rows, batch_readahead=1, fragment_readahead=1)
    yield from scanner.to_batches()


def _check_types(schema: Any, chosen: list[int], name: str) -> bool:
    """Whether all columns are float32 or less, if they hold real numbers at all."""
    types = import_pyarrow().types

    def is_real(kind: Any) -> bool:
        return bool(
            types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind)
        )

    for i in chosen:
        if not is_real(schema.types[i]):
            usable = [other for other, kind in zip(schema.names, schema.types, strict=True) if is_real(kind)]
            raise DataTypeError(
                f"{name}: column {schema.names[i]!r} holds {schema.types[i]}, not numbers; {advise_columns(usable)}"
            )
        if schema.names.count(schema.names[i]) > 1:
            raise ParameterError(f"{name} has several columns {schema.names[i]!r}: give them different names")
    return all(types.is_float32(schema.types[i]) or types.is_float16(schema.types[i]) for i in chosen)
