"""How messages name rows."""

import numpy as np
from numpy.typing import NDArray

_SHOWN = 5


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
