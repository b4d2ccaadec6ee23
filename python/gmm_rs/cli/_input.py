"""The tables that commands read: files of every kind, and standard input."""

import sys
from collections.abc import Generator, Sequence
from functools import partial
from io import StringIO

import numpy as np

from gmm_rs._validation import FloatArray
from gmm_rs.cli._columns import find_words
from gmm_rs.exceptions import DataTypeError, DimensionError, NonFiniteError
from gmm_rs.sources import RowSource
from gmm_rs.sources._columns import Chooser
from gmm_rs.sources._open import open_source
from gmm_rs.sources._rows import numbered
from gmm_rs.sources._spool import for_many_passes
from gmm_rs.sources._text import TextRows

STANDARD_STREAM = "-"


class TableRows(RowSource):
    """The rows of another source, which the first pass counts and finds to be finite.

    Parameters
    ----------
    source : RowSource

    Raises
    ------
    NonFiniteError
        In a pass over rows with NaN or infinity; the message names the first of them, counted from 1.
    DimensionError
        In a pass, if there are no rows.
    """

    def __init__(self, source: RowSource) -> None:
        super().__init__(source.name, source.n_features, source.dtype, source.feature_names, source.n_rows)
        self._source = source
        self._is_encoded = source._is_encoded
        self._is_checked = False

    def _pieces(self, n_rows: int) -> Generator[FloatArray]:
        first = 0
        for block in self._source.blocks(n_rows):
            if not self._is_checked:
                faulty = first + np.flatnonzero(~np.isfinite(block).all(axis=1))
                if faulty.size:
                    raise NonFiniteError(
                        f"{self.name} holds NaN or infinity in {numbered(faulty)}; remove them or fill them in"
                    )
            yield block
            first += len(block)
        if first == 0:
            raise DimensionError(f"{self.name} has no rows")
        self._is_checked, self.n_rows = True, first


def open_table(path: str, words: Sequence[str] | None, *, fitted: Sequence[str] | None = None) -> TableRows:
    """A table of finite real numbers, to be read once.

    Parameters
    ----------
    path : str
        A file that `gmm_rs.open_rows` opens; ``-`` is standard input, CSV.
    words : sequence of str, optional
        Names of columns, or numbers counted from 1. Default: those of `fitted`, or all.
    fitted : sequence of str, optional
        Names of the columns that a model was fitted to, which are taken where the table's columns have names.

    Raises
    ------
    OSError
        If it cannot be read.
    GmmError
        If it isn't what its name says, or holds something else than finite real numbers; the message names the file
        and the place in it.
    ImportError
        If PyArrow is needed and not installed.
    """
    choose = partial(find_words, words, fitted)
    return TableRows(_open_standard_input(choose) if path == STANDARD_STREAM else open_source(path, choose))


def open_table_to_fit(path: str, words: Sequence[str] | None) -> RowSource:
    """The same, to be read often: what is parsed or decoded is kept in a temporary file."""
    return for_many_passes(open_table(path, words))


def _open_standard_input(choose: Chooser) -> TextRows:
    """Standard input as a source, which is read as a whole at once."""
    name = "standard input"
    try:
        content = sys.stdin.buffer.read().decode("utf-8-sig")
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from error
    except UnicodeDecodeError as error:
        raise DataTypeError(f"{name} is no text in UTF-8: {error}") from error
    return TextRows(partial(StringIO, content, newline=None), choose, None, name)
