"""`RowSource`: rows that can be read again and again, in blocks of any size."""

from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import closing
from typing import Any, TypeAlias

import numpy as np

from gmm_rs._validation import FloatArray, check_positive_int
from gmm_rs.sources._block_size import piece_size

Piece: TypeAlias = FloatArray | list[FloatArray]
"""Some rows: a matrix, or its columns."""


class RowSource(ABC):
    """Rows of a matrix that need not fit in memory: they are read block by block, anew for each pass over them.

    Made by `gmm_rs.open_rows`. A new kind is a class that says in `_pieces` how to read it.

    Parameters
    ----------
    name : str
        What messages call it.
    n_features : int
    dtype : dtype
        That of all blocks: float32 or float64.
    feature_names : tuple of str, optional
        Names of the columns.
    n_rows : int, optional
        How many rows there are, if that is known before they are read.

    Attributes
    ----------
    name : str
    n_features : int
    dtype : dtype
    feature_names : tuple of str, or None
    n_rows : int, or None

    See Also
    --------
    gmm_rs.open_rows : opens files, arrays and so on.

    Examples
    --------
    >>> import numpy as np
    >>> from gmm_rs import open_rows
    >>> source = open_rows(np.arange(6.0).reshape(3, 2))
    >>> source.n_features, source.dtype, source.n_rows
    (2, dtype('float64'), 3)
    """

    _is_encoded = False
    """Whether the rows are parsed or decoded, which takes longer than to read their numbers from a temporary file."""

    def __init__(
        self,
        name: str,
        n_features: int,
        dtype: np.dtype[Any],
        feature_names: tuple[str, ...] | None = None,
        n_rows: int | None = None,
    ) -> None:
        self.name = name
        self.n_features = n_features
        self.dtype = dtype
        self.feature_names = feature_names
        self.n_rows = n_rows

    def blocks(self, n_rows: int) -> Generator[FloatArray]:
        """Read all rows anew, in blocks of `n_rows` rows of which only the last may have fewer.

        Parameters
        ----------
        n_rows : int

        Yields
        ------
        ndarray of shape (n_rows, n_features), of dtype `dtype` and any strides
            It may be read-only. What it holds is promised until the next one is asked for.

        Raises
        ------
        OSError
            If the rows cannot be read; the message names the source.
        DataTypeError
            If something isn't a real number, or a file is damaged.
        NonFiniteError
            If a value is missing: a null of Arrow or Parquet. NaN and infinity are read as they are.
        DimensionError
            If a row has another width than those before.

        Examples
        --------
        >>> import numpy as np
        >>> from gmm_rs import open_rows
        >>> for block in open_rows(np.arange(6.0).reshape(3, 2)).blocks(2):
        ...     print(block)
        [[0. 1.]
         [2. 3.]]
        [[4. 5.]]
        """
        return self._rechunked(check_positive_int("n_rows", n_rows))

    def pieces(self) -> Generator[FloatArray]:
        """Read all rows anew, in pieces of any numbers of rows: as they come, which is faster than in blocks.

        Yields
        ------
        ndarray of shape (any, n_features), of dtype `dtype` and any strides
            As `blocks` says.

        Raises
        ------
        OSError, DataTypeError, NonFiniteError, DimensionError
            As `blocks` does.

        Examples
        --------
        >>> from gmm_rs import open_rows
        >>> source = open_rows(lambda: [[[1.0], [2.0]], [[3.0]]])
        >>> [len(piece) for piece in source.pieces()]
        [2, 1]
        """
        return self._matrices(piece_size(self.n_features))

    def spooled(self) -> "RowSource":
        """The same rows, read once and kept as numbers in a temporary file, which goes when it is no longer used.

        Worth it where rows are read several times, and that takes longer than to read their numbers from the disk. A
        fit does it by itself to text, and to Parquet where there is room; do it to what a slow function gives, or
        before many fits of one file.

        Returns
        -------
        RowSource
            It needs `n_rows` × `n_features` numbers of `dtype` in the folder for temporary files, ``TMPDIR``.

        Raises
        ------
        OSError
            If that folder is full, or the rows cannot be read.
        DataTypeError, NonFiniteError, DimensionError
            As `blocks` does.

        Examples
        --------
        >>> from gmm_rs import open_rows
        >>> open_rows(lambda: [[[1.0], [2.0]], [[3.0]]]).spooled()
        <MappedRows the function: 3 rows, 1 columns, float64>
        """
        from gmm_rs.sources._spool import spooled  # which is a source, too

        return spooled(self)

    @abstractmethod
    def _pieces(self, n_rows: int) -> Generator[Piece]:
        """All rows, anew, in pieces of any numbers of rows, which should not be much more than `n_rows`."""

    def _parts(self) -> Generator[Piece]:
        """What `pieces` yields, but where columns come one by one, as they come: what the engine reads."""
        return self._converted(piece_size(self.n_features))

    def _rechunked(self, n_rows: int) -> Generator[FloatArray]:
        block = np.empty((0, self.n_features), self.dtype)
        filled = 0
        with closing(self._matrices(n_rows)) as pieces:
            for rows in pieces:
                start = 0
                while start < len(rows):
                    if filled == 0 and len(rows) - start >= n_rows:
                        yield rows[start : start + n_rows]
                        start += n_rows
                        continue
                    if filled == 0:
                        block = np.empty((n_rows, self.n_features), self.dtype)
                    taken = min(n_rows - filled, len(rows) - start)
                    block[filled : filled + taken] = rows[start : start + taken]
                    start, filled = start + taken, filled + taken
                    if filled == n_rows:
                        yield block
                        filled = 0
        if filled > 0:
            yield block[:filled]

    def _matrices(self, n_rows: int) -> Generator[FloatArray]:
        with closing(self._converted(n_rows)) as pieces:
            for piece in pieces:
                yield np.array(piece, dtype=self.dtype).T if isinstance(piece, list) else piece

    def _converted(self, n_rows: int) -> Generator[Piece]:
        with closing(self._named_errors(n_rows)) as pieces:
            for piece in pieces:
                with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, which is found later
                    rows = _astype(piece, self.dtype)
                yield rows

    def _named_errors(self, n_rows: int) -> Generator[Piece]:
        """The pieces; errors of the system get the name of the source."""
        try:
            yield from self._pieces(n_rows)
        except OSError as error:
            if error.errno is None and type(error) is OSError:  # of a library
                raise OSError(None, str(error), self.name) from error
            if error.errno is not None and error.filename is None:
                error.filename = self.name
            raise

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Refused: a matrix of all rows may not fit in memory."""
        raise TypeError(
            "the rows of a source are read block by block: numpy.concatenate(list(source.blocks(65536))) is all of them"
        )

    def __repr__(self) -> str:
        """Name, rows, columns and dtype."""
        n_rows = "" if self.n_rows is None else f"{self.n_rows} rows, "
        return f"<{type(self).__name__} {self.name}: {n_rows}{self.n_features} columns, {self.dtype}>"


def _astype(piece: Piece, dtype: np.dtype[Any]) -> Piece:
    if isinstance(piece, list):
        return [column.astype(dtype, copy=False) for column in piece]
    return piece.astype(dtype, copy=False)
