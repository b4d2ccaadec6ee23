"""Arrays and parameters in: checked once, here, before Rust sees them.

Whether data are finite is left to Rust, which looks at every number anyway.
"""

import math
import os
from collections.abc import Iterator
from numbers import Real
from os import PathLike
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gmm_rs.exceptions import DataTypeError, DimensionError, ParameterError

Float64Array: TypeAlias = NDArray[np.float64]
FloatArray: TypeAlias = NDArray[np.float32] | NDArray[np.float64]

_SEED_LIMIT = 2**63


def check_data(X: object, *, what: str = "the data") -> FloatArray:
    """`X` as the Rust engine takes it: a matrix of native float32 or float64, with any strides.

    Float32 and float64 arrays come back as they are, without a copy; integers, booleans, long doubles and objects that
    are real numbers become float64, float16 becomes float32. The caller's array is never written to.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    what : str
        How the messages of errors call `X`.

    Returns
    -------
    ndarray of shape (n_samples, n_features), float32 or float64

    Raises
    ------
    DimensionError
        If `X` has not two dimensions, or has no rows or no columns.
    DataTypeError
        If `X` is not made of real numbers, is sparse, is an iterator or the name of a file.
    ParameterError
        If `X` is masked.

    Examples
    --------
    >>> check_data([[1, 2], [3, 4]])
    array([[1., 2.],
           [3., 4.]])
    """
    if isinstance(X, str | PathLike):
        raise DataTypeError(f"{what} is the name of a file: pass gmm_rs.open_rows({os.fspath(X)!r})")
    refuse_one_shot(X, what=what)
    array = _to_array(X, what)
    if array.ndim == 1:
        raise DimensionError(
            f"{what} must be 2-D (n_samples, n_features), but has shape {array.shape}. "
            f"Reshape your data: reshape(-1, 1) if it is one feature, reshape(1, -1) if it is one sample"
        )
    if array.ndim != 2:
        raise DimensionError(
            f"{what} must be 2-D (n_samples, n_features), but has {array.ndim} dimensions, shape {array.shape}"
        )
    if array.size == 0:
        n_samples, n_features = array.shape
        count = f"{n_features} feature(s)" if n_features == 0 else f"{n_samples} sample(s)"
        raise DimensionError(
            f"{what} must have at least one row and one column, but has {count} (shape={array.shape}) "
            f"while a minimum of 1 is required."
        )
    return _to_engine_float(array, what)


def refuse_one_shot(X: object, *, what: str) -> None:
    """Refuse an iterator as data: it gives its rows only once.

    Raises
    ------
    DataTypeError
        The message says what to pass instead.

    Examples
    --------
    >>> refuse_one_shot([[1.0]], what="X")
    """
    if isinstance(X, Iterator):
        raise DataTypeError(
            f"{what} is an iterator ({type(X).__name__}), which gives its rows only once, but they are read several "
            f"times: pass gmm_rs.open_rows(function), where function() returns a new iterator at each call"
        )


def check_float64(name: str, value: object) -> Float64Array:
    """`value` as a float64 array of any shape, which may be the caller's own.

    Raises
    ------
    DimensionError
        If it is a ragged list.
    DataTypeError
        If it is not made of real numbers.
    """
    return np.asarray(_to_engine_float(_to_array(value, name), name), dtype=np.float64)


def check_row_or_rows(X: object, *, what: str) -> tuple[FloatArray, bool]:
    """`X` as a matrix, and whether it was a single row: an array of one dimension.

    Raises
    ------
    DimensionError, ParameterError
        As :func:`check_data`.

    Examples
    --------
    >>> check_row_or_rows([1, 2], what="the query")
    (array([[1., 2.]]), True)
    """
    array = _to_array(X, what)
    is_single = array.ndim == 1
    return check_data(array[None] if is_single else array, what=what), is_single


def check_positive_int(name: str, value: object) -> int:
    """`value` as an int of at least 1; NumPy's integers are welcome, booleans are not.

    Raises
    ------
    ParameterError
    """
    return check_count(name, value, at_least=1)


def check_count(name: str, value: object, *, at_least: int) -> int:
    """`value` as an int of at least 0 or 1; NumPy's integers are welcome, booleans are not.

    Raises
    ------
    ParameterError
    """
    number = _as_int(value)
    if number is None or number < at_least:
        domain = "a positive integer" if at_least == 1 else f"an integer of at least {at_least}"
        raise ParameterError(f"{name} must be {domain}, but is {value!r}")
    return number


def check_real(name: str, value: object, *, above: float | None = None, at_least: float | None = None) -> float:
    """`value` as a finite float above, or not below, a bound.

    Raises
    ------
    ParameterError
    """
    number = float(value) if not isinstance(value, bool) and isinstance(value, Real) else math.nan
    fits = math.isfinite(number) and (above is None or number > above) and (at_least is None or number >= at_least)
    if not fits:
        bounds = {" above": above, " of at least": at_least}
        domain = "".join(f"{words} {bound:g}" for words, bound in bounds.items() if bound is not None)
        raise ParameterError(f"{name} must be a finite number{domain}, but is {value!r}")
    return number


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """`value`, if it is one of `choices`.

    Raises
    ------
    ParameterError
    """
    if not (isinstance(value, str) and value in choices):
        raise ParameterError(f"{name} must be {' or '.join(map(repr, choices))}, but is {value!r}")
    return value


def check_indices(indices: object) -> NDArray[np.int64]:
    """Indices of features as the Rust engine takes them.

    Whether they are in range and differ from one another is left to the engine, which knows the number of features.

    Parameters
    ----------
    indices : array-like of shape (n_indices,), int

    Returns
    -------
    ndarray of shape (n_indices,), int64

    Raises
    ------
    DimensionError
        If they have not one dimension.
    ParameterError
        If they are not integers.

    Examples
    --------
    >>> check_indices((2, 0))
    array([2, 0])
    """
    array = _to_array(indices, "indices")
    if array.ndim != 1:
        raise DimensionError(f"indices must be 1-D, but have {array.ndim} dimensions, shape {array.shape}")
    if array.dtype.kind not in "iu" and array.size > 0:
        raise ParameterError(f"indices must be integers, counted from 0, but are {indices!r}")
    return np.ascontiguousarray(array, dtype=np.int64)


def resolve_seed(random_state: int | np.random.Generator | np.random.RandomState | None) -> int:
    """One seed for the Rust engine.

    Parameters
    ----------
    random_state : None, int, numpy.random.Generator or numpy.random.RandomState
        An int is the seed itself. A generator gives, and moves on by, one draw. None draws from NumPy's global
        generator, so that ``np.random.seed(0)`` makes a whole script reproducible.

    Returns
    -------
    int
        In [0, 2**63).

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> resolve_seed(7)
    7
    """
    if random_state is None:
        return int(np.random.randint(_SEED_LIMIT, dtype=np.int64))  # noqa: NPY002 - what np.random.seed seeds
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(_SEED_LIMIT, dtype=np.int64))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(_SEED_LIMIT, dtype=np.int64))
    seed = _as_int(random_state)
    if seed is None or not 0 <= seed < _SEED_LIMIT:
        raise ParameterError(
            f"random_state must be None, an integer in [0, 2**63), a numpy.random.Generator or a "
            f"numpy.random.RandomState, but is {random_state!r}"
        )
    return seed


def _as_int(value: object) -> int | None:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    return None


def _to_array(X: object, what: str) -> NDArray[Any]:
    if isinstance(X, np.ma.MaskedArray):
        raise ParameterError(
            f"{what} is a masked array, but every value is needed: fill the masked ones with X.filled(value), "
            f"or leave their rows out"
        )
    if hasattr(X, "toarray"):  # the sparse matrices of SciPy and its likes
        raise DataTypeError(f"{what} is sparse ({type(X).__name__}), but a dense array is needed: use X.toarray()")
    if hasattr(X, "__dask_graph__"):
        raise DataTypeError(
            f"{what} is a Dask collection ({type(X).__name__}), which would be brought into this process as a whole: "
            f"fit, predict and score of gmm_rs.dask.GaussianMixture leave it on its cluster; all else takes X.compute()"
        )
    try:
        return np.asarray(X)
    except (TypeError, ValueError, RuntimeError) as error:
        if isinstance(X, (list, tuple)):
            raise DimensionError(
                f"{what} cannot become a matrix: its rows must all have the same number of columns ({error})"
            ) from error
        raise DataTypeError(
            f"{what} ({type(X).__name__}) cannot become a NumPy array: {error}; pass an array of real numbers"
        ) from error


def _to_engine_float(array: NDArray[Any], what: str) -> FloatArray:
    kind = array.dtype.kind
    if kind == "O" and all(isinstance(entry, Real) for entry in array.flat):  # a frame of several types, perhaps
        array, kind = array.astype(np.float64), "f"
    if kind not in "biuf":
        if kind == "O":
            entry = next(entry for entry in array.flat if not isinstance(entry, Real))
            raise DataTypeError(
                f"{what} has dtype object and holds {entry!r}; every entry of an argument must be a number, not a "
                f"string and no other thing than a real number: use X.astype(float) if every entry can become one"
            )
        advice = {
            "c": "pass its real and imaginary parts as columns of their own. Complex data not supported",
            "U": "use X.astype(float) if every entry is the text of a number",
            "S": "use X.astype(float) if every entry is the text of a number",
        }.get(kind, "pass numbers")
        raise DataTypeError(f"{what} has dtype {array.dtype}, but real numbers are needed: {advice}")
    target = np.float32 if kind == "f" and array.dtype.itemsize <= 4 else np.float64
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, which Rust reports with its place
        array = array.astype(target, copy=False)
    # Views into records can start or step between multiples of the item size; Rust steps over whole items.
    steps_over_items = all(stride % array.itemsize == 0 for stride in array.strides)
    return array if array.flags.aligned and steps_over_items else array.copy()
