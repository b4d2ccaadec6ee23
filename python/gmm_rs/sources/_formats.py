"""Which format a file has: its name says it."""

from collections.abc import Collection
from os import PathLike
from pathlib import Path

from gmm_rs.exceptions import ParameterError

READ = (".npy", ".csv", ".txt", ".parquet", ".arrow", ".feather")


def format_of(path: str | PathLike[str], formats: Collection[str] = READ) -> str:
    """The end of the name of the file at `path`, in small letters.

    Raises
    ------
    ParameterError
        If it isn't one of `formats`.

    Examples
    --------
    >>> format_of("birds.parquet")
    '.parquet'
    """
    suffix = Path(path).suffix.lower()
    if suffix not in formats:
        raise ParameterError(f"{path}: the name of a table must end in {listed(formats)}")
    return suffix


def listed(formats: Collection[str]) -> str:
    """The ends of names, for messages.

    Examples
    --------
    >>> listed((".npy", ".csv", ".txt"))
    '.npy, .csv or .txt'
    """
    *others, last = formats
    return f"{', '.join(others)} or {last}"
