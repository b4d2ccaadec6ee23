"""Mixtures of some features, given the values of the others: questions to the engine, and its answers."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmm_rs._validation import Float64Array, FloatArray, check_indices, check_row_or_rows
from gmm_rs.exceptions import DimensionError
from gmm_rs.mixture._settings import CovarianceType

Mixture = TypeVar("Mixture")


class Query(NamedTuple):
    """Values of some features, checked."""

    indices: NDArray[np.int64]
    values: FloatArray
    is_single: bool


def check_query(indices: ArrayLike, values: ArrayLike) -> Query:
    """The values of some features as the engine takes them.

    Parameters
    ----------
    indices : array-like of shape (n_given,), int
        Which features are given. Whether they are in range and differ is left to the engine.
    values : array-like of shape (n_rows, n_given) or (n_given,)
        Their values, of several rows or of one.

    Returns
    -------
    Query
        The values with two dimensions, and whether they were a single row.

    Raises
    ------
    DimensionError
        If `values` don't have a column for each of the indices.
    ParameterError
        If `indices` aren't integers or `values` aren't real numbers.

    Examples
    --------
    >>> check_query([2, 0], [0.5, 1.5])
    Query(indices=array([2, 0]), values=array([[0.5, 1.5]]), is_single=True)
    """
    checked = check_indices(indices)
    rows, is_single = check_row_or_rows(values, what="values")
    if rows.shape[1] != len(checked):
        shape = rows.shape[1:] if is_single else rows.shape
        raise DimensionError(
            f"values must have one column for each of the {len(checked)} indices, but have shape {shape}"
            + (": use reshape(-1, 1) if they are many rows of one feature" if is_single and len(checked) == 1 else "")
        )
    return Query(checked, rows, is_single)


@dataclass(frozen=True, eq=False, repr=False)
class ConditionalMixtures(Sequence[Mixture], Generic[Mixture]):
    r"""The mixtures of the remaining features, given the values of the others: one for each row of values.

    A sequence: an index gives the mixture of one row, a slice gives a part of the sequence. For all rows at once there
    are the arrays.

    Parameters
    ----------
    weights : ndarray of shape (n_rows, n_components)
        Weights of the components: how probable each is, given the row's values. Each row sums to 1.
    means : ndarray of shape (n_rows, n_components, n_remaining)
    covariances : ndarray
        Covariances of the components, which are the same in all rows: of shape (n_components, n_remaining,
        n_remaining), (n_remaining, n_remaining), (n_components, n_remaining) or (n_components,) for the covariance
        types "full", "tied", "diag" and "spherical".
    covariance_type : {"full", "tied", "diag", "spherical"}
    make : callable
        Makes the mixture of one row from its weights, means and covariances.

    See Also
    --------
    gmm_rs.GaussianMixture.conditional : gives such a sequence.

    Examples
    --------
    >>> mixtures = ConditionalMixtures(
    ...     weights=np.array([[0.5, 0.5], [1.0, 0.0]]),
    ...     means=np.array([[[0.0], [4.0]], [[1.0], [5.0]]]),
    ...     covariances=np.array([1.0, 1.0]),
    ...     covariance_type="spherical",
    ...     make=lambda weights, means, covariances: weights,  # from_parameters of an estimator
    ... )
    >>> len(mixtures)
    2
    >>> mixtures[1]
    array([1., 0.])
    >>> mixtures.mean()
    array([[2.],
           [1.]])
    >>> mixtures.covariance()
    array([[[5.]],
    <BLANKLINE>
           [[1.]]])
    """

    weights: Float64Array
    means: Float64Array
    covariances: Float64Array
    covariance_type: CovarianceType
    make: Callable[[Float64Array, Float64Array, Float64Array], Mixture]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.weights)

    @overload
    def __getitem__(self, index: int) -> Mixture: ...
    @overload
    def __getitem__(self, index: slice) -> "ConditionalMixtures[Mixture]": ...
    def __getitem__(self, index: int | slice) -> "Mixture | ConditionalMixtures[Mixture]":
        """The mixture of a row, or the mixtures of several."""
        if isinstance(index, slice):
            return replace(self, weights=self.weights[index], means=self.means[index])
        row = operator.index(index)
        return self.make(self.weights[row], self.means[row], self.covariances)

    def __repr__(self) -> str:
        """Sizes, as the arrays are long."""
        n_rows, n_components, n_remaining = self.means.shape
        return (
            f"<ConditionalMixtures: {n_rows} rows, n_components={n_components}, {n_remaining} remaining features, "
            f"covariance_type={self.covariance_type!r}>"
        )

    def mean(self) -> Float64Array:
        r"""The mean of each mixture, :math:`m_n = \sum_k w_{nk} m_{nk}`.

        Returns
        -------
        ndarray of shape (n_rows, n_remaining)
        """
        mean: Float64Array = (self.weights[:, None, :] @ self.means)[:, 0]
        return mean

    def covariance(self) -> Float64Array:
        r"""The covariance of each mixture.

        By the law of total covariance it is
        :math:`\sum_k w_{nk} (S_k + (m_{nk} - m_n)(m_{nk} - m_n)^\mathsf{T})`.

        Returns
        -------
        ndarray of shape (n_rows, n_remaining, n_remaining)
        """
        n_components, n_remaining = self.means.shape[1:]
        deviations = self.means - self.mean()[:, None, :]
        between = np.swapaxes(self.weights[:, :, None] * deviations, 1, 2) @ deviations
        identity = np.eye(n_remaining)
        match self.covariance_type:
            case "full":
                covariances = self.covariances
            case "tied":
                covariances = np.broadcast_to(self.covariances, (n_components, n_remaining, n_remaining))
            case "diag":
                covariances = self.covariances[:, :, None] * identity
            case "spherical":
                covariances = self.covariances[:, None, None] * identity
        covariance: Float64Array = between + np.tensordot(self.weights, covariances, axes=1)
        return covariance
