"""Data and surroundings that several tests share."""

import signal
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from gmm_rs import GaussianMixture
from gmm_rs.serket import _protocol, _runtime


@pytest.fixture
def fresh_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Number modules from 000, as in a new process."""
    monkeypatch.setattr(_runtime, "_counter", _runtime._Counter())


@pytest.fixture
def blobs() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Three clusters of 40 rows in two dimensions, far from each other, and the cluster of each row."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2], 40)
    centres = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]])
    return centres[truth] + rng.normal(size=(120, 2)), truth


@pytest.fixture
def stored_rows(blobs: tuple[NDArray[np.float64], NDArray[np.int64]]) -> NDArray[np.float64]:
    """Rows that are also in files of every format: X.npy, X.csv and so on."""
    rows = blobs[0]
    np.save("X.npy", rows)
    np.savetxt("X.csv", rows, delimiter=",", header="a,b", comments="", fmt="%.17g")
    np.savetxt("X.txt", rows, fmt="%.17g")
    pq.write_table(pa.table({"a": rows[:, 0], "b": rows[:, 1], "name": ["bird"] * len(rows)}), "X.parquet")
    return rows


@pytest.fixture
def stored_model(stored_rows: NDArray[np.float64]) -> GaussianMixture:
    """A model of these rows that is also in model.npz."""
    mixture = GaussianMixture(3, n_init=5, random_state=0).fit(stored_rows)
    mixture.save("model.npz")
    return mixture


class ForeignModule:
    """A node that keeps to the protocol of Serket and shares no code with ours."""

    count = 0

    def __init__(self, name: str = "", learnable: bool = True) -> None:
        self.title = f"module{ForeignModule.count:03d}_{name}"
        ForeignModule.count += 1
        self.inputs: tuple[Any, ...] = ()
        self.forward: Any = None
        self.backward: Any = None

    def connect(self, *nodes: Any) -> None:
        self.inputs = nodes

    def update(self) -> None: ...

    def get_name(self) -> str:
        return self.title

    def get_observations(self) -> list[NDArray[Any]]:
        return [np.array(node.get_forward_msg()) for node in self.inputs]

    def set_forward_msg(self, msg: Any) -> None:
        self.forward = msg

    def get_forward_msg(self) -> Any:
        return self.forward

    def set_backward_msg(self, msg: Any) -> None:
        self.backward = msg

    def get_backward_msg(self) -> Any:
        return self.backward

    def send_backward_msgs(self, msgs: Any) -> None:
        for node, msg in zip(self.inputs, msgs, strict=True):
            node.set_backward_msg(msg)


class ForeignObservation(ForeignModule):
    """Data as a node."""

    def __init__(self, data: Any, name: str = "obs") -> None:
        super().__init__(name, learnable=False)
        self.set_forward_msg(data)


@pytest.fixture
def load_foreign(monkeypatch: pytest.MonkeyPatch) -> Callable[[], ModuleType]:
    """A function that "imports" a Serket which is not ours, its counter at 0."""
    monkeypatch.setattr(ForeignModule, "count", 0)
    monkeypatch.delitem(sys.modules, "serket", raising=False)

    def load() -> ModuleType:
        module = ModuleType("serket")
        vars(module).update(Module=ForeignModule, Observation=ForeignObservation)
        monkeypatch.setitem(sys.modules, "serket", module)
        return module

    return load


@pytest.fixture
def load_wrong_serket(monkeypatch: pytest.MonkeyPatch) -> Callable[[], ModuleType]:
    """A function that "imports" the other package of that name."""
    _protocol._warn_of_wrong_serket.cache_clear()

    def load() -> ModuleType:
        module = ModuleType("serket")
        vars(module).update(TreeClass=type("TreeClass", (), {"__module__": "serket.tree"}))
        monkeypatch.setitem(sys.modules, "serket", module)
        return module

    return load


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c():
    """Have tests that press Ctrl-C work in the background, where a shell lets it be ignored."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)
