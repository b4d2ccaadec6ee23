"""What the engine is told of a fit: all of it for one data set, and what is the same for each of many."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypedDict

from gmm_rs import _core
from gmm_rs._cluster import Cluster
from gmm_rs._prior import Prior
from gmm_rs._validation import Float64Array
from gmm_rs.mixture._blocks import Rows
from gmm_rs.mixture._checkpoint import Checkpoint
from gmm_rs.mixture._partitions import Partitions
from gmm_rs.mixture._settings import CovarianceType, Settings
from gmm_rs.mixture._start import Start

if TYPE_CHECKING:
    from gmm_rs._core import FitResult


def fit_mixture(
    X: Rows | Cluster,
    settings: Settings,
    start: Start,
    *,
    seed: int,
    sample_weight: Float64Array | None,
    log_prior: Float64Array | None,
    observer: Callable[[int, int, float], object] | None,
    checkpoint: Checkpoint | None,
) -> "FitResult":
    """Maximise the likelihood by EM and return the best of all starts.

    Raises
    ------
    NonFiniteError
        If `X` holds NaN or infinity.
    DegenerateCovarianceError
        If nothing can be done about a covariance.
    """
    return _core.fit(
        X,
        settings.n_components,
        max_time=settings.max_time,
        n_init=start.count(settings.n_init),
        init=start.init.starts if isinstance(start.init, Partitions) else start.init,
        halving=False,
        weights_init=start.weights,
        means_init=start.means,
        covariances_init=start.covariances,
        seed=seed,
        sample_weight=sample_weight,
        log_prior=log_prior,
        align_to=None,
        observer=observer,
        checkpoint=checkpoint,
        **engine_arguments(settings),
        **_NO_PRIOR,
    )


class EngineArguments(TypedDict):
    """What a fit is told, whatever the data, as keyword arguments of the Rust engine."""

    covariance_type: CovarianceType
    max_iter: int
    tol: float
    relative_tol: bool
    acceleration: Literal["squarem"] | None
    reg_covar: float | Literal["auto"]
    num_threads: int


def engine_arguments(settings: Settings) -> EngineArguments:
    """Keyword arguments of the Rust engine for one data set or many."""
    return {
        "covariance_type": settings.covariance_type,
        "max_iter": settings.max_iter,
        "tol": settings.tol,
        "relative_tol": settings.relative_tol,
        "acceleration": settings.acceleration,
        "reg_covar": settings.reg_covar,
        "num_threads": settings.num_threads,
    }


_NO_PRIOR = Prior().engine_arguments(n_features=1)
