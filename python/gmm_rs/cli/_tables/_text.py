"""Tables as text, one row a line: CSV with commas, semicolons or tabs, or columns apart by blanks."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np

from gmm_rs._validation import Float64Array
from gmm_rs.cli._tables._columns import Chooser, advise_columns, column_name
from gmm_rs.cli._tables._formats import STANDARD_STREAM
from gmm_rs.cli._tables._table import Table
from gmm_rs.exceptions import DataTypeError, DimensionError

_COMMENT = "#"
_QUOTE = '"'


@dataclass(frozen=True)
class _Layout:
    """How the lines of a text are made."""

    delimiter: str | None
    names: tuple[str, ...] | None
    n_columns: int
    header_line: int | None

    def split(self, line: str) -> list[str]:
        if self.delimiter is None:
            return line.split()
        return [field.strip() for field in next(csv.reader([line], delimiter=self.delimiter))]


def read_text(path: str, choose: Chooser) -> Table:
    """The table in the text file at `path`, or on standard input.

    A header line is one whose field in some column is no number, while the next line's is. Lines that are blank or
    begin with ``#`` are passed over.

    Raises
    ------
    OSError
        If it cannot be read.
    DataTypeError
        If a field is no number; the message names line and column.
    DimensionError
        If there are no rows, or a line has another number of fields than the first; the message names it.
    """
    source = "standard input" if path == STANDARD_STREAM else path
    try:
        with _open(path) as file:
            layout = _find_layout(file, source)
            chosen = choose(layout.names, layout.n_columns, source)
            file.seek(0)
            try:
                values = _parse(file, layout, chosen)
            except ValueError as error:
                file.seek(0)
                _raise_first_fault(file, layout, chosen, source)
                raise DataTypeError(f"{source} cannot be read as a table of numbers: {error}") from error
    except UnicodeDecodeError as error:
        raise DataTypeError(f"{source} is no text in UTF-8: {error}") from error
    names = None if layout.names is None else tuple(layout.names[i] for i in chosen)
    return Table(values, names, source)


def _open(path: str) -> TextIO:
    if path == STANDARD_STREAM:
        try:
            content = sys.stdin.buffer.read()
        except OSError as error:
            raise OSError(error.errno, error.strerror, "standard input") from error
        return StringIO(content.decode("utf-8-sig"), newline=None)
    return Path(path).open(encoding="utf-8-sig", newline=None)


def _rows(file: TextIO) -> Iterator[tuple[int, str]]:
    """Lines that hold data, or the header, with their numbers counted from 1."""
    for number, line in enumerate(file, start=1):
        content = line.split(_COMMENT, 1)[0].strip(" \r\n")
        if content.strip():
            yield number, content


def _find_layout(file: TextIO, source: str) -> _Layout:
    first, second = islice(chain(_rows(file), [(0, ""), (0, "")]), 2)
    if not first[0]:
        raise DimensionError(f"{source} has no rows")
    delimiter = next((mark for mark in "\t;," if mark in first[1]), None)
    plain = _Layout(delimiter, None, 0, None)
    head = plain.split(first[1])
    row = plain.split(second[1]) if second[0] else []
    if not _is_header(head, row):
        return _Layout(delimiter, None, len(head), None)
    if not row:
        raise DimensionError(f"{source} has a header line and no rows")
    return _Layout(delimiter, tuple(head), len(head), first[0])


def _is_header(head: list[str], row: list[str]) -> bool:
    if not row:
        return not any(map(_is_number, head))
    return any(not _is_number(name) and _is_number(field) for name, field in zip(head, row, strict=False))


def _parse(file: TextIO, layout: _Layout, chosen: list[int]) -> Float64Array:
    is_whole = chosen == list(range(layout.n_columns))
    lines = islice(file, layout.header_line or 0, None)
    return np.loadtxt(
        lines if is_whole else _of_equal_width(lines, layout),
        dtype=np.float64,
        comments=_COMMENT,
        delimiter=layout.delimiter,
        quotechar=_QUOTE,
        usecols=None if is_whole else chosen,
        ndmin=2,
    )


def _of_equal_width(lines: Iterator[str], layout: _Layout) -> Iterator[str]:
    """The lines, as long as each has all columns: of some columns only, NumPy would not notice."""
    for line in lines:
        if layout.delimiter is None or _QUOTE in line or _COMMENT in line or not line.strip():
            content = line.split(_COMMENT, 1)[0].strip()
            width = len(layout.split(content)) if content else layout.n_columns
        else:
            width = line.count(layout.delimiter) + 1
        if width != layout.n_columns:
            raise ValueError(f"{width} columns in the line {line!r}")
        yield line


def _raise_first_fault(file: TextIO, layout: _Layout, chosen: list[int], source: str) -> None:
    """Find the line and column that NumPy could not read, whose own numbers leave out headers and comments."""
    example: list[str] = []
    for number, line in _rows(file):
        if number == layout.header_line:
            continue
        fields = layout.split(line)
        example = example or fields
        if len(fields) != layout.n_columns:
            raise DimensionError(
                f"{source}, line {number}: {len(fields)} columns, but the lines before have {layout.n_columns}"
            )
        for i in chosen:
            if _is_number(fields[i]):
                continue
            what = f"{fields[i]!r} is no number" if fields[i] else "the field is empty"
            usable = [
                str(k + 1) if layout.names is None else layout.names[k]
                for k in range(layout.n_columns)
                if _is_number(example[k]) and k != i
            ]
            advice = advise_columns(usable) if not _is_number(example[i]) else "fill it in or remove the line"
            raise DataTypeError(f"{source}, line {number}, column {column_name(layout.names, i)}: {what}; {advice}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # Python's own 1_000
