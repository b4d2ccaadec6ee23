"""Matrices as text: the bytes of numpy.savetxt, for every shape, layout, format and number of threads."""

import errno
import math
import os
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from gmm_rs import _core

Format = Literal["%d", "%f", "%.18e"]
FLOAT_FORMATS: list[Format] = ["%f", "%.18e"]


def written(path: Path, matrix: np.ndarray, fmt: Format, num_threads: int = 2) -> bytes:
    _core.write_text(path, matrix, fmt, num_threads=num_threads)
    return path.read_bytes()


def savetxt(path: Path, matrix: np.ndarray, fmt: Format) -> bytes:
    np.savetxt(path, matrix, fmt=fmt)
    return path.read_bytes()


def check(folder: Path, matrix: np.ndarray, fmt: Format, num_threads: int = 2) -> None:
    ours = written(folder / "ours.txt", matrix, fmt, num_threads)
    theirs = savetxt(folder / "theirs.txt", matrix, fmt)
    # Line by line: a difference shows the line, not the whole file.
    for number, (our_line, their_line) in enumerate(zip(ours.splitlines(), theirs.splitlines(), strict=True)):
        assert our_line == their_line, f"line {number}"
    assert ours == theirs


def floats(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Numbers of many magnitudes and both signs."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) * 10.0 ** rng.integers(-9, 9, shape)


def integers(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Numbers of one to nineteen digits and both signs."""
    rng = np.random.default_rng(seed)
    return rng.integers(-(2**63), 2**63 - 1, shape, endpoint=True) >> rng.integers(0, 63, shape)


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (1, 20_000), (20_000, 1), (3_000, 11), (0, 4), (4, 0), (0, 0)])
@pytest.mark.parametrize("fmt", ["%d", *FLOAT_FORMATS])
def test_shapes(tmp_path: Path, shape: tuple[int, int], fmt: Format) -> None:
    check(tmp_path, integers(shape) if fmt == "%d" else floats(shape), fmt)


def test_a_column_is_what_savetxt_makes_of_a_vector(tmp_path: Path) -> None:
    labels = integers((100,))
    assert written(tmp_path / "ours.txt", labels[:, None], "%d") == savetxt(tmp_path / "theirs.txt", labels, "%d")


@pytest.mark.parametrize("fmt", FLOAT_FORMATS)
def test_special_values(tmp_path: Path, fmt: Format) -> None:
    limits = np.finfo(np.float64)
    values = [0.0, np.nan, np.inf, limits.max, limits.smallest_normal, limits.smallest_subnormal, limits.eps, 1.0, 9.5]
    values += [2.0**63, 2.0**64, 1e22, 1e23, 64.0, 100.0, 0.1, 123456789.125]
    values += [math.nextafter(value, 0.0) for value in values]
    check(tmp_path, np.array([values, [-value for value in values]]), fmt)
    assert written(tmp_path / "nan.txt", np.copysign([[np.nan]], -1.0), fmt) == b"nan\n"


@pytest.mark.parametrize("fmt", FLOAT_FORMATS)
def test_ties_and_their_neighbours(tmp_path: Path, fmt: Format) -> None:
    odd = np.arange(1.0, 2_001.0, 2.0)
    # Odd multiples of 2^-7 are ties of %f, of 2^-19 and 1 ties of %.18e; those of 5e-7 are near ties.
    ties = np.concatenate([odd * 2.0**-7, 1.0 + odd * 2.0**-19, odd * 5e-7, [2.5e-7, 0.5e-6, 1.5e-6, 2.5e-6]])
    check(tmp_path, np.column_stack([ties, -ties, np.nextafter(ties, 0.0), np.nextafter(ties, np.inf)]), fmt)


@pytest.mark.parametrize("fmt", FLOAT_FORMATS)
def test_any_bits(tmp_path: Path, fmt: Format) -> None:
    bits = np.random.default_rng(1).integers(0, 2**64 - 1, (20_000, 5), np.uint64, endpoint=True)
    check(tmp_path, bits.view(np.float64), fmt)


@pytest.mark.parametrize("fmt", FLOAT_FORMATS)
def test_probabilities(tmp_path: Path, fmt: Format) -> None:
    resp = np.random.default_rng(2).dirichlet(np.full(5, 0.05), 20_000)
    check(tmp_path, resp, fmt)


def test_extreme_integers(tmp_path: Path) -> None:
    powers = 10 ** np.arange(19)
    limits = np.iinfo(np.int64)
    values = np.concatenate([powers, powers - 1, -powers, 1 - powers, [limits.min, limits.max]])
    check(tmp_path, values[:, None], "%d")


def layouts(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Views of one matrix that differ in how its numbers lie in memory."""
    readonly = matrix.copy()
    readonly.flags.writeable = False
    records = np.zeros(matrix.shape, [("flag", "i1"), ("number", matrix.dtype)])
    records["number"] = matrix
    shifted = np.zeros(matrix.nbytes + 1, np.int8)[1:].view(matrix.dtype).reshape(matrix.shape)
    shifted[:] = matrix
    return {
        "Fortran": np.asfortranarray(matrix),
        "transposed": matrix.T,
        "steps": matrix[1::3, ::2],
        "reversed": matrix[::-1, ::-1],
        "reversed Fortran": np.asfortranarray(matrix)[::-2, ::-1],
        "column": matrix[:, 2:3],
        "broadcast": np.broadcast_to(matrix[0], matrix.shape),
        "read-only": readonly,
        "field of unaligned records": records["number"],
        "unaligned": shifted,
        "empty and reversed": matrix[:0][::-1],
    }


@pytest.mark.parametrize("layout", list(layouts(np.zeros((2, 3)))))
@pytest.mark.parametrize("fmt", ["%d", *FLOAT_FORMATS])
def test_layouts(tmp_path: Path, layout: str, fmt: Format) -> None:
    matrix = integers((700, 6)) if fmt == "%d" else floats((700, 6))
    check(tmp_path, layouts(matrix)[layout], fmt)


@pytest.mark.parametrize("num_threads", [1, 2, 3, 7])
def test_threads(tmp_path: Path, num_threads: int) -> None:
    matrix = floats((40_000, 2))
    assert written(tmp_path / "many.txt", matrix, "%f", num_threads) == written(tmp_path / "one.txt", matrix, "%f", 1)


def test_what_is_in_the_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "matrix.txt"
    path.write_text("longer than what replaces it")
    assert written(path, np.array([[1.0]]), "%f") == b"1.000000\n"


def test_path_as_text(tmp_path: Path) -> None:
    path = tmp_path / "größe.txt"
    _core.write_text(str(path), np.array([[1, 2]]), "%d", num_threads=1)
    assert path.read_bytes() == b"1 2\n"


@pytest.mark.parametrize("fmt", ["%i", "%.6f", "%g", "", "%d %d"])
def test_unknown_format(tmp_path: Path, fmt: str) -> None:
    path = tmp_path / "matrix.txt"
    with pytest.raises(ValueError, match="format"):
        _core.write_text(path, np.zeros((1, 1)), fmt, num_threads=1)
    assert not path.exists()


@pytest.mark.parametrize(
    ("matrix", "fmt"),
    [
        (np.zeros((2, 2)), "%d"),
        (np.zeros((2, 2), np.int64), "%f"),
        (np.zeros((2, 2), np.int64), "%.18e"),
        (np.zeros((2, 2), np.float32), "%f"),
        (np.zeros((2, 2), ">f8"), "%f"),
        (np.zeros((2, 2), np.int32), "%d"),
        (np.zeros(2), "%f"),
        (np.zeros((2, 2, 2)), "%f"),
    ],
)
def test_arrays_that_do_not_fit_the_format(tmp_path: Path, matrix: np.ndarray, fmt: Format) -> None:
    path = tmp_path / "matrix.txt"
    with pytest.raises(ValueError, match=f"{matrix.ndim}-D"):
        _core.write_text(path, matrix, fmt, num_threads=1)
    assert not path.exists()


def test_a_list_is_no_array(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        _core.write_text(tmp_path / "matrix.txt", [[1.0]], "%f", num_threads=1)


def test_missing_folder(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "matrix.txt"
    with pytest.raises(FileNotFoundError) as caught:
        _core.write_text(path, np.zeros((1, 1)), "%f", num_threads=1)
    assert caught.value.errno == errno.ENOENT
    assert caught.value.filename == str(path)
    assert str(caught.value) == f"[Errno {errno.ENOENT}] {os.strerror(errno.ENOENT)}: {str(path)!r}"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_full_disk() -> None:
    with pytest.raises(OSError, match="/dev/full") as caught:
        _core.write_text("/dev/full", np.zeros((1000, 1)), "%f", num_threads=2)
    assert caught.value.errno == errno.ENOSPC
