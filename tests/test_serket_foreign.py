"""Taking part in pipelines of a Serket that is not ours, whichever was loaded first."""

import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

from gmm_rs import GMM, GmmError
from gmm_rs import serket as srk

pytestmark = pytest.mark.usefixtures("fresh_numbers")


def numbers(*nodes):
    return [int(node.get_name()[len("module") :].partition("_")[0]) for node in nodes]


def test_mixed_nodes_are_numbered_in_order_of_construction(load_foreign):
    foreign = load_foreign()
    nodes = [foreign.Observation(0), GMM(2), foreign.Module("mm"), srk.Observation(0), srk.Module(), foreign.Module()]
    assert numbers(*nodes) == [0, 1, 2, 3, 4, 5]
    assert nodes[1].get_name() == "module001_gmm"


def test_nodes_made_before_the_other_serket_was_loaded_keep_their_numbers(load_foreign):
    ours = [srk.Observation(0), srk.Observation(0)]
    foreign = load_foreign()
    nodes = [GMM(2), foreign.Observation(0), GMM(2)]
    assert numbers(*ours, *nodes) == [0, 1, 2, 3, 4]


def test_numbers_continue_when_the_other_serket_is_gone(load_foreign, monkeypatch):
    foreign = load_foreign()
    foreign.Observation(0)
    assert numbers(GMM(2)) == [1]
    monkeypatch.delitem(sys.modules, "serket")
    assert numbers(GMM(2)) == [2]


def test_names_that_do_not_count_are_not_waited_for(load_foreign, monkeypatch):
    foreign = load_foreign()
    monkeypatch.setattr(foreign.Module, "get_name", lambda self: "module000_")
    assert numbers(srk.Module(), srk.Module(), srk.Module()) == [0, 1, 2]


def test_messages_cross_between_their_nodes_and_ours(load_foreign, blobs):
    foreign, (data, truth) = load_foreign(), blobs
    obs, gmm, receiver = foreign.Observation(data), GMM(3, category=truth, random_state=0), foreign.Module("mm")
    gmm.connect(obs)
    receiver.connect(gmm)
    gmm.update()
    probabilities = receiver.get_observations()[0]
    assert probabilities.shape == (120, 3)
    assert obs.get_backward_msg().shape == data.shape
    receiver.send_backward_msgs([np.roll(probabilities, 1, axis=1)])
    gmm.update()
    np.testing.assert_array_equal(gmm.labels_, (probabilities.argmax(axis=1) + 1) % 3)


def test_an_empty_foreign_node_is_named(load_foreign):
    foreign = load_foreign()
    vae, gmm = foreign.Module("vae"), GMM(2)
    gmm.connect(vae)
    with pytest.raises(GmmError, match="module000_vae has sent no message yet"):
        gmm.update()


def test_the_other_package_of_that_name_is_ignored_with_one_warning(load_wrong_serket):
    load_wrong_serket()
    with pytest.warns(UserWarning, match=r"JAX.*from gmm_rs import serket as srk.*naka-lab/Serket"):
        first = srk.Observation(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = srk.Observation(0)
    assert numbers(first, second) == [0, 1]


@pytest.mark.filterwarnings("ignore:the loaded package 'serket'")
def test_connecting_to_an_object_of_the_other_package_explains_the_mistake(load_wrong_serket):
    wrong = load_wrong_serket()
    with pytest.raises(TypeError, match=r"serket\.tree\.TreeClass.*JAX"):
        GMM(2).connect(wrong.TreeClass())


def test_serket_is_never_imported(tmp_path):
    """A package of that name on the path, ready to be found, stays alone; loaded later, it is taken up."""
    package = tmp_path / "serket"
    package.mkdir()
    (package / "__init__.py").write_text(
        textwrap.dedent(
            """
            from itertools import count

            numbers = count()

            class Module:
                def __init__(self, name="", learnable=True):
                    self.name = f"module{next(numbers):03d}_{name}"
                def get_name(self): return self.name
                def get_forward_msg(self): return [[0.0], [1.0]]
                def connect(self, *nodes): pass
                update = get_observations = get_backward_msg = get_forward_msg
                set_forward_msg = set_backward_msg = send_backward_msgs = connect

            class Observation(Module): pass
            """
        )
    )
    code = """
        import sys
        import gmm_rs
        gmm_rs.GMM(2)
        assert "serket" not in sys.modules
        import serket
        names = [serket.Module("a").get_name(), gmm_rs.GMM(2).get_name(), serket.Module("b").get_name()]
        assert names == ["module000_a", "module001_gmm", "module002_b"], names
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=tmp_path, check=True)
