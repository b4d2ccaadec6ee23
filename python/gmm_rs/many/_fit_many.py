"""`fit_many`: the data sets, the parameters and the starts in, through the engine, the fits out."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmm_rs import _core
from gmm_rs._validation import resolve_seed
from gmm_rs.exceptions import GmmError, ParameterError
from gmm_rs.many._datasets import DataSet, attempt, listed, read_datasets
from gmm_rs.many._mixture_fits import Fitted, MixtureFits
from gmm_rs.many._starts import Starts, read_starts
from gmm_rs.mixture._arrays import mixture_arrays
from gmm_rs.mixture._data import check_distinct
from gmm_rs.mixture._fitting import engine_arguments
from gmm_rs.mixture._gaussian_mixture import GaussianMixture
from gmm_rs.mixture._settings import Settings, check_settings
from gmm_rs.mixture._start import check_start_kind

if TYPE_CHECKING:
    from gmm_rs._core import FitResult

_AT_A_TIME = 1024
"""Data sets that the engine is given at a time. It holds them, and compares each with all views of the same array."""


def fit_many(
    datasets: Iterable[ArrayLike],
    n_components: int,
    *,
    sample_weight: Sequence[ArrayLike | None] | ArrayLike | None = None,
    covariance_type: str = "full",
    tol: float = 1e-3,
    reg_covar: float | str = "auto",
    max_iter: int = 100,
    n_init: int = 1,
    init_params: str = "kmeans",
    weights_init: ArrayLike | Sequence[ArrayLike] | None = None,
    means_init: ArrayLike | Sequence[ArrayLike] | None = None,
    precisions_init: ArrayLike | Sequence[ArrayLike] | None = None,
    random_state: int | np.random.RandomState | np.random.Generator | None = None,
    acceleration: str | None = None,
    stop: str = "absolute",
    num_threads: int | None = None,
) -> MixtureFits:
    """Fit a Gaussian mixture to each of many data sets, several at the same time.

    Each fit is that of `GaussianMixture`, to the bit, with the data set's own seed. What is wrong with one data set,
    such as too few rows or NaN, does not stop the others: see the result's `failures`. Nothing warns; `converged_` and
    `collapsed_` say how the fits ended.

    Parameters
    ----------
    datasets : list of array-like, or array-like of shape (n_sets, n_samples, n_features)
        The data sets. Those of a list, each of shape (n_samples, n_features), may have different numbers of rows and of
        features, and may be data frames.
    n_components : int
        Number of components of each mixture.
    sample_weight : sequence of (array-like of shape (n_samples,) or None), optional
        How often each row counts: an entry for each data set.
    covariance_type, tol, reg_covar, max_iter, n_init, acceleration, stop
        As for `GaussianMixture`, the same for all data sets.
    init_params : str
        The kind of start: one of those that `GaussianMixture` has names for.
    weights_init, means_init, precisions_init : array-like, optional
        What takes the place of these parts of each start's parameters: as `GaussianMixture` takes them, for all data
        sets; or with a first axis of length n_sets, or as a list, for each its own.
    random_state : int, numpy.random.RandomState, numpy.random.Generator or None
        Where the seeds of the data sets come from, as for `GaussianMixture`. The seed of a data set depends on this and
        on its place only; the result has them as `seeds`.
    num_threads : int, optional
        Data sets that are fitted at the same time. Default: the environment variable ``GMM_RS_NUM_THREADS``, or else
        all cores. Results do not depend on it.

    Returns
    -------
    MixtureFits
        A sequence of models, and their parameters as stacked arrays.

    Raises
    ------
    ParameterError, DimensionError, DataTypeError, DegenerateCovarianceError
        If a parameter is out of its domain, or `datasets` is something else than several data sets.

    See Also
    --------
    GaussianMixture : fits one data set with all threads.

    Examples
    --------
    >>> import numpy as np
    >>> from gmm_rs import fit_many
    >>> rng = np.random.default_rng(0)
    >>> datasets = [rng.normal(size=(n, 2)) + 9 * rng.integers(2, size=(n, 1)) for n in (30, 40, 50)]
    >>> datasets.append(datasets[0][:1])
    >>> fits = fit_many(datasets, 2, random_state=0)
    >>> fits
    <MixtureFits: 4 data sets, 1 failed, n_components=2, covariance_type='full'>
    >>> fits.means_.shape
    (4, 2, 2)
    >>> fits[0].predict(datasets[0])[:3] == fits.predict(datasets)[0][:3]
    array([ True,  True,  True])
    >>> fits.failures
    {3: 'Found array with 1 sample(s) while a minimum of 2 is required by fit_many'}
    """
    mixture = GaussianMixture(
        n_components,
        covariance_type=covariance_type,
        tol=tol,
        reg_covar=reg_covar,
        max_iter=max_iter,
        n_init=n_init,
        init_params=init_params,
        acceleration=acceleration,
        stop=stop,
        num_threads=num_threads,
    )
    settings = check_settings(mixture)
    if not isinstance(init_params, str):
        raise ParameterError(f"init_params of fit_many must be a str, but is {init_params!r}")
    kind = check_start_kind(init_params)
    read = read_datasets(listed(datasets), sample_weight, settings.n_components)
    widths = [entry.X.shape[1] if isinstance(entry, DataSet) else None for entry in read]
    starts = read_starts(
        settings, widths, weights_init=weights_init, means_init=means_init, precisions_init=precisions_init
    )
    seeds = _seeds(resolve_seed(random_state), len(read))
    sound = _without_failures(read, starts)
    tasks = [
        (entry.X, seed, entry.sample_weight, *initial)
        for entry, seed, *initial in zip(sound, seeds.tolist(), *(part.checked for part in starts), strict=True)
        if isinstance(entry, DataSet)
    ]
    results = (
        result
        for start in range(0, len(tasks), _AT_A_TIME)
        for result in _core.fit_many(
            tasks[start : start + _AT_A_TIME],
            settings.n_components,
            n_init=settings.n_init,
            init=kind,
            **engine_arguments(settings),
        )
    )
    return MixtureFits(
        mixture,
        [entry if isinstance(entry, GmmError) else _outcome(entry, next(results), settings) for entry in sound],
        seeds,
        tuple(part.given for part in starts),
    )


def _seeds(seed: int, n_sets: int) -> NDArray[np.uint64]:
    """A seed in [0, 2**63) for each data set, which doesn't change when others follow it."""
    return np.random.SeedSequence(seed).generate_state(n_sets, np.uint64) >> np.uint64(1)


def _without_failures(read: list[DataSet | GmmError], starts: Starts) -> list[DataSet | GmmError]:
    """The data sets that can be fitted, and the first error of the others."""
    return [
        next((error for error in entries if isinstance(error, GmmError)), entries[0])
        for entries in zip(read, *(part.checked for part in starts), strict=True)
    ]


def _outcome(data: DataSet, result: "FitResult | GmmError", settings: Settings) -> Fitted | GmmError:
    """The fit of a data set, unless `GaussianMixture.fit` would raise."""
    if isinstance(result, GmmError):
        return result
    if settings.reg_covar == 0.0 and result["collapsed"].size:
        error = attempt(lambda: check_distinct([data.X], settings.n_components))
        if isinstance(error, GmmError):
            return error
    if data.X.dtype == np.float32:
        arrays = attempt(
            lambda: mixture_arrays(
                result["weights"], result["means"], result["covariances"], settings.covariance_type, np.float32
            )
        )
        if isinstance(arrays, GmmError):
            return arrays
    return Fitted(result, data.X.dtype, data.feature_names)
