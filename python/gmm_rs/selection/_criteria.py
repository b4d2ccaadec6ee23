"""The criteria that judge a candidate, and the rows that each needs."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gmm_rs._validation import Float64Array
from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture import GaussianMixture
from gmm_rs.mixture._blocks import Rows
from gmm_rs.selection._candidate import Judge, Part
from gmm_rs.selection._fold import FoldRows
from gmm_rs.sources import RowSource

Parts: TypeAlias = list[Callable[[], Part]]
HELD_OUT = "held-out"
JUDGES: dict[str, Judge] = {
    "bic": GaussianMixture.bic,
    "aic": GaussianMixture.aic,
    "icl": GaussianMixture.icl,
    HELD_OUT: GaussianMixture.score,
}


def parts_of(
    X: Rows,
    sample_weight: Float64Array | None,
    criterion: str,
    *,
    n_rows: int,
    n_folds: int,
    seed: int,
) -> tuple[Parts, Float64Array]:
    """The parts of the data that a candidate is fitted to and judged by, and how much the verdict on each counts.

    Of "held-out", each fold is judged by the fit to the other folds, and counts by its rows: the mean of the verdicts
    is that of all rows. The other criteria judge by the rows of the fit. A part is made when it is called for, so that
    there are never more copies of the rows than candidates that are being fitted.

    Raises
    ------
    ParameterError
        If there are fewer rows than folds, or no row of a fold has weight.
    """
    if criterion != HELD_OUT:
        return [lambda: Part(X, sample_weight, X, sample_weight)], np.ones(1)
    if n_folds > n_rows:
        raise ParameterError(f"n_folds must not exceed the number of rows, {n_rows}, but is {n_folds}")
    fold_of_row = np.random.default_rng(seed).permutation(n_rows) % n_folds
    fold_weights = np.bincount(fold_of_row, sample_weight, minlength=n_folds)
    if not (fold_weights > 0.0).all():
        raise ParameterError(f"one of {n_folds} folds has no weight: use fewer folds, or leave out rows without weight")
    parts: Parts = [partial(_split, X, sample_weight, fold_of_row == fold) for fold in range(n_folds)]
    return parts, fold_weights / fold_weights.sum()


def _split(X: Rows, sample_weight: Float64Array | None, is_test: NDArray[np.bool_]) -> Part:
    train_weight, test_weight = None, None
    if sample_weight is not None:
        train_weight, test_weight = sample_weight[~is_test], sample_weight[is_test]
    return Part(_chosen(X, ~is_test), train_weight, _chosen(X, is_test), test_weight)


def _chosen(X: Rows, is_chosen: NDArray[np.bool_]) -> Rows:
    return FoldRows(X, is_chosen) if isinstance(X, RowSource) else X[is_chosen]
