"""`select`: every candidate fitted and judged, and the best of them."""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gmm_rs._threads import resolve_num_threads
from gmm_rs._validation import Float64Array, check_choice, check_count, check_positive_int, resolve_seed
from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture import GaussianMixture
from gmm_rs.mixture._data import check_finite
from gmm_rs.mixture._evaluation import Data
from gmm_rs.mixture._row_knowledge import check_sample_weight
from gmm_rs.mixture._rows_to_fit import rows_to_fit
from gmm_rs.mixture._settings import COVARIANCE_TYPES, check_covariance_type, check_settings
from gmm_rs.selection._candidate import Candidate, Verdict, judge_candidate
from gmm_rs.selection._criteria import HELD_OUT, JUDGES, Parts, parts_of
from gmm_rs.selection._parallel import Workers
from gmm_rs.selection._selection import Selection
from gmm_rs.selection._shared_starts import SharedStarts, draw_shared_starts
from gmm_rs.sources import RowSource

_OWN_BUSINESS = (
    "covariance_type",
    "means_init",
    "precisions_init",
    "weights_init",
    "warm_start",
    "callback",
    "progress",
    "verbose",
    "verbose_interval",
)
"""Parameters of `GaussianMixture` that make no sense for many candidates at once."""


def select(
    X: Data,
    n_components: Iterable[int] | int = range(1, 10),
    covariance_types: Iterable[str] | str = COVARIANCE_TYPES,
    criterion: str = "bic",
    *,
    sample_weight: ArrayLike | None = None,
    n_init: int = 5,
    n_folds: int = 5,
    random_state: int | np.random.Generator | np.random.RandomState | None = None,
    num_threads: int | None = None,
    callback: Callable[[int, int], object] | None = None,
    **settings: Any,
) -> Selection:
    """Choose the number of components and the type of covariances.

    All candidates are fitted, several at a time; those of as many components share the clusters that k-means finds. One
    that fails, because it has more components than there are rows or because components collapse in every start, is NaN
    in the table, with the reason beside it; it stops no other one.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or RowSource
        Real numbers, or a data frame of them. What `gmm_rs.open_rows` opens, and a memory map, is read block by block;
        candidates are fitted one after the other then.
    n_components : iterable of int, or int
        Numbers of components to try.
    covariance_types : iterable of str, or str
        Types to try: "full", "tied", "diag", "spherical".
    criterion : {"bic", "aic", "icl", "held-out"}
        `GaussianMixture.bic` and its likes, of which the smallest value is best; or the mean log-likelihood of rows
        that the fit has not seen, in nats, by cross-validation, of which the largest is best.
    sample_weight : array-like of shape (n_samples,), optional
        How often each row counts.
    n_init : int
        Number of starts of each candidate.
    n_folds : int
        How many parts "held-out" splits the rows into, at random.
    random_state : int, numpy.random.RandomState, numpy.random.Generator or None
        Where the seed comes from, which all candidates share.
    num_threads : int, optional
        For all candidates together. Default: the environment variable ``GMM_RS_NUM_THREADS``, or else all cores.
        Results do not depend on it.
    callback : callable, optional
        Called with ``(n_done, n_all)`` after each fit; an exception in it ends the selection.
    **settings
        Other parameters of `GaussianMixture`: `tol`, `max_iter`, `reg_covar` and so on.

    Returns
    -------
    Selection
        The table, and the best candidate, fitted to all rows.

    Raises
    ------
    ParameterError, DimensionError, DataTypeError
        If an argument is out of its domain; it is named.
    NonFiniteError
        If `X` holds NaN or infinity.
    OSError
        If a source cannot be read.
    GmmError
        If every candidate fails.

    Warns
    -----
    ConvergenceWarning
        If the best candidate did not converge.

    Examples
    --------
    >>> import numpy as np
    >>> from gmm_rs import select
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2)) + 8 * np.repeat(np.eye(2), 150, axis=0)
    >>> selection = select(X, range(1, 5), ("full", "spherical"), random_state=0)
    >>> selection.best_params
    {'covariance_type': 'spherical', 'n_components': 2}
    >>> selection.best_model_.means_.shape
    (2, 2)

    References
    ----------
    P. Smyth, "Model selection for probabilistic clustering using cross-validated likelihood", Statistics and Computing
    10, 2000, for "held-out"; for the others see `GaussianMixture`.
    """
    candidates = _candidates(n_components, covariance_types)
    check_choice("criterion", criterion, tuple(JUDGES))
    check_count("n_folds", n_folds, at_least=2)
    check_positive_int("n_init", n_init)
    threads = resolve_num_threads(num_threads)
    own = sorted(settings.keys() & set(_OWN_BUSINESS))
    if own:
        raise ParameterError(f"select takes no {own[0]}, which belongs to a single fit")
    seed = resolve_seed(random_state)
    settings = {**settings, "n_init": n_init, "random_state": seed}
    best = GaussianMixture(num_threads=threads).set_params(**settings)
    check_settings(best)
    rows, (n_rows, _) = rows_to_fit(X, 1, estimator="GaussianMixture")
    if isinstance(rows, np.ndarray):
        check_finite(rows)
    weights = check_sample_weight(sample_weight, n_rows)
    parts, counts = parts_of(rows, weights, criterion, n_rows=n_rows, n_folds=n_folds, seed=seed)

    # Reading for several candidates at a time would take several times as long.
    workers = Workers(threads, one_by_one=isinstance(rows, RowSource))
    verdicts = _judge_all(candidates, parts, criterion, settings, workers, callback)
    merged = [_merge(verdicts[candidate], counts) for candidate in candidates]
    selection = Selection(criterion, candidates, merged, maximise=criterion == HELD_OUT)
    data = rows if isinstance(rows, RowSource) else X  # an array has lost the names of a frame's columns
    selection.best_model_ = best.set_params(**selection.best_params).fit(data, sample_weight=sample_weight)
    return selection


def _candidates(n_components: object, covariance_types: object) -> list[Candidate]:
    sizes = list(n_components) if isinstance(n_components, Iterable) else [n_components]
    types = [covariance_types] if isinstance(covariance_types, str) else _listed("covariance_types", covariance_types)
    if not sizes or not types:
        raise ParameterError("there is nothing to choose from: n_components and covariance_types must not be empty")
    checked = sorted({check_positive_int("n_components", size) for size in sizes})
    return [Candidate(kind, size) for kind in dict.fromkeys(map(check_covariance_type, types)) for size in checked]


def _listed(name: str, value: object) -> list[object]:
    if not isinstance(value, Iterable):
        raise ParameterError(f"{name} must be a list of strings, but is {value!r}")
    return list(value)


def _judge_all(
    candidates: list[Candidate],
    parts: Parts,
    criterion: str,
    settings: dict[str, Any],
    workers: Workers,
    told: Callable[[int, int], object] | None,
) -> dict[Candidate, list[Verdict]]:
    """The verdicts on each candidate, one for each part."""

    def task(candidate: Candidate, index: int, threads: int, check: Callable[[], None]) -> Verdict:
        own = {**settings, "num_threads": threads, "callback": lambda *_: check()}
        starts = shared.get((candidate.n_components, index))
        if starts is not None:
            own["init_params"] = starts
        return judge_candidate(candidate, parts[index](), JUDGES[criterion], own)

    order = sorted(candidates, key=lambda candidate: -candidate.n_components)
    shared = _shared_starts(order, parts, settings, workers)
    tasks = [partial(task, candidate, index) for candidate in order for index in range(len(parts))]
    verdicts = workers.run(tasks, told)
    return {candidate: verdicts[i * len(parts) : (i + 1) * len(parts)] for i, candidate in enumerate(order)}


def _shared_starts(
    candidates: list[Candidate], parts: Parts, settings: dict[str, Any], workers: Workers
) -> SharedStarts:
    """What candidates of equal size begin with; nothing, where there are none or k-means doesn't find their starts."""
    sizes = {candidate.n_components for candidate in candidates}
    kind = settings.get("init_params", "kmeans")
    if len(sizes) == len(candidates) or not (isinstance(kind, str) and kind == "kmeans"):
        return {}
    return draw_shared_starts(sizes, parts, workers, n_init=settings["n_init"], seed=settings["random_state"])


def _merge(verdicts: list[Verdict], counts: Float64Array) -> Verdict:
    """The mean of the verdicts; a failure of one is a failure."""
    for verdict in verdicts:
        if verdict.failure is not None:
            return verdict
    value = math.fsum(count * verdict.value for count, verdict in zip(counts, verdicts, strict=True))
    return Verdict(value, verdicts[0].n_parameters, all(verdict.converged for verdict in verdicts))
