"""Tables in Parquet files, read and written with PyArrow, which the extra ``parquet`` installs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs._validation import FloatArray
from gmm_rs.cli._tables._columns import Chooser, advise_columns
from gmm_rs.cli._tables._rows import numbered
from gmm_rs.cli._tables._table import Table
from gmm_rs.exceptions import DataTypeError, DimensionError, NonFiniteError


def read_parquet(path: str, choose: Chooser) -> Table:
    """The table in the Parquet file at `path`; float32 if all its columns are, otherwise float64.

    Raises
    ------
    ImportError
        If PyArrow is not installed.
    OSError
        If it cannot be read.
    DataTypeError
        If it is no Parquet file, or a column doesn't hold real numbers.
    NonFiniteError
        If a column has nulls; the message names the rows.
    """
    pa, pq = _pyarrow()
    with Path(path).open("rb") as stream:
        try:
            file = pq.ParquetFile(stream)
            schema = file.schema_arrow
            names = list(schema.names)
            chosen = choose(names, len(names), path)
            _check_types(pa, schema, chosen, path)
            if not (chosen and file.metadata.num_rows):
                raise DimensionError(f"{path} has no rows" if chosen else f"{path} has no columns")
            narrow = all(pa.types.is_float32(schema.types[i]) or pa.types.is_float16(schema.types[i]) for i in chosen)
            shape = (file.metadata.num_rows, len(chosen))
            values: FloatArray = np.empty(shape, np.float32) if narrow else np.empty(shape, np.float64)
            _fill(file, values, [names[i] for i in chosen], path)
        except pa.ArrowException as error:
            raise DataTypeError(f"{path} is no sound Parquet file: {error}") from error
    return Table(values, tuple(names[i] for i in chosen), path)


def write_parquet(path: Path, columns: Sequence[NDArray[Any]], names: Sequence[str]) -> None:
    """Write columns with names.

    Raises
    ------
    ImportError
        If PyArrow is not installed.
    OSError
    """
    pa, pq = _pyarrow()
    pq.write_table(pa.table(dict(zip(names, map(pa.array, columns), strict=True))), path)


def check_pyarrow() -> None:
    """Find out before long work whether Parquet files can be written after it.

    Raises
    ------
    ImportError
        If not; the message names the extra.
    """
    _pyarrow()


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError("Parquet files need pyarrow: pip install 'gmm-rs[parquet]'") from error
    return pyarrow, pyarrow.parquet


def _check_types(pa: Any, schema: Any, chosen: list[int], path: str) -> None:
    def is_real(kind: Any) -> bool:
        types = pa.types
        return bool(
            types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind)
        )

    for i in chosen:
        if not is_real(schema.types[i]):
            usable = [name for name, kind in zip(schema.names, schema.types, strict=True) if is_real(kind)]
            raise DataTypeError(
                f"{path}: column {schema.names[i]!r} holds {schema.types[i]}, not numbers; {advise_columns(usable)}"
            )


def _fill(file: Any, values: FloatArray, names: list[str], path: str) -> None:
    """Read the columns block by block into `values`."""
    start = 0
    for batch in file.iter_batches(columns=names):
        rows = slice(start, start + batch.num_rows)
        for j, name in enumerate(names):
            column = batch.column(name)
            if column.null_count:
                missing = start + np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
                raise NonFiniteError(
                    f"{path}: column {name!r} has no value in {numbered(missing)}; fill them in or remove these rows"
                )
            values[rows, j] = column.to_numpy(zero_copy_only=False)
        start += batch.num_rows
