"""What k-means finds before covariances come in: the part of its starts that fits with other covariances can share."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gmm_rs import _core
from gmm_rs._validation import Float64Array
from gmm_rs.mixture._blocks import Rows


@dataclass(frozen=True, eq=False)
class Partitions:
    """What k-means starts begin with. As `init_params` it gives the fit that "kmeans" gives, to the bit.

    Parameters
    ----------
    starts : list of ndarray of shape (n_partitions, n_labels), uint32
        For each start the partitions that are tried, each with a component for every row, or for a sample of the rows.
    """

    starts: list[NDArray[np.uint32]]


def draw_partitions(
    X: Rows,
    n_components: int,
    *,
    n_init: int,
    seed: int,
    sample_weight: Float64Array | None,
    observer: Callable[[], object] | None,
    num_threads: int,
) -> Partitions:
    """What the k-means starts of this seed begin with, whatever the covariances of the fit.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), or RowSource
    n_components, n_init, seed : int
    sample_weight : ndarray of shape (n_samples,), float64, or None
    observer : callable or None
        Called many times a second; an exception in it ends the work.
    num_threads : int

    Raises
    ------
    GmmError

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(300, 2)) + np.repeat([[0.0, 0.0], [9.0, 9.0]], 150, axis=0)
    >>> drawn = draw_partitions(X, 2, n_init=2, seed=0, sample_weight=None, observer=None, num_threads=1)
    >>> [partitions.shape for partitions in drawn.starts]
    [(3, 300), (1, 300)]
    >>> np.bincount(drawn.starts[1][0])
    array([150, 150])
    """
    starts = _core.draw_partitions(
        X,
        n_components,
        n_init=n_init,
        seed=seed,
        sample_weight=sample_weight,
        observer=observer,
        num_threads=num_threads,
    )
    return Partitions(starts)
