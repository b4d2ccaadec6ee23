"""The compiled engine. Private: use the public modules of gmm_rs."""

from os import PathLike
from typing import Literal, TypeAlias, TypedDict, type_check_only

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit", "linear_sum_assignment", "predict", "predict_proba", "score_samples", "write_text"]

_Data: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
_Float64: TypeAlias = NDArray[np.float64]
_Init: TypeAlias = Literal["kmeans", "k-means++", "random", "random_from_data", "short-em"] | list[_Float64]
_CovarianceType: TypeAlias = Literal["full", "tied", "diag", "spherical"]

@type_check_only
class FitResult(TypedDict):
    weights: _Float64
    means: _Float64
    covariances: _Float64
    log_likelihoods: _Float64
    lower_bounds: _Float64
    n_iter: int
    converged: bool

def fit(
    X: _Data,
    n_components: int,
    *,
    covariance_type: _CovarianceType,
    max_iter: int,
    tol: float,
    n_init: int,
    init: _Init,
    weights_init: _Float64 | None,
    means_init: _Float64 | None,
    covariances_init: _Float64 | None,
    seed: int,
    acceleration: Literal["squarem"] | None,
    reg_covar: float | None,
    weight_concentration_prior: float | None,
    mean_precision_prior: float,
    mean_prior: _Float64 | None,
    degrees_of_freedom_prior: float | None,
    covariance_prior: _Float64 | None,
    sample_weight: _Float64 | None,
    log_prior: _Float64 | None,
    align_to: _Float64 | None,
    num_threads: int,
) -> FitResult: ...
def predict(
    X: _Data,
    weights: _Float64,
    means: _Float64,
    covariances: _Float64,
    *,
    covariance_type: _CovarianceType,
    log_prior: _Float64 | None,
    num_threads: int,
) -> NDArray[np.int64]: ...
def predict_proba(
    X: _Data,
    weights: _Float64,
    means: _Float64,
    covariances: _Float64,
    *,
    covariance_type: _CovarianceType,
    log_prior: _Float64 | None,
    num_threads: int,
) -> _Float64: ...
def score_samples(
    X: _Data,
    weights: _Float64,
    means: _Float64,
    covariances: _Float64,
    *,
    covariance_type: _CovarianceType,
    log_prior: _Float64 | None,
    num_threads: int,
) -> _Float64: ...
def linear_sum_assignment(score: _Float64) -> tuple[NDArray[np.intp], NDArray[np.intp]]: ...
def write_text(
    path: str | PathLike[str],
    matrix: _Float64 | NDArray[np.int64],
    format: Literal["%d", "%f", "%.18e"],
    *,
    num_threads: int,
) -> None: ...
