"""Some rows of a source, as a source."""

from collections.abc import Generator
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from gmm_rs._validation import FloatArray
from gmm_rs.sources import RowSource


class FoldRows(RowSource):
    """The rows of another source that are chosen, read as often as these are.

    Parameters
    ----------
    source : RowSource
    is_chosen : ndarray of bool, shape (n_rows,)
        Whether each row of `source` is one of them.

    Examples
    --------
    >>> from gmm_rs import open_rows
    >>> fold = FoldRows(open_rows([[1], [2], [3]]), np.array([True, False, True]))
    >>> [block.tolist() for block in fold.blocks(9)]
    [[[1.0], [3.0]]]
    """

    def __init__(self, source: RowSource, is_chosen: NDArray[np.bool_]) -> None:
        n_rows = int(np.count_nonzero(is_chosen))
        super().__init__(source.name, source.n_features, source.dtype, source.feature_names, n_rows)
        self._source = source
        self._is_chosen = is_chosen

    def _pieces(self, n_rows: int) -> Generator[FloatArray]:
        first = 0
        with closing(self._source.pieces()) as pieces:
            for piece in pieces:
                yield piece[self._is_chosen[first : first + len(piece)]]
                first += len(piece)
