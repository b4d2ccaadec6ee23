"""A process for each contender: idle threads, allocators and settings of one library don't reach the other."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Any

FOREIGN_SETTINGS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Overrides under which OpenBLAS would not run the kernels made for this machine."""


class Processes(AbstractContextManager["Processes"]):
    """Named processes, each started when its name first comes up."""

    def __init__(self) -> None:
        for name in FOREIGN_SETTINGS:
            os.environ.pop(name, None)
        self._stack = ExitStack()
        self._workers: dict[str, ProcessPoolExecutor] = {}

    def run(self, name: str, function: Callable[..., Any], *arguments: object) -> Any:
        """What `function(*arguments)` returns in the process `name`."""
        if name not in self._workers:
            self._workers[name] = self._stack.enter_context(new_process())
        return self._workers[name].submit(function, *arguments).result()

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def new_process() -> ProcessPoolExecutor:
    """One process that has imported nothing yet."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
