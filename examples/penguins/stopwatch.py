"""Wall-clock time of a call."""

import time
from collections.abc import Callable


def milliseconds(call: Callable[[], object]) -> float:
    """How long the call took."""
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)
