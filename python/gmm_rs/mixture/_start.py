"""Where a fit starts from: a kind of start by name, clusters that the user gives, or parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import numpy as np

from gmm_rs._validation import Float64Array, check_data, check_float64
from gmm_rs.exceptions import DimensionError, ParameterError
from gmm_rs.mixture._arrays import check_matrices, check_means, check_weights, covariances_of
from gmm_rs.mixture._data import check_finite
from gmm_rs.mixture._fitted import FittedMixture, as_float64
from gmm_rs.mixture._partitions import Partitions
from gmm_rs.mixture._settings import Settings
from gmm_rs.sources import RowSource

StartKind: TypeAlias = Literal["kmeans", "k-means++", "random", "random_from_data", "short-em"]
START_KINDS = ("kmeans", "k-means++", "random", "random_from_data", "short-em")


@dataclass(frozen=True, eq=False)
class Start:
    """Where a fit starts from.

    Parameters
    ----------
    init : str, list of ndarray of shape (n_samples, n_components), or Partitions
        Kind of start, or the responsibilities or partitions that each start begins with.
    weights, means, covariances : ndarray or None
        What takes the place of these parts of the parameters of each start.
    """

    init: StartKind | list[Float64Array] | Partitions
    weights: Float64Array | None = None
    means: Float64Array | None = None
    covariances: Float64Array | None = None

    def count(self, n_init: int) -> int:
        """How many starts that is, where `n_init` of a kind are drawn; nothing is drawn where all parts are given."""
        if isinstance(self.init, Partitions):
            return len(self.init.starts)
        if not isinstance(self.init, str):
            return len(self.init)
        return n_init if any(part is None for part in (self.weights, self.means, self.covariances)) else 1


def read_start(
    init_params: object,
    X: object,
    shape: tuple[int, int],
    settings: Settings,
    seed: int,
    *,
    weights_init: object,
    means_init: object,
    precisions_init: object,
) -> Start:
    """The start that the parameters of an estimator describe.

    Parameters
    ----------
    init_params : str, array-like or callable
        See `gmm_rs.GaussianMixture`. A callable is called once for each start.
    X : array-like or RowSource
        The rows, as the user gave them: what a callable gets is an array.
    shape : tuple of int
        (n_samples, n_features)
    settings : Settings
    seed : int
        Of the random state that a callable gets.
    weights_init, means_init, precisions_init : array-like or None

    Raises
    ------
    DimensionError, DataTypeError, ParameterError, DegenerateCovarianceError
    """
    n_components, n_features = settings.n_components, shape[1]
    covariances = None if precisions_init is None else read_precisions(precisions_init, settings, n_features)
    weights = None if weights_init is None else check_weights(weights_init, n_components)
    means = None if means_init is None else check_means(means_init, n_components, n_features)
    return Start(_read_init(init_params, X, shape[0], settings, seed), weights, means, covariances)


def start_from(mixture: FittedMixture, settings: Settings, n_features: int) -> Start:
    """The parameters of a mixture, for a warm start; the number of components may have changed since it was fitted.

    Raises
    ------
    DimensionError, ParameterError
    """
    shape = (settings.n_components, n_features)
    weights = as_float64(mixture.weights_)
    return Start(
        "random_from_data",
        check_weights(weights / weights.sum(), shape[0]),  # the sum of float32 weights is 1 in float32
        check_means(mixture.means_, *shape),
        check_matrices("covariance", mixture.covariances_, settings.covariance_type, *shape),
    )


def read_precisions(
    precisions_init: object, settings: Settings, n_features: int, *, n_sets: int | None = None
) -> Float64Array:
    """The covariances that have these precisions, or with a leading axis those of `n_sets` mixtures.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError, DegenerateCovarianceError
    """
    kind = settings.covariance_type
    precisions = check_matrices("precision", precisions_init, kind, settings.n_components, n_features, n_sets=n_sets)
    return covariances_of(precisions, kind)


def check_start_kind(init_params: object, *, others: str = "") -> StartKind:
    """The name of a kind of start.

    Parameters
    ----------
    others : str
        What else may be given, for the message.

    Raises
    ------
    ParameterError
    """
    if not (isinstance(init_params, str) and init_params in START_KINDS):
        kinds = ", ".join(map(repr, START_KINDS))
        raise ParameterError(f"init_params must be one of {kinds}{others}, but is {init_params!r}")
    return cast(StartKind, init_params)


def _read_init(
    init_params: object, X: object, n_samples: int, settings: Settings, seed: int
) -> StartKind | list[Float64Array] | Partitions:
    if isinstance(init_params, Partitions):
        return init_params
    if isinstance(init_params, str):
        return check_start_kind(init_params, others=", labels, responsibilities or a function")
    if not callable(init_params):
        return [_responsibilities("init_params", init_params, n_samples, settings.n_components)]
    if isinstance(X, RowSource):
        raise ParameterError(
            f"init_params is a function, which needs an array of all rows, but {X.name} is read block by block: pass "
            f"a kind of start, such as 'kmeans', or labels"
        )
    rows = check_data(X, what="X")
    check_finite(rows)
    make = cast(Callable[..., Any], init_params)
    random_state = np.random.RandomState(np.random.MT19937(seed))
    return [
        _responsibilities(
            "what init_params returns",
            make(rows, n_components=settings.n_components, random_state=random_state),
            n_samples,
            settings.n_components,
        )
        for _ in range(settings.n_init)
    ]


def _responsibilities(name: str, value: object, n_samples: int, n_components: int) -> Float64Array:
    array = check_float64(name, value)
    if array.shape == (n_samples,):
        return _one_hot(name, array, n_components)
    if array.shape != (n_samples, n_components):
        raise DimensionError(
            f"{name} must be labels of shape ({n_samples},) or responsibilities of shape ({n_samples}, "
            f"{n_components}), but has shape {array.shape}"
        )
    if not (np.isfinite(array).all() and array.min() >= 0.0 and array.any(axis=1).all()):
        raise ParameterError(f"{name} must be finite and not negative, with an entry above 0 in each row")
    return array


def _one_hot(name: str, labels: Float64Array, n_components: int) -> Float64Array:
    wrong = np.flatnonzero(~np.isin(labels, np.arange(n_components)))
    if wrong.size:
        raise ParameterError(
            f"the labels in {name} must be integers from 0 to n_components - 1 = {n_components - 1}, "
            f"but that of row {wrong[0]} is {labels[wrong[0]]:g}"
        )
    return np.equal.outer(labels, np.arange(n_components)).astype(np.float64)
