"""The one place from which the estimator calls the engine's fit."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gmm_rs import _core
from gmm_rs._prior import Prior
from gmm_rs._validation import Float64Array, FloatArray
from gmm_rs.mixture._settings import Settings
from gmm_rs.mixture._start import Start

if TYPE_CHECKING:
    from gmm_rs._core import FitResult


def fit_mixture(
    X: FloatArray,
    settings: Settings,
    start: Start,
    *,
    seed: int,
    sample_weight: Float64Array | None,
    log_prior: Float64Array | None,
    observer: Callable[[int, int, float], object] | None,
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
        covariance_type=settings.covariance_type,
        max_iter=settings.max_iter,
        tol=settings.tol,
        relative_tol=settings.relative_tol,
        max_time=settings.max_time,
        n_init=settings.n_init if isinstance(start.init, str) else len(start.init),
        init=start.init,
        weights_init=start.weights,
        means_init=start.means,
        covariances_init=start.covariances,
        seed=seed,
        acceleration=settings.acceleration,
        reg_covar=settings.reg_covar,
        sample_weight=sample_weight,
        log_prior=log_prior,
        align_to=None,
        observer=observer,
        num_threads=settings.num_threads,
        **_NO_PRIOR,
    )


_NO_PRIOR = Prior().engine_arguments(n_features=1)
