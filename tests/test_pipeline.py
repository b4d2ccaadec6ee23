"""A pipeline of two modules that learn from each other: a GMM, and a Markov chain over its classes."""

import numpy as np
import pytest

import gmm_rs
from gmm_rs import serket as srk

N_STATES = 4


class MarkovChain(srk.Module):
    """Learns how classes follow each other, and tells each row's class from the rows before and after it."""

    def update(self):
        (probabilities,) = self.get_observations()
        transitions = 0.1 + probabilities[:-1].T @ probabilities[1:]
        transitions /= transitions.sum(axis=1, keepdims=True)
        msg = np.ones_like(probabilities)
        msg[1:] *= probabilities[:-1] @ transitions
        msg[:-1] *= probabilities[1:] @ transitions.T
        self.set_forward_msg(probabilities * msg)
        self.send_backward_msgs([msg])


def overlapping_chain(seed):
    """A cycle of states that is seldom left, and observations of which one in ten lies nearer to another state."""
    rng = np.random.default_rng(seed)
    step = np.where(rng.random(400) < 0.95, 1, rng.integers(N_STATES, size=400))
    states = np.cumsum(step) % N_STATES
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    return corners[states] + 0.3 * rng.standard_normal((400, 2)), states


@pytest.mark.parametrize("seed", range(5))
def test_modules_that_learn_from_each_other_err_half_as_often(seed):
    data, states = overlapping_chain(seed)
    obs, gmm = srk.Observation(data), gmm_rs.GMM(N_STATES, category=states, random_state=seed, save=False)
    chain = MarkovChain("chain")
    gmm.connect(obs)
    chain.connect(gmm)
    gmm.update()
    alone, labels = gmm.accuracy_, gmm.labels_
    for _ in range(5):
        chain.update()
        gmm.update()
        # The chain speaks of class k: if that changed its meaning, most rows would change their label.
        assert np.mean(labels == gmm.labels_) > 0.8
        labels = gmm.labels_
    assert 1 - gmm.accuracy_ < (1 - alone) / 2
