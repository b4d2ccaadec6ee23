"""The fits of many data sets: a sequence of models, and stacked arrays."""

import copy
import operator
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmm_rs._validation import Float64Array, FloatArray
from gmm_rs.exceptions import DimensionError, GmmError
from gmm_rs.many._datasets import listed
from gmm_rs.mixture._arrays import covariances_shape
from gmm_rs.mixture._gaussian_mixture import GaussianMixture
from gmm_rs.mixture._settings import check_covariance_type

if TYPE_CHECKING:
    from gmm_rs._core import FitResult

_Key: TypeAlias = Literal["weights", "means", "covariances", "lower_bound", "n_iter", "converged"]
"""A part of each fit that has its place in an array."""


class Fitted(NamedTuple):
    """A fit, with the dtype of the data and the names of their columns."""

    result: "FitResult"
    dtype: np.dtype[Any]
    feature_names: NDArray[np.object_] | None


class MixtureFits(Sequence[GaussianMixture]):
    """The fits of many data sets.

    A sequence: an index gives the model of one data set, a fitted `GaussianMixture`; a slice gives a part of the
    sequence. The index of a data set whose fit failed raises the exception that says why. For all data sets at once
    there are the arrays, always float64, whose first axis is that of the data sets; they are NaN where a fit failed.

    Attributes
    ----------
    failures : dict of {int: str}
        Why fits failed, by index of the data set.
    seeds : ndarray of shape (n_sets,), uint64
        Seeds of the data sets: ``GaussianMixture(..., random_state=int(seeds[i]))`` repeats the fit of data set i.
    weights_ : ndarray of shape (n_sets, n_components)
        Mixing proportions.
    means_ : ndarray of shape (n_sets, n_components, n_features)
        Means. These and the covariances are there if all data sets have the same number of features.
    covariances_ : ndarray
        Of shape (n_sets, n_components, n_features, n_features) for "full", (n_sets, n_features, n_features) for "tied",
        (n_sets, n_components, n_features) for "diag", (n_sets, n_components) for "spherical".
    lower_bound_ : ndarray of shape (n_sets,)
        Mean log-likelihood of a row under the parameters that were found, in nats.
    n_iter_ : ndarray of shape (n_sets,), int64
        Number of iterations of the best start; 0 where the fit failed.
    converged_ : ndarray of shape (n_sets,), bool
        Whether the best start stopped because of `tol`; False where the fit failed.
    collapsed_ : dict of {int: list of int}
        Components whose covariance collapsed in every start and was regularised, by index of the data set.

    See Also
    --------
    gmm_rs.fit_many : makes it.

    Examples
    --------
    >>> from gmm_rs import fit_many
    >>> fits = fit_many([[[0.0], [2.0]], [[5.0], [9.0]], [[float("nan")]]], 1, random_state=0)
    >>> fits.means_.round(3).ravel(), list(fits.failures)
    (array([ 1.,  7., nan]), [2])
    >>> fits[1].predict([[6.0]])
    array([0])
    """

    def __init__(
        self,
        mixture: GaussianMixture,
        outcomes: list[Fitted | GmmError],
        seeds: NDArray[np.uint64],
        starts: tuple[Sequence[Any], ...],
    ) -> None:
        self._mixture, self._outcomes, self._starts = mixture, outcomes, starts
        self.seeds = seeds

    def __len__(self) -> int:
        """Number of data sets."""
        return len(self._outcomes)

    @overload
    def __getitem__(self, index: int) -> GaussianMixture: ...
    @overload
    def __getitem__(self, index: slice) -> "MixtureFits": ...
    def __getitem__(self, index: int | slice) -> "GaussianMixture | MixtureFits":
        """The model of a data set, or the fits of several."""
        if isinstance(index, slice):
            starts = tuple(given[index] for given in self._starts)
            return MixtureFits(self._mixture, self._outcomes[index], self.seeds[index], starts)
        place = operator.index(index)
        outcome = self._outcomes[place]
        if isinstance(outcome, GmmError):
            raise type(outcome)(f"data set {place % len(self)} has no fit: {outcome}")
        model = copy.copy(self._mixture)
        model.random_state = int(self.seeds[place])
        model.weights_init, model.means_init, model.precisions_init = (given[place] for given in self._starts)
        model._set_fit(outcome.result, outcome.dtype, outcome.feature_names)
        return model

    def __iter__(self) -> Iterator[GaussianMixture]:
        """The models, in order; at a data set whose fit failed, the exception that says why is raised."""
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        """Sizes, as the arrays are long."""
        return (
            f"<MixtureFits: {len(self)} data sets, {len(self.failures)} failed, "
            f"n_components={self._mixture.n_components}, covariance_type={self._mixture.covariance_type!r}>"
        )

    @cached_property
    def failures(self) -> dict[int, str]:
        """Why fits failed, by index of the data set."""
        return {i: str(outcome) for i, outcome in enumerate(self._outcomes) if isinstance(outcome, GmmError)}

    @cached_property
    def weights_(self) -> Float64Array:
        """Mixing proportions, shape (n_sets, n_components)."""
        return self._stacked("weights", (self._mixture.n_components,))

    @cached_property
    def means_(self) -> Float64Array:
        """Means, shape (n_sets, n_components, n_features)."""
        return self._stacked("means", (self._mixture.n_components, self._n_features("means_")))

    @cached_property
    def covariances_(self) -> Float64Array:
        """Covariances, an axis of length n_sets and those of `GaussianMixture`."""
        kind = check_covariance_type(self._mixture.covariance_type)
        n_features = self._n_features("covariances_")
        return self._stacked("covariances", covariances_shape(kind, self._mixture.n_components, n_features))

    @cached_property
    def lower_bound_(self) -> Float64Array:
        """Mean log-likelihood of a row, shape (n_sets,), in nats."""
        return self._stacked("lower_bound", ())

    @cached_property
    def n_iter_(self) -> NDArray[np.int64]:
        """Number of iterations, shape (n_sets,)."""
        return self._gathered("n_iter", np.zeros(len(self), dtype=np.int64))

    @cached_property
    def converged_(self) -> NDArray[np.bool_]:
        """Whether fits converged, shape (n_sets,)."""
        return self._gathered("converged", np.zeros(len(self), dtype=np.bool_))

    @cached_property
    def collapsed_(self) -> dict[int, list[int]]:
        """Components that collapsed, by index of the data set."""
        return {i: fit.result["collapsed"].tolist() for i, fit in self._fitted() if fit.result["collapsed"].size}

    def predict(self, datasets: Iterable[ArrayLike]) -> list[NDArray[np.int64] | None]:
        """The most probable component of each row of each data set.

        Parameters
        ----------
        datasets : list of array-like, or array-like of shape (n_sets, n_samples, n_features)
            One for each fit: those that were fitted, or others with the same features.

        Returns
        -------
        list of (ndarray of shape (n_samples,), int64, or None)
            None where the fit failed.

        Raises
        ------
        DimensionError, DataTypeError, ParameterError, NonFiniteError

        Examples
        --------
        >>> from gmm_rs import fit_many
        >>> datasets = [[[0.0], [2.0], [80.0]], [[5.0], [9.0], [70.0]]]
        >>> [labels == labels[0] for labels in fit_many(datasets, 2, random_state=0).predict(datasets)]
        [array([ True,  True, False]), array([ True,  True, False])]
        """
        return self._evaluated("predict", datasets)

    def predict_proba(self, datasets: Iterable[ArrayLike]) -> list[FloatArray | None]:
        """Probability of each component for each row of each data set.

        Parameters
        ----------
        datasets : list of array-like, or array-like of shape (n_sets, n_samples, n_features)
            One for each fit: those that were fitted, or others with the same features.

        Returns
        -------
        list of (ndarray of shape (n_samples, n_components) or None)
            None where the fit failed.

        Raises
        ------
        DimensionError, DataTypeError, ParameterError, NonFiniteError

        Examples
        --------
        >>> from gmm_rs import fit_many
        >>> datasets = [[[0.0], [2.0], [80.0]], [[5.0], [9.0], [70.0]]]
        >>> [resp.shape for resp in fit_many(datasets, 2, random_state=0).predict_proba(datasets)]
        [(3, 2), (3, 2)]
        """
        return self._evaluated("predict_proba", datasets)

    def _evaluated(self, method: Literal["predict", "predict_proba"], datasets: Iterable[ArrayLike]) -> list[Any]:
        sets = listed(datasets)
        if len(sets) != len(self):
            raise DimensionError(f"there are {len(sets)} data sets, but {len(self)} fits: one for each is needed")
        values: list[Any] = [None] * len(sets)
        for i, _ in self._fitted():
            try:
                values[i] = getattr(self[i], method)(sets[i])
            except GmmError as error:
                raise type(error)(f"data set {i}: {error}") from error
        return values

    def _fitted(self) -> Iterator[tuple[int, Fitted]]:
        return ((i, outcome) for i, outcome in enumerate(self._outcomes) if isinstance(outcome, Fitted))

    def _n_features(self, name: str) -> int:
        widths: set[int] = {fit.result["means"].shape[1] for _, fit in self._fitted()}
        if len(widths) != 1:
            found = f"these have {min(widths)} to {max(widths)}" if widths else "no fit succeeded"
            raise AttributeError(
                f"{name} is there only if all data sets have the same number of features, but {found}: "
                f"take it from each model"
            )
        return widths.pop()

    def _stacked(self, key: _Key, shape: tuple[int, ...]) -> Float64Array:
        return self._gathered(key, np.full((len(self), *shape), np.nan))

    def _gathered(self, key: _Key, into: NDArray[Any]) -> NDArray[Any]:
        """`into` with what the fits have under this key."""
        for i, fit in self._fitted():
            into[i] = fit.result[key]
        return into
