"""The estimator `GaussianMixture`: what it is told, how it is fitted, where it comes from and goes to."""

import warnings
from collections.abc import Callable
from os import PathLike
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmm_rs._validation import Float64Array, FloatArray, check_data, resolve_seed
from gmm_rs.exceptions import DimensionError, ParameterError
from gmm_rs.mixture._arrays import check_matrices, check_means, check_weights, mixture_arrays
from gmm_rs.mixture._conversion import fitted_attributes, parameters_from_sklearn, to_sklearn
from gmm_rs.mixture._evaluation import Mixture
from gmm_rs.mixture._features import feature_names
from gmm_rs.mixture._fitting import fit_mixture
from gmm_rs.mixture._progress import observed
from gmm_rs.mixture._restart import Restart
from gmm_rs.mixture._rows import check_class_prior, check_sample_weight
from gmm_rs.mixture._settings import Settings, check_covariance_type, check_settings
from gmm_rs.mixture._sklearn import ScikitLearnEstimator, convergence_warning
from gmm_rs.mixture._start import Start, read_start
from gmm_rs.mixture._store import StoredMixture, read_mixture, write_mixture

if TYPE_CHECKING:
    import sklearn.mixture

    from gmm_rs._core import FitResult

_STORED_RESULTS = ("converged_", "n_iter_", "lower_bound_", "lower_bounds_")


class GaussianMixture(Mixture, ScikitLearnEstimator):
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
        n_features), and that of `precisions_`.
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
    n_parameters_ : int
        Number of free parameters.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if the data were a frame whose names are all strings.

    See Also
    --------
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
    precisions_: FloatArray
    n_features_in_: int

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
        self.callback = callback
        self.progress = progress
        self.num_threads = num_threads

    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        class_prior: ArrayLike | None = None,
    ) -> Self:
        """Find the parameters of the highest likelihood that any start leads to.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Real numbers, or a data frame of them. Float32 is read as it is, anything else as float64.
        y : object
            Not used.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts: 2 equals the row twice, 0 its absence.
        class_prior : array-like of shape (n_samples, n_components), optional
            What is known of each row's component, as probabilities p_nk up to a factor for each row: responsibilities
            are proportional to weights_k · p_nk · N(x_n; means_k, covariances_k). Rows of equal numbers say nothing,
            rows with one positive number are labels.

        Returns
        -------
        self

        Raises
        ------
        ParameterError, DimensionError, DataTypeError
            If an argument or a parameter is out of its domain; it is named.
        NonFiniteError
            If `X` holds NaN or infinity.
        DegenerateCovarianceError
            If components collapse and `reg_covar` is 0, so that nothing can be done.

        Warns
        -----
        ConvergenceWarning
            If the best start did not converge, or components of it had to be regularised.
        """
        self._fit(X, sample_weight, class_prior)
        return self

    def fit_predict(
        self,
        X: ArrayLike,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        class_prior: ArrayLike | None = None,
    ) -> NDArray[np.int64]:
        """`fit`, then `predict` of the same rows with the same `class_prior`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : object
            Not used.
        sample_weight : array-like of shape (n_samples,), optional
        class_prior : array-like of shape (n_samples, n_components), optional

        Returns
        -------
        ndarray of shape (n_samples,), int64
        """
        self._fit(X, sample_weight, class_prior)
        return self.predict(X, class_prior)

    @classmethod
    def from_parameters(
        cls, weights: ArrayLike, means: ArrayLike, covariances: ArrayLike, covariance_type: str = "full"
    ) -> Self:
        """A mixture with these parameters, ready to predict.

        Parameters
        ----------
        weights : array-like of shape (n_components,)
        means : array-like of shape (n_components, n_features)
        covariances : array-like
            Of the shape that `covariances_` has for `covariance_type`.
        covariance_type : {"full", "tied", "diag", "spherical"}

        Returns
        -------
        GaussianMixture

        Raises
        ------
        ParameterError, DimensionError, DegenerateCovarianceError

        Examples
        --------
        >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], "spherical")
        >>> mixture.predict([[8.0], [-1.0]])
        array([1, 0])
        """
        kind = check_covariance_type(covariance_type)
        shape = np.shape(means)
        if len(shape) != 2 or 0 in shape:
            raise DimensionError(f"means must have the shape (n_components, n_features), but has {shape}")
        self = cls(shape[0], covariance_type=kind)
        self._set_parameters_(
            check_weights(weights, shape[0]),
            check_means(means, *shape),
            check_matrices("covariance", covariances, kind, *shape),
        )
        return self

    @classmethod
    def from_sklearn(cls, model: "sklearn.mixture.GaussianMixture") -> Self:
        """A copy of a fitted ``sklearn.mixture.GaussianMixture``, with its parameters, results and settings.

        Parameters
        ----------
        model : sklearn.mixture.GaussianMixture

        Returns
        -------
        GaussianMixture

        Raises
        ------
        ParameterError
            If `model` is something else.
        NotFittedError
            If it is not fitted.
        """
        attributes = fitted_attributes(model)
        self = cls(**parameters_from_sklearn(model, set(cls._defaults())))
        for name, value in attributes.items():
            setattr(self, name, value)
        return self

    def to_sklearn(self) -> "sklearn.mixture.GaussianMixture":
        """A fitted ``sklearn.mixture.GaussianMixture`` with copies of these arrays, for whatever takes one.

        Parameters that it does not know are left out; ``reg_covar="auto"`` becomes 1e-6.

        Returns
        -------
        sklearn.mixture.GaussianMixture

        Raises
        ------
        NotFittedError
            If there is no fit yet.
        ImportError
            If scikit-learn is not installed.
        """
        return to_sklearn(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the mixture to a file: a NumPy archive without pickled objects.

        Parameters that are no numbers, strings or flags (arrays, functions, generators) are not kept.

        Parameters
        ----------
        path : path-like
            Missing folders are made. An old file is replaced in one step.

        Raises
        ------
        NotFittedError
            If there is no fit yet.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [2.0], "spherical")
        >>> mixture.save("mixture.npz")
        >>> GaussianMixture.load("mixture.npz").covariances_
        array([2.])
        """
        self._check_fitted()
        names = ("weights", "means", "covariances", "precisions_cholesky")
        results = {name: getattr(self, name) for name in _STORED_RESULTS if hasattr(self, name)}
        if hasattr(self, "feature_names_in_"):
            results["feature_names_in_"] = list(self.feature_names_in_)
        plain = {
            name: value.item() if isinstance(value, np.generic) else value for name, value in self.get_params().items()
        }
        write_mixture(
            path,
            StoredMixture(
                covariance_type=self.covariance_type,
                arrays={name: np.asarray(getattr(self, f"{name}_")) for name in names},
                parameters={name: v for name, v in plain.items() if isinstance(v, bool | int | float | str | None)},
                results=results,
            ),
        )

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a mixture that `save` has written. Nothing in the file is executed.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        GaussianMixture

        Raises
        ------
        ModelFileError
            If there is no such file, or it holds no sound mixture; the message names it.
        """
        stored = read_mixture(path)
        known = {name: value for name, value in stored.parameters.items() if name in cls._defaults()}
        self = cls(**(known | {"covariance_type": stored.covariance_type}))
        for name, array in stored.arrays.items():
            setattr(self, f"{name}_", array)
        self.precisions_ = precisions_of(self.precisions_cholesky_, stored.covariance_type)
        self.n_features_in_ = int(self.means_.shape[1])
        for name in _STORED_RESULTS:
            if name in stored.results:
                setattr(self, name, stored.results[name])
        if "feature_names_in_" in stored.results:
            self.feature_names_in_ = np.asarray(stored.results["feature_names_in_"], dtype=object)
        return self

    def _fit(self, X: object, sample_weight: object, class_prior: object) -> None:
        settings = check_settings(self)
        names = feature_names(X)
        rows = check_data(X, what="X")
        n_samples, n_features = rows.shape
        self._check_size(n_samples, settings.n_components)
        seed = resolve_seed(self.random_state)
        row_weights = check_sample_weight(sample_weight, n_samples)
        log_prior = check_class_prior(class_prior, n_samples, settings.n_components)
        goes_on = settings.warm_start and hasattr(self, "means_")
        start = self._last_parameters(settings, n_features) if goes_on else self._start(rows, settings, seed)
        with observed(settings, settings.n_init if isinstance(start.init, str) else len(start.init)) as observer:
            result = fit_mixture(
                rows,
                settings,
                start,
                seed=seed,
                sample_weight=row_weights,
                log_prior=log_prior,
                observer=observer,
            )
        before = getattr(self, "lower_bound_", -np.inf) if goes_on else -np.inf
        self._set_parameters_(result["weights"], result["means"], result["covariances"], rows.dtype)
        self._set_results(result, settings, before)
        if names is not None:
            self.feature_names_in_ = names
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self._warn(result, settings)

    def _check_size(self, n_samples: int, n_components: int) -> None:
        if n_samples < 2:
            raise DimensionError(
                f"Found array with {n_samples} sample(s) while a minimum of 2 is required by {type(self).__name__}"
            )
        if n_samples < n_components:
            raise DimensionError(
                f"Expected n_samples >= n_components but got n_components = {n_components}, n_samples = {n_samples}"
            )
