"""What the names in a pickle of NumPy arrays stand for, acted out with every size and type checked."""

import enum
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPE_CODES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})


class Name(enum.Enum):
    """What a pickle of NumPy arrays may name."""

    NDARRAY = "ndarray"
    DTYPE = "dtype"
    RECONSTRUCT = "_reconstruct"
    FROMBUFFER = "_frombuffer"
    SCALAR = "scalar"
    ENCODE = "encode"


NAMES = {
    "numpy ndarray": Name.NDARRAY,
    "numpy dtype": Name.DTYPE,
    "_codecs encode": Name.ENCODE,
    **{
        f"numpy.{core}.{module} {name.value}": name
        for core in ("core", "_core")  # before and since NumPy 2
        for module, name in (
            ("multiarray", Name.RECONSTRUCT),
            ("multiarray", Name.SCALAR),
            ("numeric", Name.FROMBUFFER),
        )
    },
}


class Unfinished:
    """An array or dtype between the instruction that makes it and the one (BUILD) that gives it its contents."""

    def __init__(self, finish: Callable[[Any], object]) -> None:
        self.finish = finish
        self.memo_keys: list[int] = []


def _begin_array(subtype: object, shape: object, _typecode: object) -> Unfinished:
    if subtype is not Name.NDARRAY or shape != (0,):
        raise TypeError
    return Unfinished(_finish_array)


def _finish_array(state: tuple[Any, ...]) -> NDArray[Any]:
    _version, shape, dtype, is_fortran, data = state
    return _array(_as_bytes(data), dtype, shape, "F" if is_fortran else "C")


def _array(data: object, dtype: object, shape: object, order: object) -> NDArray[Any]:
    if not (isinstance(dtype, np.dtype) and isinstance(data, (bytes, bytearray)) and isinstance(shape, tuple)):
        raise TypeError
    if not all(type(length) is int and length >= 0 for length in shape) or order not in ("C", "F"):
        raise TypeError
    if math.prod(shape) * dtype.itemsize != len(data):
        raise pickle.UnpicklingError("the size of an array in it does not fit the array's shape")
    array = np.frombuffer(data, dtype=dtype).reshape(shape, order=order)
    array.flags.writeable = False
    return array


def _begin_dtype(code: object, _align: object, _copy: object) -> Unfinished:
    if not isinstance(code, str) or code not in _DTYPE_CODES:
        raise pickle.UnpicklingError("an array in it holds something else than numbers")

    def finish(state: tuple[Any, ...]) -> np.dtype[Any]:
        _version, byte_order, subarray, names, fields, *_sizes = state
        if (subarray, names, fields) != (None, None, None) or byte_order not in ("<", ">", "=", "|"):
            raise TypeError
        return np.dtype(code).newbyteorder(byte_order)

    return Unfinished(finish)


def _scalar(dtype: object, data: object) -> Any:
    return _array(_as_bytes(data), dtype, (1,), "C")[0].item()


def _encode(text: object, encoding: object) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise TypeError
    return text.encode("latin-1")


def _as_bytes(data: object) -> object:
    """The bytes in a string that Python 2 wrote."""
    return data.encode("latin-1") if isinstance(data, str) else data


CALLS: dict[Name, Callable[..., Any]] = {
    Name.RECONSTRUCT: _begin_array,
    Name.FROMBUFFER: _array,
    Name.DTYPE: _begin_dtype,
    Name.SCALAR: _scalar,
    Name.ENCODE: _encode,
}
