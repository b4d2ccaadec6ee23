"""What a mixture says of rows: labels, probabilities, densities; as arrays, or block by block into a file.

Rows are evaluated with `weights_`, `means_` and `precisions_cholesky_`, as scikit-learn does: users set them by hand.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmm_rs import _core
from gmm_rs._threads import resolve_num_threads
from gmm_rs._validation import Float64Array, FloatArray, check_data
from gmm_rs.exceptions import DimensionError
from gmm_rs.mixture._blocks import Evaluate, Rows, blocks_of, count_rows, to_rows
from gmm_rs.mixture._features import check_feature_names
from gmm_rs.mixture._fitted import FittedMixture, as_float64
from gmm_rs.mixture._row_knowledge import check_class_prior
from gmm_rs.outputs import open_output
from gmm_rs.sources import RowSource
from gmm_rs.sources._block_size import block_size

Data: TypeAlias = ArrayLike | RowSource
StrPath: TypeAlias = str | PathLike[str]


class EvaluatedMixture(FittedMixture):
    """The methods of a mixture that evaluate rows."""

    @overload
    def predict(self, X: Data, class_prior: ArrayLike | None = None, *, out: None = None) -> NDArray[np.int64]: ...
    @overload
    def predict(self, X: Data, class_prior: ArrayLike | None = None, *, out: StrPath) -> Path: ...
    def predict(
        self, X: Data, class_prior: ArrayLike | None = None, *, out: StrPath | None = None
    ) -> NDArray[np.int64] | Path:
        """The most probable component of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or RowSource
            A source, or a memory map, is read block by block.
        class_prior : array-like of shape (n_samples, n_components), optional
            Prior probabilities of the components for each row, up to a factor; see `fit`.
        out : str or PathLike, optional
            A file to write to block by block, which ends in ``.npy``, ``.parquet``, ``.csv`` or ``.txt``. It is put in
            place when it is whole.

        Returns
        -------
        ndarray of shape (n_samples,), int64
            With `out` the path instead.

        Raises
        ------
        NotFittedError, DimensionError, DataTypeError, ParameterError, NonFiniteError
        OSError
            If the rows cannot be read or the file cannot be written; the message names it.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
        >>> mixture.predict([[1.0], [3.0]])
        array([0, 1])
        """
        rows = self._check_data(X)
        return self._evaluated(self._function(_core.predict), rows, class_prior, out, ["label"])

    @overload
    def predict_proba(self, X: Data, class_prior: ArrayLike | None = None, *, out: None = None) -> FloatArray: ...
    @overload
    def predict_proba(self, X: Data, class_prior: ArrayLike | None = None, *, out: StrPath) -> Path: ...
    def predict_proba(
        self, X: Data, class_prior: ArrayLike | None = None, *, out: StrPath | None = None
    ) -> FloatArray | Path:
        """Probability of each component for each row, the responsibilities of EM.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or RowSource
            A source, or a memory map, is read block by block.
        class_prior : array-like of shape (n_samples, n_components), optional
            Prior probabilities of the components for each row, up to a factor; see `fit`.
        out : str or PathLike, optional
            A file to write to block by block, which ends in ``.npy``, ``.parquet``, ``.csv`` or ``.txt``. It is put in
            place when it is whole.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Rows sum to 1. Float32 if `X` and the parameters are, otherwise float64.
            With `out` the path instead.

        Raises
        ------
        NotFittedError, DimensionError, DataTypeError, ParameterError, NonFiniteError
        OSError
            If the rows cannot be read or the file cannot be written; the message names it.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
        >>> mixture.predict_proba([[1.0], [2.0]]).round(3)
        array([[0.982, 0.018],
               [0.5  , 0.5  ]])
        """
        rows = self._check_data(X)
        function = self._function(_core.predict_proba, self._dtype(rows))
        return self._evaluated(function, rows, class_prior, out, self._component_names())

    @overload
    def predict_log_proba(self, X: Data, class_prior: ArrayLike | None = None, *, out: None = None) -> FloatArray: ...
    @overload
    def predict_log_proba(self, X: Data, class_prior: ArrayLike | None = None, *, out: StrPath) -> Path: ...
    def predict_log_proba(
        self, X: Data, class_prior: ArrayLike | None = None, *, out: StrPath | None = None
    ) -> FloatArray | Path:
        """Logarithm of the probability of each component for each row, in nats.

        It is exact where the probability itself is too small for a float.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or RowSource
            A source, or a memory map, is read block by block.
        class_prior : array-like of shape (n_samples, n_components), optional
            Prior probabilities of the components for each row, up to a factor; see `fit`.
        out : str or PathLike, optional
            A file to write to block by block, which ends in ``.npy``, ``.parquet``, ``.csv`` or ``.txt``. It is put in
            place when it is whole.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            Float32 if `X` and the parameters are, otherwise float64. With `out` the path instead.

        Raises
        ------
        NotFittedError, DimensionError, DataTypeError, ParameterError, NonFiniteError
        OSError
            If the rows cannot be read or the file cannot be written; the message names it.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [4.0]], [1.0, 1.0], "spherical")
        >>> mixture.predict_log_proba([[-1000.0]])
        array([[    0., -4008.]])
        """
        rows = self._check_data(X)
        return self._evaluated(self._log_proba(self._dtype(rows)), rows, class_prior, out, self._component_names())

    @overload
    def score_samples(self, X: Data, class_prior: ArrayLike | None = None, *, out: None = None) -> FloatArray: ...
    @overload
    def score_samples(self, X: Data, class_prior: ArrayLike | None = None, *, out: StrPath) -> Path: ...
    def score_samples(
        self, X: Data, class_prior: ArrayLike | None = None, *, out: StrPath | None = None
    ) -> FloatArray | Path:
        """Log-density of each row under the mixture, in nats.

        log p(x_n) = log Σ_k weights_k p_nk N(x_n; means_k, covariances_k), with p_nk = 1 but for a `class_prior`

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or RowSource
            A source, or a memory map, is read block by block.
        class_prior : array-like of shape (n_samples, n_components), optional
            p_nk after each row has been divided by its largest entry: equal numbers change nothing, and a row with one
            positive number, a label, gives the joint density of row and label.
        out : str or PathLike, optional
            A file to write to block by block, which ends in ``.npy``, ``.parquet``, ``.csv`` or ``.txt``. It is put in
            place when it is whole.

        Returns
        -------
        ndarray of shape (n_samples,)
            Float32 if `X` and the parameters are, otherwise float64. With `out` the path instead.

        Raises
        ------
        NotFittedError, DimensionError, DataTypeError, ParameterError, NonFiniteError
        OSError
            If the rows cannot be read or the file cannot be written; the message names it.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [1.0], "spherical")
        >>> mixture.score_samples([[0.0], [2.0]]).round(4)
        array([-0.9189, -2.9189])
        """
        rows = self._check_data(X)
        function = self._function(_core.score_samples, self._dtype(rows))
        return self._evaluated(function, rows, class_prior, out, ["log_density"])

    def _check_rows(self, X: object) -> FloatArray:
        """The rows of an array, which have the features that the mixture knows."""
        self._check_fitted()
        check_feature_names(X, getattr(self, "feature_names_in_", None), estimator=type(self).__name__)
        rows = check_data(X, what="X")
        self._check_n_features(rows.shape[1])
        return rows

    def _check_data(self, X: object) -> Rows:
        """The same of an array or a source."""
        self._check_fitted()
        check_feature_names(X, getattr(self, "feature_names_in_", None), estimator=type(self).__name__)
        rows = to_rows(X)
        self._check_n_features(rows.n_features if isinstance(rows, RowSource) else rows.shape[1])
        return rows

    def _check_n_features(self, n_features: int) -> None:
        expected = self.means_.shape[1]
        if n_features != expected:
            raise DimensionError(
                f"X has {n_features} features, but {type(self).__name__} is expecting {expected} features as input"
            )

    def _function(self, evaluate: Callable[..., NDArray[Any]], dtype: np.dtype[Any] | None = None) -> Evaluate:
        """What a function of the engine says of rows under this mixture, in a dtype or in its own."""
        weights, means = self._weights_and_means()
        factors = as_float64(self.precisions_cholesky_)
        num_threads = resolve_num_threads(self.num_threads)

        def function(rows: FloatArray, log_prior: Float64Array | None) -> NDArray[Any]:
            values = evaluate(
                rows,
                weights,
                means,
                precisions_cholesky=factors,
                covariance_type=self._covariance_type(),
                log_prior=log_prior,
                num_threads=num_threads,
            )
            return values if dtype is None else values.astype(dtype, copy=False)

        return function

    def _log_proba(self, dtype: np.dtype[Any]) -> Evaluate:
        weights, means = self._weights_and_means()
        factors = as_float64(self.precisions_cholesky_)
        shared = self._covariance_type() == "tied"
        num_threads = resolve_num_threads(self.num_threads)

        def function(rows: FloatArray, log_prior: Float64Array | None) -> NDArray[Any]:
            terms = np.empty((len(rows), len(means)))
            for k in range(len(means)):  # a mixture of one component gives its density
                terms[:, k] = _core.score_samples(
                    rows,
                    np.ones(1),
                    means[k : k + 1],
                    precisions_cholesky=factors if shared else factors[k : k + 1],
                    covariance_type=self._covariance_type(),
                    log_prior=None,
                    num_threads=num_threads,
                )
            with np.errstate(divide="ignore"):
                terms += np.log(weights)
            if log_prior is not None:
                terms += log_prior
            terms -= np.logaddexp.reduce(terms, axis=1, keepdims=True)
            return terms.astype(dtype, copy=False)

        return function

    def _evaluated(
        self, function: Evaluate, rows: Rows, class_prior: object, out: StrPath | None, names: Sequence[str]
    ) -> NDArray[Any] | Path:
        """The values of all rows as an array, or the path of the file where they are."""
        log_prior = check_class_prior(class_prior, count_rows(rows), len(self.means_))
        if out is None and isinstance(rows, np.ndarray):
            return function(rows, log_prior)
        size = block_size(max(self.means_.shape))
        values = (block.evaluated(function) for block in blocks_of(rows, size, log_prior=log_prior))
        if out is None:
            return _gathered(values, count_rows(rows))
        with open_output(out, names) as write:
            for part in values:
                write(part)
        return Path(out)

    def _component_names(self) -> list[str]:
        return [f"component_{k}" for k in range(len(self.means_))]

    def _dtype(self, rows: Rows) -> np.dtype[Any]:
        """What the values of rows come as: the dtype of rows and parameters."""
        return np.result_type(rows.dtype, self.means_.dtype)


def _gathered(parts: Iterator[NDArray[Any]], n_rows: int | None) -> NDArray[Any]:
    """All parts as one array; where their sum is known, without having all of them beside it."""
    if n_rows is None:
        return np.concatenate(list(parts))
    first = next(parts)
    values = np.empty((n_rows, *first.shape[1:]), first.dtype)
    start = 0
    for part in chain([first], parts):
        values[start : start + len(part)] = part
        start += len(part)
    return values
