"""One candidate of a selection: how it is fitted and judged, and what is known of it then."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from gmm_rs._validation import Float64Array
from gmm_rs.exceptions import GmmError
from gmm_rs.mixture import GaussianMixture
from gmm_rs.mixture._blocks import Rows
from gmm_rs.mixture._settings import CovarianceType


@dataclass(frozen=True)
class Candidate:
    """What distinguishes a model from the others of a selection."""

    covariance_type: CovarianceType
    n_components: int


@dataclass(frozen=True, eq=False)
class Part:
    """Rows to fit a candidate to, and rows to judge it by."""

    train: Rows
    train_weight: Float64Array | None
    test: Rows
    test_weight: Float64Array | None


@dataclass(frozen=True)
class Verdict:
    """What one part of the data says of a candidate; `value` is NaN, and `failure` the reason, if it says nothing."""

    value: float
    n_parameters: int | None = None
    converged: bool = False
    failure: str | None = None


Judge: TypeAlias = Callable[..., float]
"""Of a mixture, rows and their `sample_weight`."""


def judge_candidate(candidate: Candidate, part: Part, judge: Judge, settings: dict[str, Any]) -> Verdict:
    """Fit a candidate to a part of the data and judge it.

    A mixture of which every start collapsed is a failure: its likelihood is as high as its regularisation lets it be,
    and no criterion that is made of it means anything.

    Parameters
    ----------
    candidate : Candidate
    part : Part
    judge : callable
    settings : dict
        The other parameters of the mixture.
    """
    mixture = GaussianMixture(candidate.n_components, covariance_type=candidate.covariance_type, **settings)
    try:
        mixture._fit_quietly(part.train, part.train_weight, None)  # filters of warnings belong to all threads
        value = judge(mixture, part.test, sample_weight=part.test_weight)
    except GmmError as error:
        return Verdict(math.nan, failure=str(error))
    failures = [restart.failure for restart in mixture.restarts_]
    if all(failures):
        return Verdict(math.nan, mixture.n_parameters_, failure=f"every start failed; the first: {failures[0]}")
    if not np.isfinite(value):
        return Verdict(math.nan, mixture.n_parameters_, failure=f"the criterion is {value}")
    return Verdict(value, mixture.n_parameters_, mixture.converged_)
