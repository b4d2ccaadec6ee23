"""A mixture as a distribution: what can be drawn from it, and what it says of some features given others."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmm_rs import _core
from gmm_rs._threads import resolve_num_threads
from gmm_rs._validation import Float64Array, check_count, check_indices, resolve_seed
from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture._conditional import ConditionalMixtures, check_query
from gmm_rs.mixture._fitted import FittedMixture, as_float64


class DistributionMixture(FittedMixture):
    """The methods of a mixture that draw, marginalise and condition."""

    def sample(
        self,
        n_samples: int = 1,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
    ) -> tuple[Float64Array, NDArray[np.int64]]:
        """Draw rows from the mixture.

        Parameters
        ----------
        n_samples : int
        random_state : int, numpy.random.Generator, numpy.random.RandomState or None
            Where the numbers come from. None stands for the estimator's own `random_state`: if that is an int, each
            call gives the same rows, as in scikit-learn; if it is a generator or None, each call gives others.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features), float64
            Sorted by component.
        y : ndarray of shape (n_samples,), int64
            The component that each row was drawn from.

        Raises
        ------
        NotFittedError
        ParameterError
            If `n_samples` is not a positive integer.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [400.0]], [1.0, 1.0], "spherical")
        >>> X, y = mixture.sample(5, random_state=0)
        >>> X.shape, bool(((X[:, 0] > 200.0) == (y == 1)).all())
        ((5, 1), True)
        """
        self._check_fitted()
        try:
            check_count("n_samples", n_samples, at_least=1)
        except ParameterError as error:
            raise ParameterError(f"Invalid value for 'n_samples': {error}") from None
        return _core.sample(
            int(n_samples),
            *self._parameters(),
            covariance_type=self._covariance_type(),
            seed=resolve_seed(self.random_state if random_state is None else random_state),
            num_threads=resolve_num_threads(self.num_threads),
        )

    def marginal(self, indices: ArrayLike) -> Self:
        """The mixture of some of the features.

        Parameters
        ----------
        indices : array-like of shape (n_chosen,), int
            Which features, in the order that they shall have.

        Returns
        -------
        GaussianMixture

        Raises
        ------
        NotFittedError
        ParameterError
            If an index is out of range or there twice.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0, 7.0]], [[1.0, 4.0]], "diag")
        >>> mixture.marginal([1]).means_
        array([[7.]])
        """
        self._check_fitted()
        return self._make(
            *_core.marginal(check_indices(indices), *self._parameters(), covariance_type=self._covariance_type())
        )

    def conditional(self, indices: ArrayLike, values: ArrayLike) -> Self | ConditionalMixtures[Self]:
        """The mixture of the other features, given the values of some.

        Parameters
        ----------
        indices : array-like of shape (n_given,), int
            Which features are given.
        values : array-like of shape (n_given,) or (n_rows, n_given)
            Their values, in one row or in several.

        Returns
        -------
        GaussianMixture or ConditionalMixtures
            Of one row a mixture, of several rows a sequence of mixtures; the features keep their order.

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0, 7.0]], [[[1.0, 0.5], [0.5, 1.0]]])
        >>> mixture.conditional([0], [2.0]).means_
        array([[8.]])
        """
        self._check_fitted()
        query = check_query(indices, values)
        covariance_type = self._covariance_type()
        weights, means, covariances = _core.conditional(
            query.indices,
            query.values,
            *self._parameters(),
            covariance_type=covariance_type,
            num_threads=resolve_num_threads(self.num_threads),
        )
        mixtures = ConditionalMixtures(weights, means, covariances, covariance_type, self._make)
        return mixtures[0] if query.is_single else mixtures

    def predict_conditional_mean(
        self, indices: ArrayLike, values: ArrayLike, return_cov: bool = False
    ) -> Float64Array | tuple[Float64Array, Float64Array]:
        """The mean of the other features, given the values of some: regression with a mixture.

        Parameters
        ----------
        indices : array-like of shape (n_given,), int
            Which features are given.
        values : array-like of shape (n_given,) or (n_rows, n_given)
            Their values, in one row or in several.
        return_cov : bool
            Whether to return the covariance, too.

        Returns
        -------
        mean : ndarray of shape (n_remaining,) or (n_rows, n_remaining)
        covariance : ndarray of shape (n_remaining, n_remaining) or (n_rows, n_remaining, n_remaining)
            If asked for.

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0, 7.0]], [[[1.0, 0.5], [0.5, 1.0]]])
        >>> mixture.predict_conditional_mean([0], [[2.0], [0.0]])
        array([[8.],
               [7.]])
        """
        self._check_fitted()
        query = check_query(indices, values)
        mean, covariance = _core.conditional_mean(
            query.indices,
            query.values,
            *self._parameters(),
            covariance_type=self._covariance_type(),
            return_cov=return_cov,
            num_threads=resolve_num_threads(self.num_threads),
        )
        if covariance is None:
            return mean[0] if query.is_single else mean
        return (mean[0], covariance[0]) if query.is_single else (mean, covariance)

    def _parameters(self) -> tuple[Float64Array, Float64Array, Float64Array]:
        return *self._weights_and_means(), as_float64(self.covariances_)

    def _make(self, weights: Float64Array, means: Float64Array, covariances: Float64Array) -> Self:
        """A mixture of the same type and with the same settings, of other parameters."""
        made = type(self)().set_params(
            n_components=len(weights),
            covariance_type=self.covariance_type,
            random_state=self.random_state,
            num_threads=self.num_threads,
        )
        made._set_mixture(weights, means, covariances)
        return made
