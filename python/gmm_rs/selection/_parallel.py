"""Independent tasks on threads, of which the engine's share is done without the interpreter's lock."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Task: TypeAlias = Callable[[int, Callable[[], None]], T]
"""Gets the number of threads that it may use, and what it is to call now and then: that raises once nobody waits."""


class _StoppedError(Exception):
    """Ends a fit of which nobody wants the result."""


@dataclass(frozen=True)
class Workers:
    """Threads that share tasks.

    As many tasks as there are threads run at a time, with one thread each. If there are fewer tasks than threads, all
    of them share the engine's threads.

    Parameters
    ----------
    num_threads : int
        In all.
    one_by_one : bool
        Whether only one task shall run at a time, with all threads.
    """

    num_threads: int
    one_by_one: bool

    def run(self, tasks: Sequence[Task[T]], told: Callable[[int, int], object] | None = None) -> list[T]:
        """The results of `tasks` in their order.

        Parameters
        ----------
        tasks : sequence of callable
            The longest first, so that no thread has to wait for long at the end.
        told : callable or None
            Called in the caller's thread with the number of tasks that are done and of all, after each.

        Raises
        ------
        BaseException
            What a task or `told` raises first, or Ctrl-C; tasks that are running end when they call next.
        """
        stop = threading.Event()

        def check() -> None:
            if stop.is_set():
                raise _StoppedError

        at_a_time = 1 if self.one_by_one else min(self.num_threads, len(tasks))
        threads_of_task = 1 if at_a_time == self.num_threads else self.num_threads
        with ThreadPoolExecutor(at_a_time, thread_name_prefix="gmm-select") as executor:
            futures: list[Future[T]] = [executor.submit(task, threads_of_task, check) for task in tasks]
            try:
                for n_done, future in enumerate(as_completed(futures), start=1):
                    future.result()
                    if told is not None:
                        told(n_done, len(futures))
            except BaseException:
                stop.set()
                executor.shutdown(wait=False, cancel_futures=True)
                raise
            return [future.result() for future in futures]
