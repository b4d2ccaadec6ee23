"""Choosing columns by name or number, and what messages say of columns."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from gmm_rs.exceptions import ParameterError

Chooser: TypeAlias = Callable[[Sequence[str] | None, int, str], list[int]]
"""Finds the numbers of columns, from the names of all, how many there are, and the name of the source."""

_SHOWN = 12


def find_columns(
    wanted: Sequence[str | int] | str | int | None, names: Sequence[str] | None, n_columns: int, source: str
) -> list[int]:
    """Numbers of the columns that are wanted, counted from 0.

    Parameters
    ----------
    wanted : sequence of str or int, str, int, or None
        Names, or numbers counted from 0. None stands for all columns.
    names : sequence of str, or None
        Names of all columns, if there are any.
    n_columns : int
        How many columns there are.
    source : str
        What messages call the source.

    Returns
    -------
    list of int

    Raises
    ------
    ParameterError
        If there is no such column, or one is wanted twice.

    Examples
    --------
    >>> find_columns(["mass", 0], ["length", "mass"], 2, "birds.csv")
    [1, 0]
    """
    if wanted is None:
        return list(range(n_columns))
    columns = [wanted] if isinstance(wanted, str | int | np.integer) else list(wanted)
    if not columns:
        raise ParameterError("columns must name at least one column, but is empty")
    return check_different([_find(column, names, n_columns, source) for column in columns], names, source)


def check_different(found: list[int], names: Sequence[str] | None, source: str) -> list[int]:
    """The numbers of columns, if no column is there twice.

    Raises
    ------
    ParameterError
    """
    twice = next((i for i in found if found.count(i) > 1), None)
    if twice is not None:
        raise ParameterError(f"column {column_name(names, twice)} of {source} is asked for twice")
    return found


def column_name(names: Sequence[str] | None, i: int) -> str:
    """How messages call the column of number `i`, counted from 0: by its name or as people count."""
    return str(i + 1) if names is None else repr(names[i])


def described(names: Sequence[str] | None, n_columns: int, *, first: int) -> str:
    """A list of all columns, for messages; those without names are counted from `first`."""
    if names is None:
        return f"numbered from {first} to {n_columns - 1 + first}"
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def advise_columns(usable: Sequence[str]) -> str:
    """What to do where some columns are no numbers."""
    if not usable:
        return "no column holds numbers"
    return f"choose columns of numbers, such as {','.join(usable[:_SHOWN])}"


def _find(column: object, names: Sequence[str] | None, n_columns: int, source: str) -> int:
    if isinstance(column, str):
        if names is None or column not in names:
            its = described(names, n_columns, first=0)
            raise ParameterError(f"{source} has no column {column!r}; its columns are {its}")
        return list(names).index(column)
    if not isinstance(column, int | np.integer) or isinstance(column, bool):
        raise ParameterError(f"columns must be names or numbers counted from 0, but one is {column!r}")
    if not 0 <= column < n_columns:
        raise ParameterError(f"{source} has no column {column}: they are numbered from 0 to {n_columns - 1}")
    return int(column)
