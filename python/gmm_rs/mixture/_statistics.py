"""Sufficient statistics: all that an M-step needs to know of rows, as arrays that add up.

About an anchor c_k for each component, with the responsibilities r_nk of a mixture for rows of weight w_n,

    zeroth_k = Σ_n w_n r_nk,  first_k = Σ_n w_n r_nk (x_n − c_k),  second_k = Σ_n w_n r_nk (x_n − c_k)(x_n − c_k)ᵀ

(Bishop 2006, eqs. 9.24–9.27, shifted). The anchors are the means of the mixture, so that no digits are lost however far
the data are from the origin.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import numpy as np
from numpy.typing import ArrayLike

from gmm_rs import _core
from gmm_rs._threads import resolve_num_threads
from gmm_rs._validation import Float64Array, check_count, check_float64, check_real
from gmm_rs.exceptions import DimensionError, ParameterError
from gmm_rs.mixture._arrays import moments_shape
from gmm_rs.mixture._evaluation import EvaluatedMixture
from gmm_rs.mixture._fitted import as_float64
from gmm_rs.mixture._row_knowledge import check_class_prior, check_sample_weight
from gmm_rs.mixture._settings import CovarianceType, check_covariance_type
from gmm_rs.mixture._statistics_bytes import pack, unpack

if TYPE_CHECKING:
    from gmm_rs.mixture._gaussian_mixture import GaussianMixture


@dataclass(frozen=True, eq=False)
class SufficientStats:
    """What rows say of the parameters of a mixture: one E-step, as arrays that add up.

    An iteration of EM is `from_rows`, a sum over pieces of the data, and `to_model`. The pieces may be read one after
    the other or be on different machines: `to_bytes` and `from_bytes` carry statistics from one to another.

    Parameters
    ----------
    covariance_type : {"full", "tied", "diag", "spherical"}
        Of the mixture.
    anchors : array-like of shape (n_components, n_features)
        What moments are about: the means of the mixture.
    zeroth : array-like of shape (n_components,)
        How many rows, in expectation, each component has: the sum of the responsibilities.
    first : array-like of shape (n_components, n_features)
        Sum of the differences from the anchor, times the responsibility.
    second : array-like
        Sum of the outer products of these differences, times the responsibility: of shape (n_components, n_features,
        n_features) for "full"; its sum over components, (n_features, n_features), for "tied"; its diagonals,
        (n_components, n_features), for "diag" and "spherical".
    log_likelihood : float
        Sum of the log-densities of the rows under the mixture, in nats.
    n_rows : int
        How many rows have been read.

    Raises
    ------
    ParameterError, DimensionError
        If the shapes disagree, an entry is not finite, or one of `zeroth` is negative.

    See Also
    --------
    gmm_rs.GaussianMixture.partial_fit : learns from pieces that are seen once.

    Examples
    --------
    >>> import numpy as np
    >>> from gmm_rs import GaussianMixture, SufficientStats
    >>> X = np.array([[-1.0], [1.0], [8.0], [10.0]])
    >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], "spherical")
    >>> pieces = [SufficientStats.from_rows(mixture, X[:2]), SufficientStats.from_rows(mixture, X[2:])]
    >>> total = sum(pieces)
    >>> total.zeroth.round(3), total.n_rows
    (array([2., 2.]), 4)
    >>> total.to_model().means_.round(3)
    array([[0.],
           [9.]])
    """

    covariance_type: CovarianceType
    anchors: Float64Array
    zeroth: Float64Array
    first: Float64Array
    second: Float64Array
    log_likelihood: float
    n_rows: int

    def __post_init__(self) -> None:
        """Check all parts, and keep copies that cannot be written to."""
        covariance_type = check_covariance_type(self.covariance_type)
        shape = np.shape(self.anchors)
        if len(shape) != 2 or 0 in shape:
            raise DimensionError(f"anchors must have the shape (n_components, n_features), but have {shape}")
        shapes = {
            "anchors": shape,
            "zeroth": shape[:1],
            "first": shape,
            "second": moments_shape(covariance_type, *shape),
        }
        for name, needed in shapes.items():
            object.__setattr__(self, name, _checked(name, getattr(self, name), needed))
        if self.zeroth.min() < 0.0:
            raise ParameterError(f"zeroth must not be negative, but has the entry {self.zeroth.min():g}")
        object.__setattr__(self, "log_likelihood", check_real("log_likelihood", self.log_likelihood))
        object.__setattr__(self, "n_rows", check_count("n_rows", self.n_rows, at_least=0))

    @classmethod
    def from_rows(
        cls,
        model: EvaluatedMixture,
        X: ArrayLike,
        sample_weight: ArrayLike | None = None,
        class_prior: ArrayLike | None = None,
        num_threads: int | None = None,
    ) -> Self:
        """Statistics of rows under a mixture: one pass over them, with the memory of the result.

        Parameters
        ----------
        model : GaussianMixture
            Fitted, or made from parameters.
        X : array-like of shape (n_samples, n_features)
            Float32 is read as it is, anything else as float64; sums are float64.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts.
        class_prior : array-like of shape (n_samples, n_components), optional
            Prior probabilities of the components for each row, up to a factor; see `GaussianMixture.fit`.
        num_threads : int, optional
            Default: that of `model`.

        Returns
        -------
        SufficientStats

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError

        Examples
        --------
        >>> from gmm_rs import GaussianMixture, SufficientStats
        >>> mixture = GaussianMixture.from_parameters([1.0], [[2.0]], [3.0], "spherical")
        >>> SufficientStats.from_rows(mixture, [[1.0], [4.0]]).second  # (1 − 2)² + (4 − 2)²
        array([[5.]])
        """
        if not isinstance(model, EvaluatedMixture):
            raise ParameterError(f"model must be a gmm_rs.GaussianMixture, but is {model!r}")
        rows = model._check_rows(X)
        weights, means = model._weights_and_means()
        moments = _core.statistics(
            rows,
            weights,
            means,
            as_float64(model.precisions_cholesky_),
            covariance_type=model._covariance_type(),
            sample_weight=check_sample_weight(sample_weight, len(rows)),
            log_prior=check_class_prior(class_prior, len(rows), len(means)),
            num_threads=resolve_num_threads(model.num_threads if num_threads is None else num_threads),
        )
        return cls(covariance_type=model._covariance_type(), anchors=means, n_rows=len(rows), **moments)

    @classmethod
    def from_model(cls, model: EvaluatedMixture) -> Self:
        """What a mixture itself says of its rows: the statistics of weight 1 that lead to its parameters.

        Their log-likelihood and number of rows are 0.

        Parameters
        ----------
        model : GaussianMixture

        Returns
        -------
        SufficientStats

        Raises
        ------
        NotFittedError

        Examples
        --------
        >>> from gmm_rs import GaussianMixture, SufficientStats
        >>> mixture = GaussianMixture.from_parameters([1.0], [[2.0]], [3.0], "spherical")
        >>> SufficientStats.from_model(mixture).to_model(reg_covar=0.0).covariances_
        array([3.])
        """
        model._check_fitted()
        covariance_type = model._covariance_type()
        weights, means = model._weights_and_means()
        covariances = as_float64(model.covariances_)
        counts = weights.sum() if covariance_type == "tied" else weights
        second = (counts * covariances.T).T
        if covariance_type == "spherical":
            second = np.repeat(second[:, None], means.shape[1], axis=1)
        return cls(
            covariance_type=covariance_type,
            anchors=means,
            zeroth=weights,
            first=np.zeros_like(means),
            second=second,
            log_likelihood=0.0,
            n_rows=0,
        )

    @property
    def total_weight(self) -> float:
        """How often all rows together count; their number, without weights."""
        return float(self.zeroth.sum())

    def add(self, other: object) -> "SufficientStats":
        """The statistics of these rows and others; ``+`` and ``sum`` are the same.

        Parameters
        ----------
        other : SufficientStats
            Of the same mixture.

        Returns
        -------
        SufficientStats

        Raises
        ------
        ParameterError, DimensionError
            If they are of mixtures that differ; the message says in what. `about` changes anchors.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture, SufficientStats
        >>> mixture = GaussianMixture.from_parameters([1.0], [[2.0]], [3.0], "spherical")
        >>> one, two = (SufficientStats.from_rows(mixture, rows) for rows in ([[1.0]], [[4.0], [6.0]]))
        >>> one.add(two).first
        array([[5.]])
        """
        if not isinstance(other, SufficientStats):
            raise ParameterError(f"only SufficientStats can be added to SufficientStats, but {other!r} was given")
        if self.covariance_type != other.covariance_type:
            raise ParameterError(
                f"statistics of covariance_type {self.covariance_type!r} and {other.covariance_type!r} cannot be added"
            )
        if self.anchors.shape != other.anchors.shape:
            raise DimensionError(
                f"statistics with anchors of the shapes {self.anchors.shape} and {other.anchors.shape} cannot be "
                f"added: both must be of one mixture"
            )
        differ = np.flatnonzero((self.anchors != other.anchors).any(axis=1))
        if differ.size:
            k = int(differ[0])
            raise ParameterError(
                f"statistics about different anchors cannot be added: that of component {k} is {self.anchors[k]} in "
                f"one and {other.anchors[k]} in the other. Take both from one model, or use about() first"
            )
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in _SUMS})

    def __add__(self, other: object) -> "SufficientStats":
        """Statistics of the rows of both; see `add`."""
        return self.add(other) if isinstance(other, SufficientStats) else NotImplemented

    def __radd__(self, other: object) -> "SufficientStats":
        """These statistics: the first step of ``sum``, which starts with 0."""
        return self if isinstance(other, int) and other == 0 else NotImplemented

    def scaled(self, factor: float) -> "SufficientStats":
        """The statistics of the same rows, each counting `factor` times as often.

        Parameters
        ----------
        factor : float
            At least 0.

        Returns
        -------
        SufficientStats

        Raises
        ------
        ParameterError

        Examples
        --------
        >>> from gmm_rs import GaussianMixture, SufficientStats
        >>> mixture = GaussianMixture.from_parameters([1.0], [[2.0]], [3.0], "spherical")
        >>> SufficientStats.from_rows(mixture, [[1.0], [4.0]]).scaled(0.5).zeroth
        array([1.])
        """
        number = check_real("factor", factor, at_least=0.0)
        return replace(self, **{name: number * getattr(self, name) for name in _SUMS if name != "n_rows"})

    def about(self, anchors: ArrayLike) -> "SufficientStats":
        """The statistics of the same rows about other anchors.

        With δ_k from the old anchor to the new one,

            first′ = first − zeroth δ,  second′ = second − first′ δᵀ − δ firstᵀ

        Of δ that are s standard deviations long, this costs 2 log₁₀ s of the 16 digits of the second moments.

        Parameters
        ----------
        anchors : array-like of shape (n_components, n_features)

        Returns
        -------
        SufficientStats

        Raises
        ------
        ParameterError, DimensionError

        Examples
        --------
        >>> from gmm_rs import GaussianMixture, SufficientStats
        >>> mixture = GaussianMixture.from_parameters([1.0], [[2.0]], [3.0], "spherical")
        >>> SufficientStats.from_rows(mixture, [[1.0], [4.0]]).about([[1.0]]).second
        array([[9.]])
        """
        new = _checked("anchors", anchors, self.anchors.shape)
        first, second = _core.recentre(
            self.anchors, self.zeroth, self.first, self.second, new, covariance_type=self.covariance_type
        )
        return replace(self, anchors=new, first=first, second=second)

    def to_model(self, reg_covar: float | str | ArrayLike = "auto", **parameters: Any) -> "GaussianMixture":
        """The mixture of the highest expected likelihood: the M-step of a fit.

        After one pass over all data, in whatever pieces, this is what one iteration of `GaussianMixture.fit` gives, up
        to rounding and, with ``reg_covar="auto"``, to far outliers.

        Parameters
        ----------
        reg_covar : "auto", float or array-like of shape (n_features,)
            What is added to every variance: a number, one for each feature, or 1e-6 of the feature's variance. That is
            taken from the statistics, as the mean variance within components plus the variance of their means

                (Σ_k second_kdd about x̄) / Σ_k zeroth_k,  x̄ = Σ_k (zeroth_k anchor_k + first_k) / Σ_k zeroth_k

            while a fit, which sees the rows, leaves far outliers out of it. A constant feature counts as if it had the
            mean variance of the others.
        **parameters
            Of the constructor of the mixture: what its next `fit` or `partial_fit` shall use.

        Returns
        -------
        GaussianMixture

        Raises
        ------
        ParameterError
            If `reg_covar` is out of its domain, or there are no rows.
        DegenerateCovarianceError
            If a covariance is singular, which `reg_covar` prevents; the component is named.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture, SufficientStats
        >>> mixture = GaussianMixture.from_parameters([1.0], [[2.0]], [3.0], "spherical")
        >>> SufficientStats.from_rows(mixture, [[1.0], [4.0]]).to_model(reg_covar=0.0).covariances_
        array([2.25])
        """
        from gmm_rs.mixture._gaussian_mixture import GaussianMixture

        ridge = self._ridge(reg_covar)
        model = GaussianMixture(len(self.zeroth), covariance_type=self.covariance_type)
        if not isinstance(ridge, np.ndarray):
            model.set_params(reg_covar=ridge)
        model.set_params(**parameters)
        model._set_mixture(*self._maximised(ridge))
        return model

    def to_bytes(self) -> bytes:
        """The statistics as bytes, for a file or another machine; `from_bytes` reads them.

        Returns
        -------
        bytes
            A header with a version, then the arrays in float64; of symmetric matrices the lower triangle.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture, SufficientStats
        >>> mixture = GaussianMixture.from_parameters([1.0], [[2.0]], [3.0], "spherical")
        >>> type(SufficientStats.from_rows(mixture, [[1.0], [4.0]]).to_bytes())
        <class 'bytes'>
        """
        return pack(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The statistics that `to_bytes` has written. Nothing in the bytes is executed.

        Parameters
        ----------
        data : bytes

        Returns
        -------
        SufficientStats

        Raises
        ------
        ParameterError
            If the bytes are something else, damaged or of an unknown version.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture, SufficientStats
        >>> mixture = GaussianMixture.from_parameters([1.0], [[2.0]], [3.0], "spherical")
        >>> data = SufficientStats.from_rows(mixture, [[1.0], [4.0]]).to_bytes()
        >>> SufficientStats.from_bytes(data).second
        array([[5.]])
        """
        return cls(**unpack(data))

    def _ridge(self, reg_covar: object) -> float | Float64Array | Literal["auto"]:
        if isinstance(reg_covar, str) and reg_covar == "auto":
            return "auto"
        if isinstance(reg_covar, str) or np.ndim(cast(Any, reg_covar)) == 0:
            return check_real("reg_covar", reg_covar, at_least=0.0)
        return _checked("reg_covar", reg_covar, self.anchors.shape[1:])

    def _maximised(
        self, reg_covar: float | Float64Array | Literal["auto"]
    ) -> tuple[Float64Array, Float64Array, Float64Array]:
        """Weights, means and covariances that follow, all float64."""
        return _core.maximise(
            self.anchors,
            self.zeroth,
            self.first,
            self.second,
            covariance_type=self.covariance_type,
            reg_covar=reg_covar,
        )


_SUMS = ("zeroth", "first", "second", "log_likelihood", "n_rows")
"""What adds up."""


def _checked(name: str, value: object, shape: tuple[int, ...]) -> Float64Array:
    """A copy of an array of the statistics, not to be written to."""
    array = np.array(check_float64(name, value))
    if array.shape != shape:
        raise DimensionError(f"{name} must have the shape {shape}, but have {array.shape}")
    if not np.isfinite(array).all():
        raise ParameterError(f"{name} must be finite, but hold NaN or infinity")
    array.setflags(write=False)
    return array
