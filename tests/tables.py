"""The same rows in every kind of data that `gmm_rs.open_rows` opens; files are written into the current folder."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

NAMES = ("a", "b", "c")


def to_table(rows):
    return pa.table({name: np.ascontiguousarray(column) for name, column in zip(NAMES, rows.T, strict=True)})


def to_frame(rows):
    return pd.DataFrame(rows, columns=list(NAMES))


def save_npy(rows, order="C", name="rows.npy"):
    np.save(name, np.asarray(rows, order=order))
    return name


def save_parquet(rows, group=None):
    pq.write_table(to_table(rows), "rows.parquet", row_group_size=group or max(5, len(rows) // 7))
    return Path("rows.parquet")


def save_arrow(rows, name="rows.arrow"):
    table = to_table(rows)
    with pa.OSFile(name, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=max(6, len(rows) // 7))
    return name


def save_text(rows, name, **options):
    np.savetxt(name, rows, fmt="%.17g", **options)
    return name


def save_dataset(rows):
    Path("folder").mkdir(exist_ok=True)
    pq.write_table(to_table(rows[:9]), "folder/0.parquet")
    pq.write_table(to_table(rows[9:]), "folder/1.parquet")
    return ds.dataset("folder")


def sliced(rows, convert=lambda piece: piece):
    step = max(4, len(rows) // 7)
    return lambda: (convert(rows[start : start + step]) for start in range(0, len(rows), step))


NAMED = {
    "parquet": save_parquet,
    "arrow": save_arrow,
    "feather": partial(save_arrow, name="rows.feather"),
    "csv": lambda rows: save_text(rows, "rows.csv", delimiter=",", header="a,b,c", comments=""),
    "pandas": to_frame,
    "table": to_table,
    "record batch": lambda rows: to_table(rows).to_batches()[0],
    "dataset": save_dataset,
    "polars": lambda rows: pl.from_arrow(to_table(rows)),
    "frames": lambda rows: sliced(rows, to_frame),
    "tables": lambda rows: sliced(rows, to_table),
}
NAMELESS = {
    "array": lambda rows: rows,
    "list": lambda rows: rows.tolist(),
    "columns first": np.asfortranarray,
    "backwards": lambda rows: rows[::-1].copy()[::-1],
    "every second": lambda rows: np.repeat(np.repeat(rows, 2, axis=0), 2, axis=1)[::2, ::2],
    "big-endian": lambda rows: rows.astype(rows.dtype.newbyteorder(">")),
    "npy": save_npy,
    "npy, columns first": partial(save_npy, order="F"),
    "map": lambda rows: np.load(save_npy(rows), mmap_mode="r"),
    "map to write": lambda rows: np.load(save_npy(rows), mmap_mode="r+"),
    "map of a copy": lambda rows: np.load(save_npy(rows), mmap_mode="c"),
    "part of a map": lambda rows: np.load(save_npy(np.tile(rows, (3, 2))), mmap_mode="r")[
        len(rows) : 2 * len(rows), 3:
    ],
    "map backwards": lambda rows: np.load(save_npy(rows[::-1, ::-1]), mmap_mode="r")[::-1, ::-1],
    "txt": lambda rows: save_text(rows, "rows.txt"),
    "arrays": sliced,
    "files": lambda rows: lambda: iter([save_npy(rows[:7]), Path(save_npy(rows[7:], name="rest.npy"))]),
}
KINDS = NAMED | NAMELESS


def expected_dtype(kind, rows):
    text = kind in ("csv", "txt", "list")
    return np.dtype(np.float32 if rows.dtype == np.float32 and not text else np.float64)


def read_whole(source):
    """All rows of a source as one array."""
    return np.concatenate([np.array(block) for block in source.blocks(1000)])
