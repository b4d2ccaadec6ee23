"""The estimator over Dask collections, and its fit on the cluster."""

from os import PathLike
from typing import Any, Self

import numpy as np
from distributed import Client, get_client

from gmm_rs.dask._cluster import DaskCluster
from gmm_rs.dask._collections import check_collection, is_dask
from gmm_rs.dask._evaluation import DaskEvaluatedMixture, refuse_class_prior
from gmm_rs.dask._partitions import distinct_rows, loaded
from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture import GaussianMixture as LocalMixture
from gmm_rs.mixture._checkpoint import Checkpoint
from gmm_rs.mixture._data import check_distinct, check_enough_rows, check_float32_range
from gmm_rs.mixture._doubts import doubts_of
from gmm_rs.mixture._features import feature_names
from gmm_rs.mixture._settings import Settings
from gmm_rs.mixture._start import Start, check_start_kind


class GaussianMixture(DaskEvaluatedMixture):
    """Gaussian mixture of data on a Dask cluster.

    `gmm_rs.GaussianMixture` whose methods also take Dask arrays and data frames. A fit leaves their partitions on the
    workers, which answer each iteration's question with sums of K·D² numbers. The result is that of a fit of the same
    rows in memory: within rounding, and to the bit where all partitions but the last have a multiple of 49,152 rows.
    Given arrays in memory, all methods do what they do there.

    Parameters are those of `gmm_rs.GaussianMixture`, with these differences for Dask collections: `init_params` is the
    name of a kind of start, and `num_threads` is for each worker, by default as many as it has.

    See Also
    --------
    gmm_rs.GaussianMixture : parameters, attributes and all other methods.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from gmm_rs.dask import GaussianMixture
    >>> with Client(processes=False, dashboard_address="127.0.0.1:0") as client:
    ...     X = da.from_array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]], chunks=(3, 2))
    ...     mixture = GaussianMixture(n_components=2, random_state=0).fit(X)
    ...     labels = mixture.predict(X).compute()
    >>> bool(labels[0] != labels[-1])
    True
    """

    def fit(
        self,
        X: Any,
        y: object = None,
        sample_weight: Any = None,
        class_prior: Any = None,
        *,
        checkpoint: str | PathLike[str] | None = None,
        client: Client | None = None,
    ) -> Self:
        """Find the parameters of the highest likelihood that any start leads to.

        Parameters
        ----------
        X : dask.array.Array, dask.dataframe.DataFrame or array-like, of shape (n_samples, n_features)
            Partitions may be empty and their lengths unknown. What is not in the memory of the cluster yet is computed
            once and stays there during the fit. An array whose columns are in several chunks is rechunked, since a row
            is needed as a whole.
        y : object
            Not used.
        sample_weight : dask.array.Array, dask.dataframe.Series or array-like, of shape (n_samples,), optional
            How often each row counts. If lengths are unknown, partitions must be those of `X`.
        class_prior : array-like, optional
            For arrays in memory only.
        checkpoint : str or PathLike, optional
            See `gmm_rs.GaussianMixture.fit`. The partitions must be the same, too.
        client : distributed.Client, optional
            The cluster; by default that of the client that was made last. None is started.

        Returns
        -------
        self

        Raises
        ------
        ParameterError, DimensionError, DataTypeError
            If an argument or a parameter is out of its domain; it is named.
        NonFiniteError
            If `X` holds NaN or infinity.
        DataLostError
            If rows are lost that the cluster cannot compute anew. A worker that dies costs a computation of its
            partitions, but not the fit, unless they were scattered.
        DegenerateCovarianceError
            If nothing can be done about a covariance.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge, or components of it had to be regularised.
        dask.array.PerformanceWarning
            If the array is rechunked.
        """
        if client is None:
            self._fit(X, sample_weight, class_prior, checkpoint)
        else:
            with _checked(client).as_current():
                self._fit(X, sample_weight, class_prior, checkpoint)
        return self

    def to_local(self) -> LocalMixture:
        """The same mixture as a `gmm_rs.GaussianMixture`, which needs no Dask.

        Returns
        -------
        gmm_rs.GaussianMixture

        Examples
        --------
        >>> GaussianMixture.from_parameters([1.0], [[0.0]], [2.0], "spherical").to_local()
        GaussianMixture(covariance_type='spherical')
        """
        local = LocalMixture()
        vars(local).update(vars(self))
        return local

    def _fit_quietly(
        self, X: Any, sample_weight: object, class_prior: object, kept: Checkpoint | None = None
    ) -> list[str]:
        if not is_dask(X):
            return super()._fit_quietly(X, sample_weight, class_prior, kept)
        refuse_class_prior(class_prior)
        client, rows = _current_client(), check_collection(X)
        settings = self._settings()
        names = feature_names(X)
        with loaded(client, rows, sample_weight) as partitions:
            shape = (sum(partitions.lengths), partitions.n_features)
            check_enough_rows(shape[0], settings.n_components, estimator=type(self).__name__)
            if partitions.dtype == np.float32:
                check_float32_range(*partitions.extent)
            cluster = DaskCluster(client, partitions, self.num_threads)
            result = self._fit_rows(cluster, X, shape, settings, partitions.weights, None, kept)
            if result["collapsed"].size and settings.reg_covar == 0.0:
                check_distinct(distinct_rows(client, partitions, settings.n_components), settings.n_components)
        self._set_fit(result, partitions.dtype, names)
        self._forget_pieces()
        return doubts_of(result, settings)

    def _start(self, X: object, shape: tuple[int, int], settings: Settings, seed: int) -> Start:
        if is_dask(X):
            check_start_kind(self.init_params, others=" for Dask collections")
        return super()._start(X, shape, settings, seed)


def _current_client() -> Client:
    try:
        client = get_client()
    except ValueError as error:
        raise ParameterError(
            "there is no Dask client: make one first, as in client = distributed.Client(), or give one as client"
        ) from error
    return _checked(client)


def _checked(client: Any) -> Client:
    if not isinstance(client, Client) or client.asynchronous:
        raise ParameterError(f"client must be a distributed.Client that is not asynchronous, but is {client!r}")
    return client
