"""Rows that are read block by block, as often as needed: from files, memory maps, Arrow, frames and functions.

What reads a kind of data is a file of its own; rows are cut into blocks in `_row_source`, columns chosen in `_columns`.
"""

from gmm_rs.sources._open import open_rows
from gmm_rs.sources._row_source import RowSource

__all__ = ["RowSource", "open_rows"]
