"""What all formats have in common: a function that writes the next rows."""

from collections.abc import Callable
from typing import Any, TypeAlias

from numpy.typing import NDArray

Write: TypeAlias = Callable[[NDArray[Any]], None]
"""Writes the next rows of a table: (n_rows, n_columns), or (n_rows,) if it has a single column."""
