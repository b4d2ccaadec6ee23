"""The Serket module `GMM`, and a small runtime to use it with when Serket itself is not at hand.

``from gmm_rs import serket as srk`` gives `Module` and `Observation` as Serket has them. In a script that imports
the real Serket (github.com/naka-lab/Serket), `GMM` takes part as one of its modules.
"""

from gmm_rs.serket._gmm import GMM
from gmm_rs.serket._runtime import Module, Observation

__all__ = ["GMM", "Module", "Observation"]
