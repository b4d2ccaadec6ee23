"""What a mixture says of Dask collections: rows as lazy collections, criteria as numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs.dask._collections import RowCollection, check_collection, engine_dtype, is_dask
from gmm_rs.dask._over_partitions import mapped, weighted_sums
from gmm_rs.exceptions import DimensionError, ParameterError
from gmm_rs.mixture import GaussianMixture as LocalMixture
from gmm_rs.mixture._evaluation import entropies
from gmm_rs.mixture._features import check_feature_names


class DaskEvaluatedMixture(LocalMixture):
    """The methods that evaluate rows, of Dask collections too."""

    def predict(self, X: Any, class_prior: Any = None) -> Any:
        """The most probable component of each row.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like, of shape (n_samples, n_features)
        class_prior : array-like, optional
            For arrays in memory only.

        Returns
        -------
        dask.array.Array, dask.dataframe.Series or ndarray, of shape (n_samples,), int64
            A collection is lazy: nothing is computed yet.

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
            The last one when the collection is computed.
        """
        if not is_dask(X):
            return super().predict(X, class_prior)
        return self._mapped(X, class_prior, LocalMixture.predict, np.dtype(np.int64))

    def predict_proba(self, X: Any, class_prior: Any = None) -> Any:
        """Probability of each component for each row, the responsibilities of EM.

        Parameters
        ----------
        X, class_prior
            See `predict`.

        Returns
        -------
        dask.array.Array, dask.dataframe.DataFrame or ndarray, of shape (n_samples, n_components)

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().predict_proba(X, class_prior)
        return self._mapped(X, class_prior, LocalMixture.predict_proba, n_outputs=self._n_outputs())

    def predict_log_proba(self, X: Any, class_prior: Any = None) -> Any:
        """Logarithm of the probability of each component for each row, in nats.

        Parameters
        ----------
        X, class_prior
            See `predict`.

        Returns
        -------
        dask.array.Array, dask.dataframe.DataFrame or ndarray, of shape (n_samples, n_components)

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().predict_log_proba(X, class_prior)
        return self._mapped(X, class_prior, LocalMixture.predict_log_proba, n_outputs=self._n_outputs())

    def score_samples(self, X: Any, class_prior: Any = None) -> Any:
        """Log-density of each row under the mixture, in nats.

        Parameters
        ----------
        X, class_prior
            See `predict`.

        Returns
        -------
        dask.array.Array, dask.dataframe.Series or ndarray, of shape (n_samples,)

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().score_samples(X, class_prior)
        return self._mapped(X, class_prior, LocalMixture.score_samples)

    def score(self, X: Any, y: object = None, sample_weight: Any = None, class_prior: Any = None) -> float:
        """Mean log-density of the rows, in nats.

        Parameters
        ----------
        X, y, sample_weight, class_prior
            See `fit`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().score(X, y, sample_weight, class_prior)
        total, log_likelihood = self._sums(X, sample_weight, class_prior, LocalMixture.score_samples)
        return log_likelihood / total

    def aic(self, X: Any, sample_weight: Any = None, class_prior: Any = None) -> float:
        """Akaike's information criterion, −2 log p(X) + 2 `n_parameters_`; the lower the better.

        Parameters
        ----------
        X, sample_weight, class_prior
            See `fit`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().aic(X, sample_weight, class_prior)
        _, log_likelihood = self._sums(X, sample_weight, class_prior, LocalMixture.score_samples)
        return 2.0 * (self.n_parameters_ - log_likelihood)

    def bic(self, X: Any, sample_weight: Any = None, class_prior: Any = None) -> float:
        """Bayesian information criterion, −2 log p(X) + `n_parameters_` log n_samples; the lower the better.

        Parameters
        ----------
        X, sample_weight, class_prior
            See `fit`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().bic(X, sample_weight, class_prior)
        total, log_likelihood = self._sums(X, sample_weight, class_prior, LocalMixture.score_samples)
        return self.n_parameters_ * float(np.log(total)) - 2.0 * log_likelihood

    def icl(self, X: Any, sample_weight: Any = None, class_prior: Any = None) -> float:
        """Integrated completed likelihood: `bic` plus twice the entropy of the responsibilities; the lower the better.

        Parameters
        ----------
        X, sample_weight, class_prior
            See `fit`.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().icl(X, sample_weight, class_prior)
        total, log_likelihood, entropy = self._sums(
            X, sample_weight, class_prior, LocalMixture.score_samples, _entropies
        )
        return self.n_parameters_ * float(np.log(total)) - 2.0 * log_likelihood + 2.0 * entropy

    def _mapped(
        self,
        X: Any,
        class_prior: object,
        evaluate: Any,
        dtype: np.dtype[Any] | None = None,
        *,
        n_outputs: int | None = None,
    ) -> Any:
        rows = self._check_rows_of(X, class_prior)
        if dtype is None:
            dtype = np.result_type(engine_dtype(rows), self.means_)
        return mapped(rows, evaluate, self._for_workers(), dtype, n_outputs)

    def _sums(self, X: Any, sample_weight: object, class_prior: object, *quantities: Any) -> list[float]:
        return weighted_sums(self._check_rows_of(X, class_prior), self._for_workers(), sample_weight, *quantities)

    def _check_rows_of(self, X: Any, class_prior: object) -> RowCollection:
        self._check_fitted()
        refuse_class_prior(class_prior)
        name, n_features = type(self).__name__, self.means_.shape[1]
        rows = check_collection(X)
        check_feature_names(X, getattr(self, "feature_names_in_", None), estimator=name)
        if rows.shape[1] != n_features:
            raise DimensionError(
                f"X has {rows.shape[1]} features, but {name} is expecting {n_features} features as input"
            )
        return rows

    def _n_outputs(self) -> int:
        self._check_fitted()
        return len(self.means_)

    def _for_workers(self) -> LocalMixture:
        """What evaluates one partition among many, each on a thread of its own."""
        model = LocalMixture(covariance_type=self.covariance_type, num_threads=1)
        for name in ("weights_", "means_", "precisions_cholesky_"):
            setattr(model, name, getattr(self, name))
        return model


def refuse_class_prior(class_prior: object) -> None:
    """Say that collections have none.

    Raises
    ------
    ParameterError
    """
    if class_prior is not None:
        raise ParameterError("class_prior is for arrays in memory, not for Dask collections: pass X.compute()")


def _entropies(model: LocalMixture, X: NDArray[Any]) -> NDArray[Any]:
    return entropies(model.predict_proba(X))
