"""How many rows are worked on at a time, where the user doesn't say."""

_ROWS = 65536
_VALUES = 1 << 21
_CACHED_VALUES = 1 << 18


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


def piece_size(n_values: int) -> int:
    """Rows of a piece that stays in the processor's cache until it has been copied: of about 2 MB.

    Parameters
    ----------
    n_values : int
        Values that are read for each row.

    Examples
    --------
    >>> piece_size(4), piece_size(1024)
    (65536, 256)
    """
    return max(1, _CACHED_VALUES // n_values)
