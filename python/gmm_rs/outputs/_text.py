"""Writing text: CSV with a line of names, or columns apart by blanks."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from numpy.typing import NDArray

from gmm_rs.outputs._write import Write

_BLOCK = 8192


@contextmanager
def write_csv(path: Path, names: Sequence[str]) -> Iterator[Write]:
    """A function that writes rows, under a line of names.

    Raises
    ------
    OSError
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield _csv_into(file, names)


@contextmanager
def write_txt(path: Path, names: Sequence[str]) -> Iterator[Write]:
    """A function that writes rows; names of columns are left out.

    Raises
    ------
    OSError
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield lambda rows: file.writelines(_lines(rows, " "))


@contextmanager
def write_standard_output(names: Sequence[str]) -> Iterator[Write]:
    """A function that writes rows as CSV.

    Raises
    ------
    OSError
    """
    yield _csv_into(sys.stdout, names)
    sys.stdout.flush()


def _csv_into(file: TextIO, names: Sequence[str]) -> Write:
    head: list[str] = [",".join(map(_quoted, names)) + "\n"]

    def write(rows: NDArray[Any]) -> None:
        while head:  # with the first rows: where there are none because of an error, nothing is written
            file.write(head.pop())
        file.writelines(_lines(rows, ","))

    return write


def _lines(rows: NDArray[Any], delimiter: str) -> Iterator[str]:
    """Numbers with as many digits as tell them from all others."""
    matrix = rows.reshape(len(rows), -1)
    for start in range(0, len(matrix), _BLOCK):
        for row in matrix[start : start + _BLOCK].tolist():
            yield delimiter.join(map(repr, row)) + "\n"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n#') else name
