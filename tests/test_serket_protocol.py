"""Nodes, names, numbers and connections."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import gmm_rs
from gmm_rs import GmmError, ParameterError
from gmm_rs import serket as srk

PROTOCOL = [
    "connect",
    "update",
    "get_name",
    "get_observations",
    "set_forward_msg",
    "get_forward_msg",
    "set_backward_msg",
    "get_backward_msg",
    "send_backward_msgs",
]


def test_every_node_answers_the_protocol():
    for node in (srk.Module(), srk.Observation([[1.0]]), gmm_rs.GMM(2)):
        assert all(callable(getattr(node, method)) for method in PROTOCOL)
    assert gmm_rs.GMM is srk.GMM
    assert isinstance(gmm_rs.GMM(2), srk.Module)


@pytest.mark.usefixtures("fresh_numbers")
def test_numbers_follow_construction():
    nodes = [
        srk.Observation([[0.0]]),
        srk.GMM(2),
        srk.Module(),
        srk.GMM(3, name="second"),
        srk.Observation(0, name="x"),
    ]
    names = [node.get_name() for node in nodes]
    assert names == ["module000_obs", "module001_gmm", "module002_", "module003_second", "module004_x"]


@pytest.mark.usefixtures("fresh_numbers")
def test_what_is_refused_takes_no_number():
    with pytest.raises(ParameterError):
        srk.GMM(0)
    with pytest.raises(TypeError):
        srk.GMM(2, catogory=[1])
    assert srk.GMM(2).get_name() == "module000_gmm"


def test_messages_are_handed_over_by_reference():
    node = srk.Module()
    assert node.get_forward_msg() is None
    assert node.get_backward_msg() is None
    message = np.ones((2, 2))
    node.set_forward_msg(message)
    node.set_backward_msg(message)
    assert node.get_forward_msg() is message
    assert node.get_backward_msg() is message


def test_observations_are_copies_in_the_order_of_connection():
    data = np.arange(4.0).reshape(2, 2)
    first, second, module = srk.Observation(data), srk.Observation([[5]]), srk.Module("m")
    module.connect(first, second)
    received = module.get_observations()
    np.testing.assert_array_equal(received[0], data)
    np.testing.assert_array_equal(received[1], [[5]])
    received[0][:] = -1
    assert data[1, 1] == 3


def test_backward_messages_go_to_the_nodes_in_order():
    first, second, module = srk.Observation(0), srk.Observation(0), srk.Module()
    module.connect(first, second)
    module.send_backward_msgs(["a", "b"])
    assert (first.get_backward_msg(), second.get_backward_msg()) == ("a", "b")
    with pytest.raises(ParameterError, match=r"2 nodes.*1 messages"):
        module.send_backward_msgs(["a"])


def test_unconnected_modules_say_so():
    module = srk.Module()
    for call in (module.get_observations, lambda: module.send_backward_msgs([])):
        with pytest.raises(GmmError, match=r"call connect\(\)"):
            call()


@pytest.mark.parametrize("node", [np.eye(2), None, [[1.0]], object()])
def test_connecting_to_anything_else_names_what_it_lacks(node):
    with pytest.raises(TypeError, match=r"no get_forward_msg\(\).*set_backward_msg\(\).*Observation\(data\)"):
        srk.Module().connect(node)


def test_connecting_to_a_class_asks_for_an_object():
    with pytest.raises(TypeError, match="Observation, which is a class"):
        srk.Module().connect(srk.Observation)


def test_gmm_takes_one_node():
    gmm = srk.GMM(2)
    for nodes in ((), (srk.Observation(0), srk.Observation(0))):
        with pytest.raises(ParameterError, match=f"exactly one node, but was given {len(nodes)}"):
            gmm.connect(*nodes)


def test_subclasses_bring_their_own_update():
    class Double(srk.Module):
        def update(self):
            self.set_forward_msg(2 * self.get_observations()[0])

    double = Double("double")
    double.connect(srk.Observation([[1.0, 2.0]]))
    double.update()
    np.testing.assert_array_equal(double.get_forward_msg(), [[2.0, 4.0]])


def test_nodes_can_be_copied_and_pickled():
    gmm = srk.GMM(2, category=[1, 2], save=False)
    gmm.connect(srk.Observation([[0.0], [9.0]]))
    for twin in (copy.deepcopy(gmm), pickle.loads(pickle.dumps(gmm))):
        twin.update()
        assert twin.accuracy_ == 1.0
        assert twin.get_name() == gmm.get_name()
    assert not hasattr(gmm, "accuracy_")


def test_import_loads_nothing_heavy():
    code = (
        "import sys, gmm_rs; print(sorted({'scipy', 'sklearn', 'pandas', 'serket', 'matplotlib'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
