"""Which format a file has: its name says it."""

from pathlib import Path
from typing import Literal, TypeAlias

from gmm_rs.exceptions import ParameterError

Format: TypeAlias = Literal["npy", "csv", "txt", "parquet"]

STANDARD_STREAM = "-"
READ_AND_WRITTEN = ".npy, .csv, .txt or .parquet"

_FORMATS: dict[str, Format] = {".npy": "npy", ".csv": "csv", ".txt": "txt", ".parquet": "parquet"}


def format_of(path: str) -> Format:
    """The format of the file at `path`; of a standard stream, ``-``, it is CSV.

    Raises
    ------
    ParameterError
        If the end of the name is unknown.

    Examples
    --------
    >>> format_of("birds.parquet")
    'parquet'
    """
    if path == STANDARD_STREAM:
        return "csv"
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise ParameterError(f"{path}: the name of a table must end in {READ_AND_WRITTEN}; '-' is a pipe of CSV")
    return _FORMATS[suffix]
