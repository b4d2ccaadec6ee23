"""What a mixture says of Dask collections: rows as lazy collections, criteria as numbers."""

from typing import Any

import numpy as np

from gmm_rs.dask._collections import check_collection, engine_dtype, is_dask
from gmm_rs.dask._over_partitions import mapped, summed
from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture import GaussianMixture as LocalMixture
from gmm_rs.mixture._criteria import Sums
from gmm_rs.mixture._features import check_feature_names


class DaskEvaluatedMixture(LocalMixture):
    """The methods that evaluate rows, of Dask collections too."""

    def predict(self, X: Any, class_prior: Any = None, *, out: Any = None) -> Any:
        """The most probable component of each row.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like, of shape (n_samples, n_features)
        class_prior : array-like, optional
        out : path-like, optional
            Both for data in memory only: a collection has methods that write it, such as ``to_parquet``.

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
            return super().predict(X, class_prior, out=out)
        return self._mapped(X, class_prior, out, LocalMixture.predict, np.dtype(np.int64))

    def predict_proba(self, X: Any, class_prior: Any = None, *, out: Any = None) -> Any:
        """Probability of each component for each row, the responsibilities of EM.

        Parameters
        ----------
        X, class_prior, out
            See `predict`.

        Returns
        -------
        dask.array.Array, dask.dataframe.DataFrame or ndarray, of shape (n_samples, n_components)

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().predict_proba(X, class_prior, out=out)
        return self._mapped(X, class_prior, out, LocalMixture.predict_proba, n_outputs=self._n_outputs())

    def predict_log_proba(self, X: Any, class_prior: Any = None, *, out: Any = None) -> Any:
        """Logarithm of the probability of each component for each row, in nats.

        Parameters
        ----------
        X, class_prior, out
            See `predict`.

        Returns
        -------
        dask.array.Array, dask.dataframe.DataFrame or ndarray, of shape (n_samples, n_components)

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().predict_log_proba(X, class_prior, out=out)
        return self._mapped(X, class_prior, out, LocalMixture.predict_log_proba, n_outputs=self._n_outputs())

    def score_samples(self, X: Any, class_prior: Any = None, *, out: Any = None) -> Any:
        """Log-density of each row under the mixture, in nats.

        Parameters
        ----------
        X, class_prior, out
            See `predict`.

        Returns
        -------
        dask.array.Array, dask.dataframe.Series or ndarray, of shape (n_samples,)

        Raises
        ------
        NotFittedError, DimensionError, ParameterError, NonFiniteError
        """
        if not is_dask(X):
            return super().score_samples(X, class_prior, out=out)
        return self._mapped(X, class_prior, out, LocalMixture.score_samples)

    def _mapped(
        self,
        X: Any,
        class_prior: object,
        out: object,
        evaluate: Any,
        dtype: np.dtype[Any] | None = None,
        *,
        n_outputs: int | None = None,
    ) -> Any:
        if out is not None:
            raise ParameterError("out is for data in memory: write a Dask collection with its own methods")
        refuse_class_prior(class_prior)
        rows = self._check_data(X)
        if dtype is None:
            dtype = np.result_type(engine_dtype(rows), self.means_)
        return mapped(rows, evaluate, self._for_workers(), dtype, n_outputs)

    def _sums(self, rows: Any, sample_weight: object, class_prior: object, *, with_entropy: bool = False) -> Sums:
        if not is_dask(rows):
            return super()._sums(rows, sample_weight, class_prior, with_entropy=with_entropy)
        refuse_class_prior(class_prior)
        return summed(rows, self._for_workers(), sample_weight, with_entropy=with_entropy)

    def _check_data(self, X: Any) -> Any:
        if not is_dask(X):
            return super()._check_data(X)
        self._check_fitted()
        rows = check_collection(X)
        check_feature_names(X, getattr(self, "feature_names_in_", None), estimator=type(self).__name__)
        self._check_n_features(rows.shape[1])
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
