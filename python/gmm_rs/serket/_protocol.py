"""What a Serket node must answer to, and recognising the real Serket when it is loaded.

Nodes know each other by these methods alone. Nothing here imports the package `serket`: it looks at what the
script has loaded already, each time anew, so that the order of imports does not matter.
"""

import functools
import re
import sys
import warnings
from types import ModuleType
from typing import Any, Protocol

NODE_METHODS = (
    "connect",
    "update",
    "get_name",
    "get_observations",
    "set_forward_msg",
    "get_forward_msg",
    "set_backward_msg",
    "get_backward_msg",
    "send_backward_msgs",
)
_UPSTREAM_METHODS = ("get_forward_msg", "set_backward_msg")
_NUMBERED_NAME = re.compile(r"module(\d+)_")


class UpstreamNode(Protocol):
    """The part of a node that the nodes after it use."""

    def get_forward_msg(self) -> Any:
        """Message to the nodes downstream, None before there is one."""

    def set_backward_msg(self, msg: Any) -> None:
        """Receive a message from downstream."""


def check_upstream(node: object) -> None:
    """Refuse what cannot be connected to.

    Raises
    ------
    TypeError
        If `node` lacks methods that an upstream node must have; they are named.
    """
    missing = _missing_methods(node, _UPSTREAM_METHODS)
    if not missing and not isinstance(node, type):
        return
    kind = type(node)
    if isinstance(node, type):
        message = f"cannot connect to {node.__name__}, which is a class: construct it first, as in Observation(data)"
    else:
        message = (
            f"cannot connect to an object of type {kind.__module__}.{kind.__qualname__}, which is no Serket module: "
            f"it has no {' and no '.join(f'{name}()' for name in missing)}; data go into an Observation(data)"
        )
        if kind.__module__.partition(".")[0] == "serket":
            message += f". {_WRONG_SERKET_ADVICE}"
    raise TypeError(message)


def describe(node: object) -> str:
    """Name of `node` for messages; of its type, if it has no name of its own."""
    get_name = getattr(node, "get_name", None)
    return str(get_name()) if callable(get_name) else type(node).__name__


def loaded_serket() -> ModuleType | None:
    """The real Serket, if this process has loaded it.

    Another package of that name (PyPI's, tools for JAX) is ignored, with a warning, given once.
    """
    module = sys.modules.get("serket")
    if module is None:
        return None
    if all(_is_node_class(getattr(module, name, None)) for name in ("Module", "Observation")):
        return module
    _warn_of_wrong_serket(str(getattr(module, "__file__", None)))
    return None


def draw_number(serket: ModuleType, at_least: int) -> int | None:
    """A number from the counter of `serket`, drawn until it is not below `at_least`.

    A node's number can only be had by constructing one: the nodes made here are thrown away. None if their names
    do not count upwards, in which case `serket` is not what it looked like.
    """
    previous = -1
    while True:
        match = _NUMBERED_NAME.match(serket.Module("").get_name())
        if match is None or int(match[1]) <= previous:
            return None
        previous = int(match[1])
        if previous >= at_least:
            return previous


_WRONG_SERKET_ADVICE = (
    "PyPI's project 'serket' holds tools for JAX and has nothing to do with Serket modules: use "
    "'from gmm_rs import serket as srk', or clone github.com/naka-lab/Serket and put the clone on sys.path"
)


def _missing_methods(node: object, methods: tuple[str, ...]) -> list[str]:
    return [name for name in methods if not callable(getattr(node, name, None))]


def _is_node_class(value: object) -> bool:
    return isinstance(value, type) and not _missing_methods(value, NODE_METHODS)


@functools.cache
def _warn_of_wrong_serket(origin: str) -> None:
    warnings.warn(
        f"the loaded package 'serket' ({origin}) has no Module and Observation, and is ignored. {_WRONG_SERKET_ADVICE}",
        stacklevel=2,
    )
