"""Tables as text, one row a line: CSV with commas, semicolons or tabs, or columns apart by blanks."""

import csv
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TextIO

import numpy as np

from gmm_rs._validation import Float64Array, FloatArray
from gmm_rs.exceptions import DataTypeError, DimensionError
from gmm_rs.sources._columns import Chooser, advise_columns, column_name
from gmm_rs.sources._row_source import RowSource

_COMMENT = "#"
_QUOTE = '"'
_FIELDS = 1 << 18
"""Fields of the lines that are parsed at a time, at most."""


@dataclass(frozen=True)
class _Layout:
    """How the lines of a text are made."""

    delimiter: str | None
    names: tuple[str, ...] | None
    header_line: int
    example: list[str]

    @property
    def n_columns(self) -> int:
        return len(self.example if self.names is None else self.names)

    def split(self, line: str) -> list[str]:
        if self.delimiter is None:
            return line.split()
        return [field.strip() for field in next(csv.reader([line], delimiter=self.delimiter))]


class TextRows(RowSource):
    """The rows of a text, which is parsed anew for each pass.

    A header line is one whose field in some column is no number, while the next line's is. Lines that are blank or
    begin with ``#`` are passed over.

    Parameters
    ----------
    open_text : callable
        Opens the text, from its beginning at each call.
    choose : Chooser
    dtype : dtype, optional
        Default: float64.
    name : str

    Raises
    ------
    OSError
        If it cannot be read.
    DataTypeError
        If it is no text.
    DimensionError
        If there are no rows.
    """

    _is_encoded = True

    def __init__(
        self, open_text: Callable[[], TextIO], choose: Chooser, dtype: np.dtype[Any] | None, name: str
    ) -> None:
        with open_text() as file:
            try:
                layout = _find_layout(file, name)
            except UnicodeDecodeError as error:
                raise _no_text(name, error) from error
        chosen = choose(layout.names, layout.n_columns, name)
        names = None if layout.names is None else tuple(layout.names[i] for i in chosen)
        super().__init__(name, len(chosen), dtype or np.dtype(np.float64), names)
        self._open = open_text
        self._layout = layout
        self._chosen = chosen

    def _pieces(self, n_rows: int) -> Generator[FloatArray]:
        step = max(1, min(n_rows, _FIELDS // self._layout.n_columns))
        with self._open() as file:
            try:
                lines = islice(file, self._layout.header_line, None)
                first = self._layout.header_line + 1
                while piece := list(islice(lines, step)):
                    if any(map(_content, piece)):
                        yield self._parse(piece, first)
                    first += len(piece)
            except UnicodeDecodeError as error:
                raise _no_text(self.name, error) from error

    def _parse(self, lines: list[str], first: int) -> Float64Array:
        """The rows in lines, which are numbered from `first` on."""
        layout = self._layout
        is_whole = self._chosen == list(range(layout.n_columns))
        try:
            matrix = np.loadtxt(
                lines if is_whole else _of_equal_width(lines, layout),
                dtype=np.float64,
                comments=_COMMENT,
                delimiter=layout.delimiter,
                quotechar=_QUOTE,
                usecols=None if is_whole else self._chosen,
                ndmin=2,
            )
        except ValueError as error:
            self._raise_first_fault(lines, first)
            raise DataTypeError(f"{self.name} cannot be read as a table of numbers: {error}") from error
        if matrix.shape[1] != self.n_features:  # all lines have the same width, but another one than those before
            self._raise_first_fault(lines, first)
        return matrix

    def _raise_first_fault(self, lines: list[str], first: int) -> None:
        """Find the line and column that NumPy could not read, whose own numbers leave out headers and comments."""
        layout = self._layout
        for number, line in _numbered_contents(lines, first):
            fields = layout.split(line)
            place = f"{self.name}, line {number}"
            if len(fields) != layout.n_columns:
                raise DimensionError(f"{place}: {len(fields)} columns, but the lines before have {layout.n_columns}")
            for i in self._chosen:
                if not _is_number(fields[i]):
                    what = f"{fields[i]!r} is no number" if fields[i] else "the field is empty"
                    raise DataTypeError(f"{place}, column {column_name(layout.names, i)}: {what}; {self._advice(i)}")

    def _advice(self, faulty: int) -> str:
        layout = self._layout
        is_number = [_is_number(field) for field in layout.example]
        if is_number[faulty]:
            return "fill it in or remove the line"
        names = layout.names or [str(k + 1) for k in range(layout.n_columns)]
        return advise_columns([names[k] for k in np.flatnonzero(is_number)])


def _content(line: str) -> str:
    return line.split(_COMMENT, 1)[0].strip(" \r\n") if line.strip() else ""


def _numbered_contents(lines: Iterable[str], first: int) -> Iterator[tuple[int, str]]:
    """Lines that hold data, or the header, with their numbers."""
    for number, line in enumerate(lines, start=first):
        content = _content(line)
        if content.strip():
            yield number, content


def _find_layout(file: TextIO, source: str) -> _Layout:
    first, second = islice(chain(_numbered_contents(file, 1), [(0, ""), (0, "")]), 2)
    if not first[0]:
        raise DimensionError(f"{source} has no rows")
    delimiter = next((mark for mark in "\t;," if mark in first[1]), None)
    plain = _Layout(delimiter, None, 0, [])
    head = plain.split(first[1])
    row = plain.split(second[1]) if second[0] else []
    if not _is_header(head, row):
        return _Layout(delimiter, None, 0, head)
    if not row:
        raise DimensionError(f"{source} has a header line and no rows")
    return _Layout(delimiter, tuple(head), first[0], row)


def _is_header(head: list[str], row: list[str]) -> bool:
    if not row:
        return not any(map(_is_number, head))
    return any(not _is_number(name) and _is_number(field) for name, field in zip(head, row, strict=False))


def _of_equal_width(lines: Iterable[str], layout: _Layout) -> Iterator[str]:
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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # Python's own 1_000


def _no_text(source: str, error: UnicodeDecodeError) -> DataTypeError:
    return DataTypeError(f"{source} is no text in UTF-8: {error}")
