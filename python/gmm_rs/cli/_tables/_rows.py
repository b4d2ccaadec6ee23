"""Rows that cannot be used, and how messages name them."""

import numpy as np
from numpy.typing import NDArray

from gmm_rs.cli._tables._table import Table
from gmm_rs.exceptions import NonFiniteError

_BLOCK = 65536
_SHOWN = 5


def check_finite(table: Table) -> None:
    """Refuse a table with NaN or infinity.

    Raises
    ------
    NonFiniteError
        The message names the first rows, counted from 1 without a header.

    Examples
    --------
    >>> check_finite(Table(np.array([[1.0], [2.0]]), None, "two.csv"))
    """
    starts = range(0, len(table.values), _BLOCK)
    faulty = [
        start + np.flatnonzero(~np.isfinite(table.values[start : start + _BLOCK]).all(axis=1)) for start in starts
    ]
    rows = np.concatenate([np.empty(0, np.int64), *faulty])
    if rows.size:
        raise NonFiniteError(f"{table.source} holds NaN or infinity in {numbered(rows)}; remove them or fill them in")


def numbered(rows: NDArray[np.int64]) -> str:
    """Rows, given by their index, as people count them.

    Examples
    --------
    >>> numbered(np.array([4]))
    'row 5'
    >>> numbered(np.arange(10))
    'rows 1, 2, 3, 4, 5 and 5 more'
    """
    first = ", ".join(str(row + 1) for row in rows[:_SHOWN])
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return f"row{'s' if len(rows) > 1 else ''} {first}{more}"
