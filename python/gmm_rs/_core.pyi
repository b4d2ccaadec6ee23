"""The compiled engine. Private: use the public modules of gmm_rs."""

from collections.abc import Callable, Iterable
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, type_check_only

import numpy as np
from numpy.typing import NDArray

from gmm_rs._cluster import Cluster
from gmm_rs.exceptions import GmmError

__all__ = [
    "answer",
    "conditional",
    "conditional_mean",
    "draw_partitions",
    "extent",
    "fit",
    "fit_many",
    "linear_sum_assignment",
    "marginal",
    "maximise",
    "merge",
    "precisions_cholesky",
    "predict",
    "predict_proba",
    "recentre",
    "sample",
    "score_samples",
    "statistics",
    "write_text",
]

_Data: TypeAlias = NDArray[np.float32] | NDArray[np.float64]
_Float64: TypeAlias = NDArray[np.float64]
_StartKind: TypeAlias = Literal["kmeans", "k-means++", "random", "random_from_data", "short-em"]
_Partitions: TypeAlias = list[NDArray[np.uint32]]
_CovarianceType: TypeAlias = Literal["full", "tied", "diag", "spherical"]

@type_check_only
class Restart(TypedDict):
    lower_bound: float
    log_likelihood: float
    n_iter: int
    converged: bool
    failure: str | None

@type_check_only
class FitResult(TypedDict):
    weights: _Float64
    means: _Float64
    covariances: _Float64
    log_likelihoods: _Float64
    lower_bounds: _Float64
    lower_bound: float
    n_iter: int
    converged: bool
    collapsed: NDArray[np.int64]
    timed_out: bool
    restarts: list[Restart]

# Rows that are read piece by piece, as matrices or their columns, of any numbers of rows, anew at each call. Where
# `extent` has been found before, it is an attribute.
@type_check_only
class _Rows(Protocol):
    @property
    def n_features(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def _parts(self) -> Iterable[_Data | list[_Data]]: ...

# What keeps the last checkpoint of a fit, a new one every so many seconds.
@type_check_only
class _Checkpoint(Protocol):
    @property
    def content(self) -> bytes | None: ...
    @property
    def seconds(self) -> float: ...
    def save(self, content: bytes, /) -> None: ...

def fit(
    X: _Data | _Rows | Cluster,
    n_components: int,
    *,
    covariance_type: _CovarianceType,
    max_iter: int,
    tol: float,
    relative_tol: bool,
    max_time: float | None,
    n_init: int,
    init: _StartKind | list[_Float64] | _Partitions,
    halving: bool,
    weights_init: _Float64 | None,
    means_init: _Float64 | None,
    covariances_init: _Float64 | None,
    seed: int,
    acceleration: Literal["squarem"] | None,
    reg_covar: float | _Float64 | Literal["auto"] | None,
    weight_concentration_prior: float | None,
    mean_precision_prior: float,
    mean_prior: _Float64 | None,
    degrees_of_freedom_prior: float | None,
    covariance_prior: _Float64 | None,
    sample_weight: _Float64 | None,
    log_prior: _Float64 | None,
    align_to: _Float64 | None,
    observer: Callable[[int, int, float], object] | None,
    checkpoint: _Checkpoint | None,
    num_threads: int,
) -> FitResult: ...

# What the k-means starts of a fit begin with, whatever its covariances: `init` of a fit with these arguments.
def draw_partitions(
    X: _Data | _Rows | Cluster,
    n_components: int,
    *,
    n_init: int,
    seed: int,
    sample_weight: _Float64 | None,
    observer: Callable[[], object] | None,
    num_threads: int,
) -> _Partitions: ...

# Number of rows, and the least and the largest value of each feature. A fit does not count and check the rows again
# where this is an attribute `extent` of what they are read from.
def extent(rows: _Rows) -> tuple[int, tuple[_Float64, _Float64]]: ...

# The answer of one part of the rows of a cluster, the first of which has this number; merge joins those of neighbours,
# in order: the same bytes for any grouping.
def answer(
    X: _Data,
    request: bytes,
    *,
    partition: int,
    first_row: int,
    sample_weight: _Float64 | None,
    num_threads: int,
) -> bytes: ...
def merge(answers: list[bytes]) -> bytes: ...

# A data set: X, seed, sample_weight; weights_init, means_init, covariances_init. An exception is what a fit of it alone
# raises.
def fit_many(
    datasets: list[tuple[_Data, int, _Float64 | None, _Float64 | None, _Float64 | None, _Float64 | None]],
    n_components: int,
    *,
    covariance_type: _CovarianceType,
    max_iter: int,
    tol: float,
    relative_tol: bool,
    n_init: int,
    init: _StartKind,
    acceleration: Literal["squarem"] | None,
    reg_covar: float | _Float64 | Literal["auto"],
    num_threads: int,
) -> list[FitResult | GmmError]: ...

# weights (K,), means (K, D), and exactly one of covariances and precisions_cholesky, either of shape (K, D, D) full,
# (D, D) tied, (K, D) diag, (K,) spherical. precisions_cholesky is scikit-learn's: upper triangular P with a positive
# diagonal and P Pᵀ = Σ⁻¹; of diag and spherical covariances 1/σ. With it nothing is factorised.
def predict(
    X: _Data,
    weights: _Float64,
    means: _Float64,
    covariances: _Float64 | None = None,
    *,
    precisions_cholesky: _Float64 | None = None,
    covariance_type: _CovarianceType,
    log_prior: _Float64 | None,
    num_threads: int,
) -> NDArray[np.int64]: ...
def predict_proba(
    X: _Data,
    weights: _Float64,
    means: _Float64,
    covariances: _Float64 | None = None,
    *,
    precisions_cholesky: _Float64 | None = None,
    covariance_type: _CovarianceType,
    log_prior: _Float64 | None,
    num_threads: int,
) -> _Float64: ...
def score_samples(
    X: _Data,
    weights: _Float64,
    means: _Float64,
    covariances: _Float64 | None = None,
    *,
    precisions_cholesky: _Float64 | None = None,
    covariance_type: _CovarianceType,
    log_prior: _Float64 | None,
    num_threads: int,
) -> _Float64: ...

# These factors of covariances, in an array of the same shape.
def precisions_cholesky(covariances: _Float64, *, covariance_type: _CovarianceType) -> _Float64: ...

@type_check_only
class Moments(TypedDict):
    zeroth: _Float64
    first: _Float64
    second: _Float64
    log_likelihood: float

# Moments of the rows about the means: zeroth (K,), first (K, D), second (K, D, D) full, their sum (D, D) tied, or the
# diagonals (K, D) diag and spherical.
def statistics(
    X: _Data,
    weights: _Float64,
    means: _Float64,
    precisions_cholesky: _Float64,
    *,
    covariance_type: _CovarianceType,
    sample_weight: _Float64 | None,
    log_prior: _Float64 | None,
    num_threads: int,
) -> Moments: ...

# first and second about new_anchors (K, D) instead of anchors.
def recentre(
    anchors: _Float64,
    zeroth: _Float64,
    first: _Float64,
    second: _Float64,
    new_anchors: _Float64,
    *,
    covariance_type: _CovarianceType,
) -> tuple[_Float64, _Float64]: ...

# Weights, means and covariances that follow from moments.
def maximise(
    anchors: _Float64,
    zeroth: _Float64,
    first: _Float64,
    second: _Float64,
    *,
    covariance_type: _CovarianceType,
    reg_covar: float | _Float64 | Literal["auto"],
) -> tuple[_Float64, _Float64, _Float64]: ...

# X (n_samples, D) and labels (n_samples,), sorted by component.
def sample(
    n_samples: int,
    weights: _Float64,
    means: _Float64,
    covariances: _Float64,
    *,
    covariance_type: _CovarianceType,
    seed: int,
    num_threads: int,
) -> tuple[_Float64, NDArray[np.int64]]: ...

# The mixture of the features in indices (M,), in this order: weights (K,), means (K, M), covariances of the same type.
def marginal(
    indices: NDArray[np.int64],
    weights: _Float64,
    means: _Float64,
    covariances: _Float64,
    *,
    covariance_type: _CovarianceType,
) -> tuple[_Float64, _Float64, _Float64]: ...

# values (n, M) are those of the features in indices (M,); the other R = D − M >= 1 features stay in their order.
# weights (n, K), means (n, K, R), covariances of all rows: (K, R, R) full, (R, R) tied, (K, R) diag, (K,) spherical.
def conditional(
    indices: NDArray[np.int64],
    values: _Data,
    weights: _Float64,
    means: _Float64,
    covariances: _Float64,
    *,
    covariance_type: _CovarianceType,
    num_threads: int,
) -> tuple[_Float64, _Float64, _Float64]: ...

# The mean (n, R) of these mixtures, and with return_cov their covariance (n, R, R), otherwise None.
def conditional_mean(
    indices: NDArray[np.int64],
    values: _Data,
    weights: _Float64,
    means: _Float64,
    covariances: _Float64,
    *,
    covariance_type: _CovarianceType,
    return_cov: bool,
    num_threads: int,
) -> tuple[_Float64, _Float64 | None]: ...
def linear_sum_assignment(score: _Float64) -> tuple[NDArray[np.intp], NDArray[np.intp]]: ...
def write_text(
    path: str | PathLike[str],
    matrix: _Float64 | NDArray[np.int64],
    format: Literal["%d", "%f", "%.18e"],
    *,
    num_threads: int,
) -> None: ...
