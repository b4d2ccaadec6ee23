"""What pictures need of a model, read from its fitted attributes."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gmm_rs import _core
from gmm_rs._threads import resolve_num_threads
from gmm_rs._validation import Float64Array, FloatArray
from gmm_rs.exceptions import DimensionError, NotFittedError, ParameterError
from gmm_rs.mixture._settings import CovarianceType


class MixtureLike(Protocol):
    """A mixture of any covariance type, fitted by whatever."""

    covariance_type: CovarianceType
    weights_: NDArray[np.floating]
    means_: NDArray[np.floating]
    covariances_: NDArray[np.floating]


def shape_of(model: MixtureLike) -> tuple[int, int]:
    """Numbers of components and of features.

    Raises
    ------
    NotFittedError
        If the model has no means yet.
    """
    if not hasattr(model, "means_"):
        raise NotFittedError(f"a fitted mixture is needed, but this {type(model).__name__} has no means_: fit it first")
    n_components, n_features = model.means_.shape
    return n_components, n_features


def feature_names_of(model: MixtureLike) -> list[str]:
    """The names that the model knows its features by, or else "feature 0" and so on."""
    names = getattr(model, "feature_names_in_", None)
    return [f"feature {d}" for d in range(shape_of(model)[1])] if names is None else [str(name) for name in names]


def two_columns(features: Sequence[int | str], names: list[str]) -> list[int]:
    """The numbers of two features, given by number or name.

    Raises
    ------
    ParameterError
        If they are not two different features of the model.
    DimensionError
        If the model has one feature only.
    """
    if len(names) < 2:
        raise DimensionError("the plane of two features is drawn, but the model has only one feature")
    columns = [_column(feature, names) for feature in features]
    if isinstance(features, str) or len(columns) != 2 or columns[0] == columns[1]:
        raise ParameterError(f"features must be two different features, such as (0, 1), but is {features!r}")
    return columns


def _column(feature: int | str, names: list[str]) -> int:
    if feature in names:
        return names.index(str(feature))
    if isinstance(feature, int | np.integer) and 0 <= feature < len(names):
        return int(feature)
    known = f"numbers below {len(names)} or names among {', '.join(names)}"
    raise ParameterError(f"features must be {known}, but one is {feature!r}")


def marginal_covariances(model: MixtureLike, columns: list[int]) -> Float64Array:
    """The covariance matrix of each component on these features, shape (n_components, n_columns, n_columns)."""
    n_components, identity = len(model.means_), np.eye(len(columns))
    covariances = np.asarray(model.covariances_, dtype=np.float64)
    match model.covariance_type:
        case "full":
            return covariances[:, columns][:, :, columns]
        case "tied":
            return np.tile(covariances[np.ix_(columns, columns)], (n_components, 1, 1))
        case "diag":
            return covariances[:, columns, None] * identity
        case _:
            return covariances[:, None, None] * identity


def most_probable_components(model: MixtureLike, rows: FloatArray) -> NDArray[np.int64]:
    """The component of each row, shape (n_rows,)."""
    weights, means, covariances = (
        np.asarray(parameter, dtype=np.float64) for parameter in (model.weights_, model.means_, model.covariances_)
    )
    return _core.predict(
        rows,
        weights,
        means,
        covariances,
        covariance_type=model.covariance_type,
        log_prior=None,
        num_threads=resolve_num_threads(None),
    )
