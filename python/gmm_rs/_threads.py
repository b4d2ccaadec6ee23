"""How many threads to use: the argument, the environment variable, or every usable core."""

import os

from gmm_rs._validation import check_positive_int
from gmm_rs.exceptions import ParameterError

ENVIRONMENT_VARIABLE = "GMM_RS_NUM_THREADS"


def resolve_num_threads(num_threads: int | None) -> int:
    """Number of threads that a call shall use.

    Parameters
    ----------
    num_threads : int or None
        A positive number is taken as it is. None stands for the environment variable ``GMM_RS_NUM_THREADS`` and,
        where that is unset or empty, for all cores that this process may run on.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ParameterError
        If the argument or the variable is not a positive integer.

    Examples
    --------
    >>> resolve_num_threads(3)
    3
    """
    if num_threads is not None:
        return check_positive_int("num_threads", num_threads)
    text = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    if not text:
        return _usable_cores()
    if not (text.isdecimal() and int(text) > 0):
        raise ParameterError(
            f"the environment variable {ENVIRONMENT_VARIABLE} is {text!r}; a positive integer is needed: "
            f"set it to a number of threads, or unset it to use every core"
        )
    return int(text)


def _usable_cores() -> int:
    """Cores that the scheduler may give to this process, which can be fewer than the machine has."""
    if hasattr(os, "process_cpu_count"):  # Python >= 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
