"""Tables of numbers in files, as the commands read and write them: NumPy's, text and Parquet."""

from gmm_rs.cli._tables._formats import READ_AND_WRITTEN, format_of
from gmm_rs.cli._tables._read import read_table
from gmm_rs.cli._tables._table import Table
from gmm_rs.cli._tables._write import check_writable, write_table

__all__ = ["READ_AND_WRITTEN", "Table", "check_writable", "format_of", "read_table", "write_table"]
