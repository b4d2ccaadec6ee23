"""Choosing columns of a table by name or number."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from gmm_rs.exceptions import ParameterError

Chooser: TypeAlias = Callable[[Sequence[str] | None, int, str], list[int]]
"""Finds the numbers of columns, from the names of all, how many there are, and the name of the table."""

_SHOWN = 12


def find_columns(
    wanted: Sequence[str] | None,
    fitted: Sequence[str] | None,
    names: Sequence[str] | None,
    n_columns: int,
    source: str,
) -> list[int]:
    """Numbers of the columns that are wanted, counted from 0.

    Parameters
    ----------
    wanted : sequence of str, or None
        Names; or numbers counted from 1, as text, where no column has such a name. ``"2:4"`` stands for 2, 3, 4. None
        stands for `fitted`, if the columns have names, and otherwise for all.
    fitted : sequence of str, or None
        Names of the columns that a model knows.
    names : sequence of str, or None
        Names of all columns, if there are any.
    n_columns : int
        How many columns there are.
    source : str
        What messages call the table.

    Returns
    -------
    list of int

    Raises
    ------
    ParameterError
        If there is no such column, or one is wanted twice.

    Examples
    --------
    >>> find_columns(["mass", "1"], None, ["length", "mass"], 2, "birds.csv")
    [1, 0]
    >>> find_columns(["2:4"], None, None, 5, "birds.npy")
    [1, 2, 3]
    """
    if wanted is None:
        if fitted is None or names is None:
            return list(range(n_columns))
        missing = [name for name in fitted if name not in names]
        if missing:
            raise ParameterError(
                f"{source} has no column {missing[0]!r}, which the model was fitted to; its columns are "
                f"{described(names, n_columns)}; choose others with --columns"
            )
        return [list(names).index(name) for name in fitted]
    found: list[int] = []
    for word in wanted:
        if names is not None and word in names:
            found.append(list(names).index(word))
            continue
        first, _, last = word.partition(":")
        if not (first.isdecimal() and (last or first).isdecimal()):
            raise ParameterError(f"{source} has no column {word!r}; its columns are {described(names, n_columns)}")
        numbers = range(int(first), int(last or first) + 1)
        if not (numbers and numbers[0] >= 1 and numbers[-1] <= n_columns):
            raise ParameterError(f"{source} has no column {word}: they are numbered from 1 to {n_columns}")
        found.extend(number - 1 for number in numbers)
    twice = next((i for i in found if found.count(i) > 1), None)
    if twice is not None:
        raise ParameterError(f"column {column_name(names, twice)} of {source} is asked for twice")
    return found


def column_name(names: Sequence[str] | None, i: int) -> str:
    """How messages call the column of number `i`, counted from 0."""
    return str(i + 1) if names is None else repr(names[i])


def described(names: Sequence[str] | None, n_columns: int) -> str:
    """A list of all columns, for messages."""
    if names is None:
        return f"numbered from 1 to {n_columns}"
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def advise_columns(usable: Sequence[str]) -> str:
    """What to do where some columns are no numbers."""
    if not usable:
        return "no column holds numbers"
    return f"choose columns of numbers, as with --columns {','.join(usable[:_SHOWN])}"
