"""How many rows are worked on at a time, where the user doesn't say."""

_ROWS = 65536
_VALUES = 1 << 21


def block_size(n_values: int) -> int:
    """Rows of a block: 65,536, or fewer of rows with so many values that they were more than 16 MB.

    Parameters
    ----------
    n_values : int
        Values that are read or found for each row.

    Examples
    --------
    >>> block_size(4), block_size(1024)
    (65536, 2048)
    """
    return max(1, min(_ROWS, _VALUES // n_values))
