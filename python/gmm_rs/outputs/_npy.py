"""Writing ``.npy``, whose header says how many rows there are: it is written again at the end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs.outputs._write import Write


@contextmanager
def write_npy(path: Path, names: Sequence[str]) -> Iterator[Write]:
    """A function that writes rows; names of columns are left out.

    Raises
    ------
    OSError
    """
    shape: tuple[int, ...] = (0, len(names))
    dtype = np.dtype(np.float64)

    with path.open("wb") as file:

        def write_header() -> None:
            # NumPy leaves room for any number of rows in it.
            description = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, description)

        def write(rows: NDArray[Any]) -> None:
            nonlocal shape, dtype
            if shape[0] == 0:
                dtype, shape = rows.dtype, (0, *rows.shape[1:])
                write_header()
            file.write(np.ascontiguousarray(rows).data)
            shape = (shape[0] + len(rows), *shape[1:])

        yield write
        file.seek(0)
        write_header()
