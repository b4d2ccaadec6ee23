"""Writing a table, whatever its format: as a whole, or not at all."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs._staging import staged_file
from gmm_rs.cli._tables._formats import STANDARD_STREAM, format_of
from gmm_rs.cli._tables._parquet import check_pyarrow, write_parquet

_BLOCK = 8192


def check_writable(path: str) -> None:
    """Find out before long work whether a file can be written after it.

    Raises
    ------
    OSError, ImportError
        If it cannot.
    """
    if path == STANDARD_STREAM:
        return
    if Path(path).suffix.lower() == ".parquet":
        check_pyarrow()
    with staged_file(Path(path)):
        pass


def write_table(path: str, array: NDArray[Any], names: Sequence[str]) -> None:
    """Write a matrix or a vector.

    Parameters
    ----------
    path : str
        As :func:`read_table`; ``-`` is standard output, CSV.
    array : ndarray of shape (n_rows, n_columns) or (n_rows,)
    names : sequence of str
        Names of the columns, for CSV and Parquet.

    Raises
    ------
    OSError
        If it cannot be written; the file of before is there then.
    """
    if path == STANDARD_STREAM:
        sys.stdout.writelines(_csv_lines(array, names))
        sys.stdout.flush()
        return
    with staged_file(Path(path)) as staged:
        match format_of(path):
            case "npy":
                with staged.open("wb") as file:
                    np.save(file, array)
            case "parquet":
                write_parquet(staged, list(array.reshape(len(array), -1).T), names)
            case "csv":
                with staged.open("w", encoding="utf-8", newline="\n") as text:
                    text.writelines(_csv_lines(array, names))
            case "txt":
                with staged.open("w", encoding="utf-8", newline="\n") as text:
                    text.writelines(_lines(array, " "))


def _csv_lines(array: NDArray[Any], names: Sequence[str]) -> Iterator[str]:
    yield ",".join(map(_quoted, names)) + "\n"
    yield from _lines(array, ",")


def _lines(array: NDArray[Any], delimiter: str) -> Iterator[str]:
    """Numbers with as many digits as tell them from all others."""
    matrix = array.reshape(len(array), -1)
    for start in range(0, len(matrix), _BLOCK):
        for row in matrix[start : start + _BLOCK].tolist():
            yield delimiter.join(map(repr, row)) + "\n"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n#') else name
