"""Checks of the constructor's arguments that only a Serket module has."""

import difflib
from collections.abc import Iterable

from gmm_rs.exceptions import ParameterError

_OTHER_NAMES = {
    "n_components": "K",
    "n_clusters": "K",
    "max_iter": "itr",
    "n_iter": "itr",
    "labels": "category",
    "seed": "random_state",
    "n_jobs": "num_threads",
}
"""What the parameters are called elsewhere."""


def refuse_unknown_keywords(unknown: Iterable[str], known: Iterable[str]) -> None:
    """Refuse keywords that are no parameter, and name the parameter that was meant.

    Raises
    ------
    TypeError

    Examples
    --------
    >>> refuse_unknown_keywords(["catogory"], known=["category", "mode"])
    Traceback (most recent call last):
    TypeError: GMM() has no parameter 'catogory'; did you mean 'category'? (parameters: category, mode)
    """
    known = list(known)
    for name in unknown:
        guesses = [_OTHER_NAMES[name]] if name in _OTHER_NAMES else difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {guesses[0]!r}?" if guesses else ""
        raise TypeError(f"GMM() has no parameter {name!r}{hint} (parameters: {', '.join(known)})")


def check_name(name: object) -> str:
    """`name`, if it can be part of a folder's name.

    Raises
    ------
    ParameterError
    """
    if not isinstance(name, str) or any(character in name for character in "/\\\0"):
        raise ParameterError(f"name must be text without slashes, because it names a folder, but is {name!r}")
    return name
