"""Results of tasks, and what to say where a cluster cannot give them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from distributed import CancelledError, Client, Future, KilledWorker, wait

from gmm_rs.exceptions import DataLostError

_PATIENCE = 10.0
"""Seconds between two looks at whether anything is being done."""


def result_of(client: Client, future: Future) -> Any:
    """The result of a task, unless the cluster will never have it.

    Raises
    ------
    DataLostError
        If all workers have nothing to do for some time. That is so when all of them were lost at once: those that come
        after them don't get tasks that Dask had assigned to one.
    """
    was_idle = False
    while True:
        try:
            with client.as_current():  # the engine asks on a thread of its own
                wait(future, timeout=_PATIENCE)
        except TimeoutError:
            tasks = client.processing()
            is_idle = bool(tasks) and not any(tasks.values())
            if is_idle and was_idle and not future.done():
                raise DataLostError(
                    "the workers of the cluster have stopped working on X: all were lost at once and others have come, "
                    "or they are short of memory. Repeat the fit, with fewer rows for each worker if need be"
                ) from None
            was_idle = is_idle
        else:
            return future.result()


@contextmanager
def explained_loss() -> Iterator[None]:
    """Say what to do where Dask only says that a task cannot be done.

    Raises
    ------
    DataLostError
    """
    try:
        yield
    except CancelledError as error:
        raise DataLostError(
            f"rows of X are no longer on the cluster, and Dask cannot compute them anew: data that were scattered are "
            f"lost with their worker, and all data when a client restarts or cancels them. Make the collection from "
            f"where the data are kept, or scatter them again, and repeat the fit ({error})"
        ) from error
    except KilledWorker as error:
        raise DataLostError(
            f"one worker after the other died over the same rows of X, most likely for lack of memory: try smaller "
            f"partitions or more memory for each worker ({error})"
        ) from error
