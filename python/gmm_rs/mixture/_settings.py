"""The parameters of an estimator, checked when a fit starts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import numpy as np

from gmm_rs._threads import resolve_num_threads
from gmm_rs._validation import check_choice, check_count, check_positive_int, check_real
from gmm_rs.exceptions import ParameterError

if TYPE_CHECKING:
    from gmm_rs.mixture._gaussian_mixture import GaussianMixture

CovarianceType: TypeAlias = Literal["full", "tied", "diag", "spherical"]
COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")


@dataclass(frozen=True)
class Settings:
    """Checked parameters that need no data to be checked."""

    n_components: int
    covariance_type: CovarianceType
    tol: float
    relative_tol: bool
    reg_covar: float | Literal["auto"]
    max_iter: int
    max_time: float | None
    n_init: int
    warm_start: bool
    acceleration: Literal["squarem"] | None
    learning_decay: float
    learning_offset: float
    verbose: int
    verbose_interval: int
    callback: Callable[[int, float], object] | None
    progress: bool
    num_threads: int


def check_covariance_type(value: object) -> CovarianceType:
    """`value`, if it is one of the four.

    Raises
    ------
    ParameterError
    """
    return cast(CovarianceType, check_choice("covariance_type", value, COVARIANCE_TYPES))


def check_settings(estimator: "GaussianMixture") -> Settings:
    """The parameters of `estimator`, each in its domain.

    Raises
    ------
    ParameterError
        The first that is not is named, with what it is and what it may be.
    """
    return Settings(
        n_components=check_positive_int("n_components", estimator.n_components),
        covariance_type=check_covariance_type(estimator.covariance_type),
        tol=check_real("tol", estimator.tol, at_least=0.0),
        relative_tol=check_choice("stop", estimator.stop, ("absolute", "relative")) == "relative",
        reg_covar=_check_reg_covar(estimator.reg_covar),
        max_iter=check_count("max_iter", estimator.max_iter, at_least=0),
        max_time=None if estimator.max_time is None else check_real("max_time", estimator.max_time, above=0.0),
        n_init=check_positive_int("n_init", estimator.n_init),
        warm_start=_check_flag("warm_start", estimator.warm_start),
        acceleration=_check_acceleration(estimator.acceleration),
        learning_decay=_check_decay(estimator.learning_decay),
        learning_offset=check_real("learning_offset", estimator.learning_offset, at_least=0.0),
        verbose=_check_verbose(estimator.verbose),
        verbose_interval=check_positive_int("verbose_interval", estimator.verbose_interval),
        callback=_check_callback(estimator.callback),
        progress=_check_flag("progress", estimator.progress),
        num_threads=resolve_num_threads(estimator.num_threads),
    )


def _check_reg_covar(value: object) -> float | Literal["auto"]:
    if isinstance(value, str):
        if value != "auto":
            raise ParameterError(f"reg_covar must be 'auto' or a finite number of at least 0, but is {value!r}")
        return "auto"
    return check_real("reg_covar", value, at_least=0.0)


def _check_acceleration(value: object) -> Literal["squarem"] | None:
    if value is None or value == "squarem":
        return value
    raise ParameterError(f"acceleration must be None or 'squarem', but is {value!r}")


def _check_decay(value: object) -> float:
    decay = check_real("learning_decay", value, at_least=0.0)
    if decay > 1.0:
        raise ParameterError(f"learning_decay must be a number from 0 to 1, but is {value!r}")
    return decay


def _check_flag(name: str, value: object) -> bool:
    # NumPy's booleans, and 0 and 1, are welcome, as in scikit-learn.
    if not (isinstance(value, bool | int | np.bool_ | np.integer) and value in (0, 1)):
        raise ParameterError(f"{name} must be True or False, but is {value!r}")
    return bool(value)


def _check_verbose(value: object) -> int:
    return int(value) if isinstance(value, bool) else check_count("verbose", value, at_least=0)


def _check_callback(value: object) -> Callable[[int, float], object] | None:
    if value is None or callable(value):
        return value
    raise ParameterError(f"callback must be None or a function of (iteration, lower_bound), but is {value!r}")
