"""Writing Parquet with PyArrow, a row group for each block."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs.outputs._write import Write
from gmm_rs.sources._arrow import import_pyarrow


@contextmanager
def write_parquet(path: Path, names: Sequence[str]) -> Iterator[Write]:
    """A function that writes rows.

    Raises
    ------
    ImportError
        If PyArrow is not installed.
    OSError
    """
    pa = import_pyarrow()
    writer: Any = None
    with ExitStack() as stack:

        def write(rows: NDArray[Any]) -> None:
            nonlocal writer
            columns = np.asfortranarray(rows.reshape(len(rows), -1)).T
            table = pa.table(dict(zip(names, map(pa.array, columns), strict=True)))
            if writer is None:
                writer = stack.enter_context(pa.parquet.ParquetWriter(path, table.schema))
            writer.write_table(table)

        yield write
