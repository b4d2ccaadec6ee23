"""What a mixture says of rows: labels, probabilities, densities, information criteria.

Rows are evaluated with `weights_`, `means_` and `precisions_cholesky_`, as scikit-learn does: users set them by hand.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmm_rs import _core
from gmm_rs._threads import resolve_num_threads
from gmm_rs._validation import Float64Array, FloatArray, check_data
from gmm_rs.exceptions import DimensionError
from gmm_rs.mixture._features import check_feature_names
from gmm_rs.mixture._fitted import FittedMixture, as_float64
from gmm_rs.mixture._row_knowledge import check_class_prior, check_sample_weight

_Values = TypeVar("_Values", bound=NDArray[Any])


class EvaluatedMixture(FittedMixture):
    """The methods of a mixture that evaluate rows."""

    def predict(self, X: ArrayLike, class_prior: ArrayLike | None = None) -> NDArray[np.int64]:
        """The most probable component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        class_prior : array-like of shape (n_samples, n_components), optional
            Prior probabilities of the components for each row, up to a factor; see `fit`.

        Returns
        -------
        ndarray of shape (n_samples,), int64

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        return self._evaluated(_core.predict, self._check_rows(X), class_prior)

    def predict_proba(self, X: ArrayLike, class_prior: ArrayLike | None = None) -> FloatArray:
        """Probability of each component for each row, the responsibilities of EM.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        class_prior : array-like of shape (n_samples, n_components), optional
            Prior probabilities of the components for each row, up to a factor; see `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Rows sum to 1. Float32 if `X` and the parameters are, otherwise float64.

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        rows = self._check_rows(X)
        return self._as_given(rows, self._evaluated(_core.predict_proba, rows, class_prior))

    def predict_log_proba(self, X: ArrayLike, class_prior: ArrayLike | None = None) -> FloatArray:
        """Logarithm of the probability of each component for each row, in nats.

        It is exact where the probability itself is too small for a float.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        class_prior : array-like of shape (n_samples, n_components), optional
            Prior probabilities of the components for each row, up to a factor; see `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Float32 if `X` and the parameters are, otherwise float64.

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        rows = self._check_rows(X)
        log_prior = check_class_prior(class_prior, len(rows), len(self.means_))
        weights, means = self._weights_and_means()
        factors = as_float64(self.precisions_cholesky_)
        shared = self._covariance_type() == "tied"
        terms = np.empty((len(rows), len(means)))
        for k in range(len(means)):  # a mixture of one component gives its density
            terms[:, k] = _core.score_samples(
                rows,
                np.ones(1),
                means[k : k + 1],
                precisions_cholesky=factors if shared else factors[k : k + 1],
                covariance_type=self._covariance_type(),
                log_prior=None,
                num_threads=resolve_num_threads(self.num_threads),
            )
        with np.errstate(divide="ignore"):
            terms += np.log(weights)
        if log_prior is not None:
            terms += log_prior
        return self._as_given(rows, terms - np.logaddexp.reduce(terms, axis=1, keepdims=True))

    def score_samples(self, X: ArrayLike, class_prior: ArrayLike | None = None) -> FloatArray:
        """Log-density of each row under the mixture, in nats.

        log p(x_n) = log Σ_k weights_k p_nk N(x_n; means_k, covariances_k), with p_nk = 1 but for a `class_prior`

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        class_prior : array-like of shape (n_samples, n_components), optional
            p_nk after each row has been divided by its largest entry: equal numbers change nothing, and a row with one
            positive number, a label, gives the joint density of row and label.

        Returns
        -------
        ndarray of shape (n_samples,)
            Float32 if `X` and the parameters are, otherwise float64.

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        rows = self._check_rows(X)
        return self._as_given(rows, self._evaluated(_core.score_samples, rows, class_prior))

    def score(
        self,
        X: ArrayLike,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        class_prior: ArrayLike | None = None,
    ) -> float:
        """Mean log-density of the rows, in nats.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : object
            Not used.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts.
        class_prior : array-like of shape (n_samples, n_components), optional
            See `score_samples`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        rows = self._check_rows(X)
        weights = check_sample_weight(sample_weight, len(rows))
        return float(np.average(self._evaluated(_core.score_samples, rows, class_prior), weights=weights))

    def aic(self, X: ArrayLike, sample_weight: ArrayLike | None = None, class_prior: ArrayLike | None = None) -> float:
        """Akaike's information criterion, −2 log p(X) + 2 `n_parameters_`; the lower the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts.
        class_prior : array-like of shape (n_samples, n_components), optional
            See `score_samples`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError

        References
        ----------
        H. Akaike, "A new look at the statistical model identification", IEEE Transactions on Automatic Control 19,
        1974.
        """
        rows = self._check_rows(X)
        deviance, _ = self._deviance(rows, sample_weight, class_prior)
        return deviance + 2.0 * self.n_parameters_

    def bic(self, X: ArrayLike, sample_weight: ArrayLike | None = None, class_prior: ArrayLike | None = None) -> float:
        """Bayesian information criterion, −2 log p(X) + `n_parameters_` log n_samples; the lower the better.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts; their sum takes the place of n_samples.
        class_prior : array-like of shape (n_samples, n_components), optional
            See `score_samples`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError

        References
        ----------
        G. Schwarz, "Estimating the dimension of a model", Annals of Statistics 6, 1978.
        """
        return self._bic(self._check_rows(X), sample_weight, class_prior)

    def icl(self, X: ArrayLike, sample_weight: ArrayLike | None = None, class_prior: ArrayLike | None = None) -> float:
        """Integrated completed likelihood: `bic` plus twice the entropy of the responsibilities; the lower the better.

        It prefers components that are clusters, apart from each other: ICL = BIC − 2 Σ_nk r_nk log r_nk.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts.
        class_prior : array-like of shape (n_samples, n_components), optional
            See `score_samples`.

        Returns
        -------
        float
            With the sign and scale of `bic`, which is −2 times that of the source.

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError

        References
        ----------
        C. Biernacki, G. Celeux and G. Govaert, "Assessing a mixture model for clustering with the integrated completed
        likelihood", IEEE Transactions on Pattern Analysis and Machine Intelligence 22, 2000.
        """
        rows = self._check_rows(X)
        resp = self._evaluated(_core.predict_proba, rows, class_prior)
        of_rows = entropies(resp)
        weights = check_sample_weight(sample_weight, len(rows))
        entropy = float(of_rows.sum() if weights is None else weights @ of_rows)
        return self._bic(rows, sample_weight, class_prior) + 2.0 * entropy

    def _check_rows(self, X: object) -> FloatArray:
        self._check_fitted()
        name, n_features = type(self).__name__, self.means_.shape[1]
        check_feature_names(X, getattr(self, "feature_names_in_", None), estimator=name)
        rows = check_data(X, what="X")
        if rows.shape[1] != n_features:
            raise DimensionError(
                f"X has {rows.shape[1]} features, but {name} is expecting {n_features} features as input"
            )
        return rows

    def _evaluated(self, evaluate: Callable[..., _Values], rows: FloatArray, class_prior: object) -> _Values:
        """What a function of the engine says of the rows under this mixture."""
        return evaluate(
            rows,
            *self._weights_and_means(),
            precisions_cholesky=as_float64(self.precisions_cholesky_),
            covariance_type=self._covariance_type(),
            log_prior=check_class_prior(class_prior, len(rows), len(self.means_)),
            num_threads=resolve_num_threads(self.num_threads),
        )

    def _bic(self, rows: FloatArray, sample_weight: object, class_prior: object) -> float:
        deviance, total = self._deviance(rows, sample_weight, class_prior)
        return deviance + self.n_parameters_ * float(np.log(total))

    def _deviance(self, rows: FloatArray, sample_weight: object, class_prior: object) -> tuple[float, float]:
        """−2 log-likelihood, and how often all rows together count."""
        weights = check_sample_weight(sample_weight, len(rows))
        log_densities = self._evaluated(_core.score_samples, rows, class_prior)
        if weights is None:
            return -2.0 * float(log_densities.sum()), float(len(rows))
        return -2.0 * float(weights @ log_densities), float(weights.sum())

    def _as_given(self, rows: FloatArray, values: Float64Array) -> FloatArray:
        """Values in the dtype of rows and parameters."""
        return values.astype(np.result_type(rows, self.means_), copy=False)


def entropies(resp: NDArray[Any]) -> NDArray[Any]:
    """Entropy of each row of probabilities (n_samples, n_components), in nats.

    Examples
    --------
    >>> entropies(np.array([[1.0, 0.0], [0.5, 0.5]])) / np.log(2)
    array([-0.,  1.])
    """
    return np.asarray(-(resp * np.log(resp, where=resp > 0.0, out=np.zeros_like(resp))).sum(axis=1))
