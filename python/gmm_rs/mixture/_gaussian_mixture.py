"""The estimator `GaussianMixture`: what it is told, and how it is fitted."""

import warnings
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmm_rs._cluster import Cluster
from gmm_rs._validation import Float64Array, resolve_seed
from gmm_rs.mixture._blocks import Rows, blocks_of
from gmm_rs.mixture._blockwise_sum import BLOCK
from gmm_rs.mixture._checkpoint import Checkpoint
from gmm_rs.mixture._criteria import JudgedMixture
from gmm_rs.mixture._data import check_distinct
from gmm_rs.mixture._distribution import DistributionMixture
from gmm_rs.mixture._doubts import doubts_of
from gmm_rs.mixture._evaluation import Data
from gmm_rs.mixture._features import feature_names
from gmm_rs.mixture._fitting import fit_mixture
from gmm_rs.mixture._portable import PortableMixture
from gmm_rs.mixture._progress import observed
from gmm_rs.mixture._restart import Restart
from gmm_rs.mixture._row_knowledge import check_class_prior, check_sample_weight
from gmm_rs.mixture._rows_to_fit import rows_to_fit
from gmm_rs.mixture._settings import Settings, check_settings
from gmm_rs.mixture._sklearn import convergence_warning
from gmm_rs.mixture._start import Start, read_start, start_from
from gmm_rs.mixture._stepwise import StepwiseMixture

if TYPE_CHECKING:
    from gmm_rs._core import FitResult


class GaussianMixture(StepwiseMixture, JudgedMixture, DistributionMixture, PortableMixture):
    """Gaussian mixture, fitted by expectation-maximisation.

    An estimator with the parameters, methods and attributes of ``sklearn.mixture.GaussianMixture``, and more.
    scikit-learn itself is not needed; where it is there, this is one of its estimators.

    Parameters
    ----------
    n_components : int
        Number of components, K.
    covariance_type : {"full", "tied", "diag", "spherical"}
        Each component has its own matrix, all share one, or each has its own variances or variance.
    tol : float
        A start has converged when an iteration changes the lower bound by less than this, in nats a row; see `stop`.
    reg_covar : "auto" or float
        What each M-step adds to every variance: a number, or 1e-6 of the feature's variance in the data.
    max_iter : int
        Iterations of each start at most. With 0 the result is the start itself.
    n_init : int
        Number of starts, of which the result with the highest lower bound is kept.
    init_params : str, array-like or callable
        Where EM starts from. "kmeans": clusters by k-means, on features in units of their spread; "k-means++": the
        seeds of those; "random": random responsibilities; "random_from_data": random rows as means; "short-em": the
        best of several short runs of EM; labels (n_samples,) or responsibilities (n_samples, n_components), which are
        one start; or a function that gives such an array from ``(X, n_components, random_state)``, called for each
        start.
    weights_init, means_init, precisions_init : array-like, optional
        What takes the place of these parts of each start's parameters: shapes (n_components,), (n_components,
        n_features), and that of `precisions_`. The clusters of a drawn start get the numbers of the means, or else of
        the precisions, that theirs are like.
    random_state : int, numpy.random.RandomState, numpy.random.Generator or None
        Where random numbers come from. None draws from NumPy's global generator: ``numpy.random.seed`` decides.
    warm_start : bool
        Whether `fit` goes on from the parameters that are there from the fit before, with one start.
    verbose : int
        1: print each start and iteration; 2: also times and changes of the lower bound.
    verbose_interval : int
        Print every so many iterations.
    acceleration : {"squarem"}, optional
        Extrapolate the iterations (Varadhan & Roland 2008): far fewer of them where components overlap.
    stop : {"absolute", "relative"}
        Whether `tol` is a change in nats or a part of the lower bound's magnitude.
    max_time : float, optional
        Seconds after which the best parameters so far are returned.
    learning_decay : float
        α of the step sizes (t + `learning_offset`)^−α of `partial_fit`, from 0 to 1: the less, the faster pieces lose
        their influence. The estimate settles where it is above 0.5.
    learning_offset : float
        How many pieces, about, what is known at the beginning counts for. At least 0.
    callback : callable, optional
        Called with ``(iteration, lower_bound)`` after each iteration; an exception in it ends the fit.
    progress : bool
        Whether to show a progress bar; needs tqdm, the extra ``gmm-rs[progress]``.
    num_threads : int, optional
        Default: the environment variable ``GMM_RS_NUM_THREADS``, or else all cores. Results do not depend on it.

    Attributes
    ----------
    weights_ : ndarray of shape (n_components,)
        Mixing proportions. This and the following arrays are float32 if the data are, otherwise float64.
    means_ : ndarray of shape (n_components, n_features)
        Means of the components.
    covariances_ : ndarray
        Of shape (n_components, n_features, n_features) for "full", (n_features, n_features) for "tied", (n_components,
        n_features) for "diag", (n_components,) for "spherical".
    precisions_ : ndarray
        Inverses of the covariances.
    precisions_cholesky_ : ndarray
        Upper triangular factors P of the precisions, P Pᵀ, which evaluation uses; or square roots.
    converged_ : bool
        Whether the best start stopped because of `tol`.
    n_iter_ : int
        Number of its iterations.
    lower_bound_ : float
        Mean log-likelihood of a row under the parameters that were found, in nats.
    lower_bounds_ : list of float
        The same after each iteration.
    restarts_ : tuple of Restart
        What became of each start, in order.
    n_steps_ : int
        Number of pieces that `partial_fit` has learnt from since there was a first mixture.
    statistics_ : SufficientStats
        What `partial_fit` remembers: the weighted mean of the pieces' statistics, for a weight of 1.
    n_parameters_ : int
        Number of free parameters.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, if the data were a frame whose names are all strings.

    See Also
    --------
    gmm_rs.select : chooses the number of components and the covariance type.
    gmm_rs.fit_many : fits many data sets in one call.
    gmm_rs.SufficientStats : one iteration of EM on data in pieces.
    gmm_rs.GMM : the same engine as a Serket module, with a prior on the parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from gmm_rs import GaussianMixture
    >>> X = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> mixture = GaussianMixture(n_components=2, random_state=0).fit(X)
    >>> mixture.means_[mixture.means_[:, 0].argsort()].round(3) + 0.0
    array([[ 1.,  2.],
           [10.,  2.]])
    >>> labels = mixture.predict([[0, 0], [12, 3]])
    >>> bool(labels[0] != labels[1])
    True

    Some rows are labelled, the others not:

    >>> known = np.ones((6, 2))
    >>> known[0], known[3] = [0, 1], [1, 0]
    >>> mixture.fit(X, class_prior=known).predict(X)
    array([1, 1, 1, 0, 0, 0])
    """

    converged_: bool
    n_iter_: int
    lower_bound_: float
    lower_bounds_: list[float]
    restarts_: tuple[Restart, ...]

    def __init__(
        self,
        n_components: int = 1,
        *,
        covariance_type: str = "full",
        tol: float = 1e-3,
        reg_covar: float | str = "auto",
        max_iter: int = 100,
        n_init: int = 1,
        init_params: str | ArrayLike | Callable[..., ArrayLike] = "kmeans",
        weights_init: ArrayLike | None = None,
        means_init: ArrayLike | None = None,
        precisions_init: ArrayLike | None = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        warm_start: bool = False,
        verbose: int = 0,
        verbose_interval: int = 10,
        acceleration: str | None = None,
        stop: str = "absolute",
        max_time: float | None = None,
        learning_decay: float = 0.7,
        learning_offset: float = 1.0,
        callback: Callable[[int, float], object] | None = None,
        progress: bool = False,
        num_threads: int | None = None,
    ) -> None:
        self.n_components = n_components
        self.covariance_type = covariance_type
        self.tol = tol
        self.reg_covar = reg_covar
        self.max_iter = max_iter
        self.n_init = n_init
        self.init_params = init_params
        self.weights_init = weights_init
        self.means_init = means_init
        self.precisions_init = precisions_init
        self.random_state = random_state
        self.warm_start = warm_start
        self.verbose = verbose
        self.verbose_interval = verbose_interval
        self.acceleration = acceleration
        self.stop = stop
        self.max_time = max_time
        self.learning_decay = learning_decay
        self.learning_offset = learning_offset
        self.callback = callback
        self.progress = progress
        self.num_threads = num_threads

    def fit(
        self,
        X: Data,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        class_prior: ArrayLike | None = None,
        *,
        checkpoint: str | PathLike[str] | None = None,
    ) -> Self:
        """Find the parameters of the highest likelihood that any start leads to.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or RowSource
            Real numbers, or a data frame of them. Float32 is read as it is, anything else as float64. What
            `gmm_rs.open_rows` opens, and a memory map, is read block by block in each iteration: it need not fit in
            memory, and the result is the same to the last bit.
        y : object
            Not used.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts: 2 equals the row twice, 0 its absence.
        class_prior : array-like of shape (n_samples, n_components), optional
            What is known of each row's component, as probabilities p_nk up to a factor for each row: responsibilities
            are proportional to weights_k · p_nk · N(x_n; means_k, covariances_k). Rows of equal numbers say nothing,
            rows with one positive number are labels.
        checkpoint : str or PathLike, optional
            A file for what the fit has done so far, replaced every ten seconds, and when the fit is interrupted or
            fails. Where it exists, the fit that has left it is taken up: the result has the bits that it would have
            had without the interruption. It is for the same data, `sample_weight`, `class_prior` and parameters; but
            what only shows or speeds the fit may differ, and `max_iter`, `tol`, `stop` and `max_time`, with which
            starts that have not converged go on. The seed is that of the earlier fit unless `random_state` is an
            integer. A fit that comes to its end removes the file; one that `max_time` ends leaves it.

        Returns
        -------
        self

        Raises
        ------
        ParameterError, DimensionError, DataTypeError
            If an argument or a parameter is out of its domain; it is named. A checkpoint of other data or parameters,
            a damaged one, and a file that is none stay as they are.
        NonFiniteError
            If `X` holds NaN or infinity.
        OSError
            If a source cannot be read, or a checkpoint cannot be read or written.
        DegenerateCovarianceError
            If components collapse because there are fewer different rows than components, and `reg_covar` is 0.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge, or components of it had to be regularised.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture(2, random_state=0).fit([[0.0], [2.0], [80.0], [82.0]])
        >>> sorted(mixture.means_.ravel().round(3).tolist())
        [1.0, 81.0]
        """
        self._fit(X, sample_weight, class_prior, checkpoint)
        return self

    def fit_predict(
        self,
        X: Data,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        class_prior: ArrayLike | None = None,
    ) -> NDArray[np.int64]:
        """`fit`, then `predict` of the same rows with the same `class_prior`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or RowSource
        y : object
            Not used.
        sample_weight : array-like of shape (n_samples,), optional
        class_prior : array-like of shape (n_samples, n_components), optional

        Returns
        -------
        ndarray of shape (n_samples,), int64

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> labels = GaussianMixture(2, random_state=0).fit_predict([[0.0], [2.0], [80.0], [82.0]])
        >>> labels == labels[0]
        array([ True,  True, False, False])
        """
        self._fit(X, sample_weight, class_prior)
        return self.predict(X, class_prior)

    def _settings(self) -> Settings:
        return check_settings(self)

    def _fit(
        self,
        X: object,
        sample_weight: object,
        class_prior: object,
        checkpoint: str | PathLike[str] | Checkpoint | None = None,
    ) -> None:
        kept = checkpoint
        if not (kept is None or isinstance(kept, Checkpoint)):
            kept = Checkpoint(kept)
        for message in self._fit_quietly(X, sample_weight, class_prior, kept):
            warnings.warn(message, convergence_warning(), stacklevel=3)

    def _fit_quietly(
        self, X: object, sample_weight: object, class_prior: object, kept: Checkpoint | None = None
    ) -> list[str]:
        """Fit, and return what the user is to be warned of."""
        settings = self._settings()
        names = feature_names(X)
        rows, shape = rows_to_fit(X, settings.n_components, estimator=type(self).__name__)
        row_weights = check_sample_weight(sample_weight, shape[0])
        log_prior = check_class_prior(class_prior, shape[0], settings.n_components)
        result = self._fit_rows(rows, X, shape, settings, row_weights, log_prior, kept)
        if result["collapsed"].size and settings.reg_covar == 0.0:
            check_distinct((block.rows for block in blocks_of(rows, BLOCK)), settings.n_components)
        self._set_fit(result, rows.dtype, names)
        self._forget_pieces()
        return doubts_of(result, settings)

    def _fit_rows(
        self,
        rows: Rows | Cluster,
        X: object,
        shape: tuple[int, int],
        settings: Settings,
        sample_weight: Float64Array | None,
        log_prior: Float64Array | None,
        kept: Checkpoint | None,
    ) -> "FitResult":
        """Fit these rows of `X`, wherever they are."""
        seed = self._seed(kept)
        if settings.warm_start and hasattr(self, "means_"):
            start = start_from(self, settings, shape[1])
        else:
            start = self._start(X, shape, settings, seed)
        with observed(settings, start.count(settings.n_init)) as observer:
            result = fit_mixture(
                rows,
                settings,
                start,
                seed=seed,
                sample_weight=sample_weight,
                log_prior=log_prior,
                observer=observer,
                checkpoint=kept,
            )
        if kept is not None and not result["timed_out"]:
            kept.finish()
        return result

    def _set_fit(self, result: "FitResult", dtype: np.dtype[Any], names: NDArray[np.object_] | None) -> None:
        """Take what a fit has found, of rows of this dtype whose columns have these names."""
        self._set_mixture(result["weights"], result["means"], result["covariances"], dtype)
        self.restarts_ = tuple(Restart(**restart) for restart in result["restarts"])
        self.lower_bounds_ = result["lower_bounds"].tolist()
        self.lower_bound_ = result["lower_bound"]
        self.n_iter_, self.converged_ = result["n_iter"], result["converged"]
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _seed(self, kept: Checkpoint | None) -> int:
        """The seed of this fit, which may be one that is taken up."""
        if kept is None:
            return resolve_seed(self.random_state)
        if kept.seed is None or isinstance(self.random_state, int | np.integer):
            kept.seed = resolve_seed(self.random_state)
        return kept.seed

    def _start(self, X: object, shape: tuple[int, int], settings: Settings, seed: int) -> Start:
        return read_start(
            self.init_params,
            X,
            shape,
            settings,
            seed,
            weights_init=self.weights_init,
            means_init=self.means_init,
            precisions_init=self.precisions_init,
        )
