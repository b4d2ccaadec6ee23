"""The prior that a fit starts from: Normal-inverse-Wishart for each component, Dirichlet for the weights."""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike

from gmm_rs._validation import Float64Array, check_real
from gmm_rs.exceptions import DimensionError, ParameterError


class PriorArguments(TypedDict):
    """The prior as keyword arguments of the Rust engine; None lets the engine derive a value from the data."""

    weight_concentration_prior: float | None
    mean_precision_prior: float
    mean_prior: Float64Array | None
    degrees_of_freedom_prior: float | None
    covariance_prior: Float64Array | None


@dataclass(frozen=True, eq=False)
class Prior:
    r"""What is believed about each component before the data are seen.

    Mean and covariance of a component have a Normal-inverse-Wishart prior,

    .. math:: \Sigma \sim \mathrm{IW}(S_0, \nu_0), \qquad \mu \mid \Sigma \sim \mathcal N(m_0, \Sigma / \kappa_0),

    and the weights have a symmetric Dirichlet prior. A fit finds the most probable parameters under prior and data
    (maximum a posteriori). The prior keeps the covariance of a small component positive definite, and an empty
    component at the prior mean, from where it can come back.

    Parameters
    ----------
    weight_concentration : float, optional
        Pseudo-count of rows that each component has before the data are seen: the Dirichlet parameter minus 1, at
        least 0. Default 1 / K: one row, shared by all components.
    mean_precision : float
        :math:`\kappa_0`: how many rows the prior mean counts for, above 0.
    mean : array-like of shape (n_features,), optional
        :math:`m_0`: the prior mean of every component. Default: the mean of the data, far outliers aside.
    degrees_of_freedom : float, optional
        :math:`\nu_0`: how many rows the prior covariance counts for, above ``n_features - 1``.
        Default ``n_features + 2``, the smallest whole number for which the prior has a mean covariance.
    covariance : array-like of shape (n_features, n_features), optional
        :math:`S_0`: the prior scatter, symmetric and positive definite. Default: diagonal, ``K**(-2 / n_features)``
        times the variance of each feature, which shares the volume of the data among the components [2]_. It follows
        the units of the data, so that data in other units cluster the same. Far outliers, more than three
        interquartile ranges beyond the quartiles and at most one row in a hundred, do not count.

    Raises
    ------
    ParameterError
        If a number is out of its domain or `covariance` is not symmetric and positive definite.
    DimensionError
        If `mean` or `covariance` have a wrong shape or do not fit each other.

    See Also
    --------
    gmm_rs.GMM : takes a prior as its parameter `prior`.

    Notes
    -----
    Model and updates follow [1]_, sections 4.6.3 and 11.4.2.8; that a prior of this kind keeps EM out of
    degenerate solutions is the finding of [2]_. The defaults are those of the GMM of Serket, apart from
    :math:`S_0`, which is :math:`0.1 I` there, whatever the unit of the data.

    References
    ----------
    .. [1] K. P. Murphy, "Machine Learning: A Probabilistic Perspective", MIT Press, 2012.
    .. [2] C. Fraley and A. E. Raftery, "Bayesian regularization for normal mixture estimation and model-based
       clustering", Journal of Classification 24, 2007.

    Examples
    --------
    A stronger belief that clusters are round and of a known size:

    >>> import numpy as np
    >>> from gmm_rs import Prior
    >>> prior = Prior(degrees_of_freedom=20, covariance=20 * np.eye(2))
    >>> prior.mean_precision
    1.0
    """

    weight_concentration: float | None = None
    mean_precision: float = 1.0
    mean: ArrayLike | None = None
    degrees_of_freedom: float | None = None
    covariance: ArrayLike | None = None

    def __post_init__(self) -> None:
        """Check what was given and keep copies of the arrays."""
        checked = {"mean_precision": check_real("mean_precision", self.mean_precision, above=0.0)}
        if self.weight_concentration is not None:
            checked["weight_concentration"] = check_real(
                "weight_concentration", self.weight_concentration, at_least=0.0
            )
        if self.degrees_of_freedom is not None:
            checked["degrees_of_freedom"] = check_real("degrees_of_freedom", self.degrees_of_freedom, above=0.0)
        arrays: dict[str, Float64Array] = {}
        if self.mean is not None:
            arrays["mean"] = _checked_mean(self.mean)
        if self.covariance is not None:
            arrays["covariance"] = _checked_covariance(self.covariance)
        for name, value in (checked | arrays).items():
            object.__setattr__(self, name, value)  # the way of a frozen dataclass to set its own fields
        for array in arrays.values():
            self.engine_arguments(n_features=len(array))

    def engine_arguments(self, n_features: int) -> PriorArguments:
        """Keyword arguments of the Rust engine for data with `n_features` columns.

        Raises
        ------
        DimensionError
            If `mean` or `covariance` is for another number of features.
        ParameterError
            If `degrees_of_freedom` is too small for that number.
        """
        mean = None if self.mean is None else np.asarray(self.mean, dtype=np.float64)
        covariance = None if self.covariance is None else np.asarray(self.covariance, dtype=np.float64)
        for name, array in (("mean", mean), ("covariance", covariance)):
            if array is not None and len(array) != n_features:
                raise DimensionError(
                    f"the prior's {name} is for {len(array)} features (shape {array.shape}), but there are {n_features}"
                )
        if self.degrees_of_freedom is not None and self.degrees_of_freedom <= n_features - 1:
            raise ParameterError(
                f"degrees_of_freedom must be above n_features - 1 = {n_features - 1}, "
                f"but is {self.degrees_of_freedom:g}"
            )
        return {
            "weight_concentration_prior": self.weight_concentration,
            "mean_precision_prior": self.mean_precision,
            "mean_prior": mean,
            "degrees_of_freedom_prior": self.degrees_of_freedom,
            "covariance_prior": covariance,
        }


def _checked_mean(value: ArrayLike) -> Float64Array:
    mean = _finite_array("mean", value)
    if mean.ndim != 1 or mean.size == 0:
        raise DimensionError(f"the prior's mean must have shape (n_features,), but has {mean.shape}")
    return mean


def _checked_covariance(value: ArrayLike) -> Float64Array:
    covariance = _finite_array("covariance", value)
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1] or covariance.size == 0:
        raise DimensionError(
            f"the prior's covariance must have shape (n_features, n_features), but has {covariance.shape}"
        )
    if not np.allclose(covariance, covariance.T, rtol=1e-9, atol=0.0):
        raise ParameterError("the prior's covariance must be symmetric: use (S + S.T) / 2")
    try:
        np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError as error:
        raise ParameterError(
            "the prior's covariance must be positive definite: a small multiple of the identity, added to it, helps"
        ) from error
    return covariance


def _finite_array(name: str, value: ArrayLike) -> Float64Array:
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"the prior's {name} must be an array of real numbers ({error})") from error
    if not np.isfinite(array).all():
        raise ParameterError(f"the prior's {name} must be finite")
    array.flags.writeable = False
    return array
