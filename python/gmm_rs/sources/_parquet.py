"""Rows of Parquet files, read with PyArrow, which the extra ``parquet`` installs."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from gmm_rs.exceptions import DataTypeError
from gmm_rs.sources._arrow import ArrowRows, import_pyarrow
from gmm_rs.sources._columns import Chooser

_BUFFER = 1 << 16
"""Bytes of a column that are read at a time; without it, all bytes of a row group are."""


class ParquetRows(ArrowRows):
    """The rows of a Parquet file, which is decoded anew for each pass."""

    _is_encoded = True


def open_parquet(path: Path, choose: Chooser, dtype: np.dtype[Any] | None) -> ParquetRows:
    """The rows of the Parquet file at `path`, of which only the chosen columns are read.

    Raises
    ------
    ImportError
        If PyArrow is not installed.
    OSError
        If it cannot be read.
    DataTypeError
        If it is no Parquet file, or a column doesn't hold real numbers.
    DimensionError, ParameterError
    """
    pa = import_pyarrow()

    def read(chosen: list[int], n_rows: int) -> Generator[Any]:
        with pa.parquet.ParquetFile(str(path), pre_buffer=False, buffer_size=_BUFFER) as file:
            names = [file.schema_arrow.names[i] for i in chosen]
            for batch in file.iter_batches(batch_size=n_rows, columns=names, use_threads=False):
                yield batch.select(names)

    with path.open("rb") as stream:
        try:
            file = pa.parquet.ParquetFile(stream)
            schema, n_rows = file.schema_arrow, file.metadata.num_rows
        except pa.ArrowException as error:
            raise DataTypeError(f"{path} is no sound Parquet file: {error}") from error
    return ParquetRows(read, schema, choose, dtype, str(path), n_rows)
