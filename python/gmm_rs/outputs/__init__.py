"""Tables that are written block by block, and put in place when they are whole: ``.npy``, Parquet and text."""

from gmm_rs.outputs._output import WRITTEN, check_writable, open_output
from gmm_rs.outputs._write import Write

__all__ = ["WRITTEN", "Write", "check_writable", "open_output"]
