"""Columns as people write them on a command line: by name, by number from 1, or as a range."""

from collections.abc import Sequence

from gmm_rs.exceptions import ParameterError
from gmm_rs.sources._columns import check_different, described


def find_words(
    words: Sequence[str] | None,
    fitted: Sequence[str] | None,
    names: Sequence[str] | None,
    n_columns: int,
    source: str,
) -> list[int]:
    """Numbers of the columns that are wanted, counted from 0.

    Parameters
    ----------
    words : sequence of str, or None
        Names; or numbers counted from 1, where no column has such a name. ``"2:4"`` stands for 2, 3, 4. None stands
        for `fitted`, if the columns have names, and otherwise for all.
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
    >>> find_words(["mass", "1"], None, ["length", "mass"], 2, "birds.csv")
    [1, 0]
    >>> find_words(["2:4"], None, None, 5, "birds.npy")
    [1, 2, 3]
    """
    if words is None:
        return _find_fitted(fitted, names, n_columns, source)
    found: list[int] = []
    for word in words:
        if names is not None and word in names:
            found.append(list(names).index(word))
            continue
        first, _, last = word.partition(":")
        if not (first.isdecimal() and (last or first).isdecimal()):
            its = described(names, n_columns, first=1)
            raise ParameterError(f"{source} has no column {word!r}; its columns are {its}")
        numbers = range(int(first), int(last or first) + 1)
        if not (numbers and numbers[0] >= 1 and numbers[-1] <= n_columns):
            raise ParameterError(f"{source} has no column {word}: they are numbered from 1 to {n_columns}")
        found.extend(number - 1 for number in numbers)
    return check_different(found, names, source)


def _find_fitted(fitted: Sequence[str] | None, names: Sequence[str] | None, n_columns: int, source: str) -> list[int]:
    if fitted is None or names is None:
        return list(range(n_columns))
    missing = [name for name in fitted if name not in names]
    if missing:
        raise ParameterError(
            f"{source} has no column {missing[0]!r}, which the model was fitted to; its columns are "
            f"{described(names, n_columns, first=1)}; choose others with --columns"
        )
    return [list(names).index(name) for name in fitted]
