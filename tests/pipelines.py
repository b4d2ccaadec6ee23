"""Small pipelines and messages that several tests use."""

import numpy as np

from gmm_rs import GMM
from gmm_rs import serket as srk


def connected(data, K=3, **parameters):
    """A GMM that writes nothing, and the observation that it is connected to."""
    obs = srk.Observation(data)
    gmm = GMM(K, **{"random_state": 0, "save": False} | parameters)
    gmm.connect(obs)
    return gmm, obs


def one_hot(labels, K, *, confidence=0.9):
    message = np.full((len(labels), K), (1 - confidence) / (K - 1))
    message[np.arange(len(labels)), labels] = confidence
    return message
