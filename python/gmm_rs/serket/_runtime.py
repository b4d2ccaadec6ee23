"""A small Serket runtime: `Module`, which passes messages, and `Observation`, which holds data.

Every node has a number, drawn in order of construction from one counter for the process. If the real Serket is
loaded the number comes from its counter, so that pipelines of its nodes and ours are numbered as if all were its own.
"""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs.exceptions import GmmError, ParameterError
from gmm_rs.serket._protocol import UpstreamNode, check_upstream, draw_number, loaded_serket


class _Counter:
    """Numbers that no two nodes of the process share."""

    def __init__(self) -> None:
        self._next = 0
        self._lock = threading.Lock()

    def draw(self) -> int:
        with self._lock:
            serket = loaded_serket()
            number = None if serket is None else draw_number(serket, at_least=self._next)
            if number is None:
                number = self._next
            self._next = number + 1
            return number


_counter = _Counter()


class Module:
    """A node of a Serket pipeline: it takes messages from the nodes before it and passes messages on.

    Subclasses give `update` a meaning. Messages are handed over by reference, so a node never writes into an array
    that it received.

    Parameters
    ----------
    name : str
        The last part of the node's name, which is ``module{number}_{name}`` with a number of three digits.
    learnable : bool
        Whether the node learns something; for Serket's sake, nothing here depends on it.

    Examples
    --------
    A module that passes on the squares of what it observes:

    >>> from gmm_rs import serket as srk
    >>> class Square(srk.Module):
    ...     def update(self):
    ...         (data,) = self.get_observations()
    ...         self.set_forward_msg(data**2)
    >>> obs, square = srk.Observation([1, 2, 3]), Square("square")
    >>> square.connect(obs)
    >>> square.update()
    >>> square.get_forward_msg()
    array([1, 4, 9])
    """

    def __init__(self, name: str = "", learnable: bool = True) -> None:
        self.learnable = learnable
        self._full_name = f"module{_counter.draw():03d}_{name}"
        self._upstream: tuple[UpstreamNode, ...] = ()
        self._forward_msg: Any = None
        self._backward_msg: Any = None

    def connect(self, *nodes: UpstreamNode) -> None:
        """Make `nodes` the ones that this node observes, in place of any before.

        Parameters
        ----------
        *nodes : Module or Observation
            Ours or the real Serket's.

        Raises
        ------
        TypeError
            If one of them is not a Serket node; the missing methods are named.

        Examples
        --------
        >>> from gmm_rs import serket as srk
        >>> module = srk.Module("square")
        >>> module.connect(srk.Observation([1, 2]), srk.Observation([3, 4]))
        >>> module.get_observations()
        [array([1, 2]), array([3, 4])]
        """
        for node in nodes:
            check_upstream(node)
        self._upstream = nodes

    def update(self) -> None:
        """Do this node's work once; nothing, unless a subclass says otherwise."""

    def get_name(self) -> str:
        """Name of the node, such as ``module001_gmm``; also the name of its folder."""
        return self._full_name

    def get_observations(self) -> list[NDArray[Any]]:
        """Copies of the forward messages of all connected nodes, in their order.

        Raises
        ------
        GmmError
            If the node is not connected.
        """
        return [np.array(node.get_forward_msg()) for node in self._connected()]

    def set_forward_msg(self, msg: Any) -> None:
        """Set the message that the nodes downstream will observe."""
        self._forward_msg = msg

    def get_forward_msg(self) -> Any:
        """Message to the nodes downstream; None before there is one."""
        return self._forward_msg

    def set_backward_msg(self, msg: Any) -> None:
        """Receive a message from downstream."""
        self._backward_msg = msg

    def get_backward_msg(self) -> Any:
        """Message that was received from downstream last; None before there was one."""
        return self._backward_msg

    def send_backward_msgs(self, msgs: Sequence[Any]) -> None:
        """Send the first message to the first connected node, and so on.

        Raises
        ------
        GmmError
            If the node is not connected.
        ParameterError
            If there are fewer messages than connected nodes.

        Examples
        --------
        >>> from gmm_rs import serket as srk
        >>> obs, module = srk.Observation([1, 2]), srk.Module("square")
        >>> module.connect(obs)
        >>> module.send_backward_msgs([[5, 6]])
        >>> obs.get_backward_msg()
        [5, 6]
        """
        nodes = self._connected()
        if len(msgs) < len(nodes):
            raise ParameterError(
                f"{self.get_name()} is connected to {len(nodes)} nodes, but was given {len(msgs)} messages for them"
            )
        for node, msg in zip(nodes, msgs, strict=False):
            node.set_backward_msg(msg)

    def _connected(self) -> tuple[UpstreamNode, ...]:
        if not self._upstream:
            raise GmmError(f"{self.get_name()} is not connected: call connect() before update()")
        return self._upstream


class Observation(Module):
    """The node that a pipeline starts with: its forward message is the data.

    Parameters
    ----------
    data : array-like
        Passed on as it is.
    name : str
        The last part of the node's name.

    Examples
    --------
    >>> from gmm_rs import serket as srk
    >>> obs = srk.Observation([[1.0, 2.0], [3.0, 4.0]])
    >>> obs.get_forward_msg()
    [[1.0, 2.0], [3.0, 4.0]]
    """

    def __init__(self, data: Any, name: str = "obs") -> None:
        super().__init__(name=name, learnable=False)
        self.set_forward_msg(data)
