"""The Serket module `GMM`: connect, update, learn and recognise."""

import inspect
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Never, cast

import numpy as np
from numpy.typing import ArrayLike

from gmm_rs import _core
from gmm_rs._class_prior import to_log_prior
from gmm_rs._prior import Prior
from gmm_rs._threads import resolve_num_threads
from gmm_rs._validation import (
    Float64Array,
    FloatArray,
    check_choice,
    check_data,
    check_positive_int,
    check_real,
    resolve_seed,
)
from gmm_rs.exceptions import DimensionError, GmmError, NonFiniteError, NotFittedError, ParameterError
from gmm_rs.serket._accuracy import IntArray, check_category
from gmm_rs.serket._files import read_model
from gmm_rs.serket._folder import ModuleFolder
from gmm_rs.serket._layout import LAYOUTS, Mode
from gmm_rs.serket._message import read_message
from gmm_rs.serket._model import Model
from gmm_rs.serket._parameters import check_name, refuse_unknown_keywords
from gmm_rs.serket._protocol import UpstreamNode, describe
from gmm_rs.serket._results import classify
from gmm_rs.serket._runtime import Module

_FROM_LEARNING = ("n_iter_", "converged_", "lower_bounds_", "log_likelihoods_")
_WEIGHT_OF_PREVIOUS = 0.1
"""What the classes of the update before count for, beside the message, when the classes of a new start are numbered."""
_FROM_UPDATE = ("weights_", "means_", "covariances_", "labels_", "accuracy_")


class GMM(Module):
    """Gaussian mixture model as a Serket module: unsupervised classification of the rows of its observation.

    `update` computes, for each row, the probabilities of the K classes, which go to the modules downstream, and the
    mean of the row's class, which goes upstream. It learns by EM with a prior on the parameters (maximum a
    posteriori) and takes the messages from downstream into account.

    Parameters
    ----------
    K : int
        Number of clusters.
    itr : int
        Largest number of EM iterations of one learning update; fewer if it converges before.
    name : str
        Last part of the module's name and folder, ``module{number}_{name}``.
    category : array-like of shape (n_samples,), optional
        Correct class labels, any integers. They give the accuracy and are not used to learn.
    mode : {"learn", "recog"}
        Learn from the data, or recognise them with the parameters learnt before: by this object, or else those
        in the module's folder. The attribute `mode` can be set between updates.
    covariance_type : {"full"}
        Each class has its own full covariance matrix.
    prior : Prior, optional
        What is believed about the classes before the data are seen. Default ``Prior()``.
    n_init : int
        Number of k-means starts. After every five iterations the better half of them goes on, until two are left; of
        these the one with the highest lower bound is kept.
    tol : float
        Stop when an iteration changes the lower bound (see `lower_bounds_`) by less than this, in nats a row; with 0,
        after `itr` iterations.
    acceleration : {"squarem"}, optional
        Extrapolate the iterations (Varadhan & Roland 2008), which takes far fewer of them where classes overlap. No
        iteration lowers the lower bound, but it may end in another optimum than plain EM, better or worse.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None
        Where the starts come from. None draws from NumPy's global generator: ``numpy.random.seed`` decides.
    num_threads : int, optional
        Default: the environment variable ``GMM_RS_NUM_THREADS``, or else all cores. Results do not depend on it.
    load_dir : path-like, optional
        Recognise with the model in this folder, as newer versions of Serket do; `mode` is "recog" then.
    layout : {"flat", "numbered"}, optional
        Names of files and folders: those of Serket's documentation, or of its newer versions, with one folder for
        each update. Default "flat", and "numbered" if `load_dir` is given.
    save : bool
        Whether to write files at all.
    save_dir : path-like, optional
        Folder in which the module's folder is written and looked for. Default: the working folder.

    Attributes
    ----------
    weights_ : ndarray of shape (K,)
        Weights of the classes.
    means_ : ndarray of shape (K, n_features)
        Means of the classes.
    covariances_ : ndarray of shape (K, n_features, n_features)
        Covariance matrices of the classes.
    labels_ : ndarray of shape (n_samples,)
        The class of each row, in [0, K), the message from downstream taken into account.
    accuracy_ : float or None
        Fraction of rows whose class is their category, under the best one-to-one matching; None without categories.
    log_likelihoods_ : ndarray of shape (n_iter,)
        Log-likelihood of the data for each iteration of the last learning update, in nats.
    lower_bounds_ : ndarray of shape (n_iter,)
        What EM maximises, for each iteration, divided by the number of rows: log-likelihood plus log-density of the
        prior. It never falls.
    n_iter_ : int
        Number of iterations of the last learning update.
    converged_ : bool
        Whether it stopped before `itr` iterations, because of `tol`.

    Raises
    ------
    ParameterError, DimensionError
        If an argument is out of its domain.
    TypeError
        If a keyword is no parameter, such as ``catogory``.

    See Also
    --------
    gmm_rs.Prior : the prior and its defaults.

    Examples
    --------
    Two clusters, learnt and compared with the truth:

    >>> import numpy as np
    >>> from gmm_rs import GMM, serket as srk
    >>> data = np.concatenate([np.arange(20).reshape(10, 2), 500 + np.arange(20).reshape(10, 2)])
    >>> obs = srk.Observation(data)
    >>> gmm1 = GMM(2, category=np.repeat([3, 7], 10), random_state=0, save=False)
    >>> gmm1.connect(obs)
    >>> gmm1.update()
    >>> gmm1.accuracy_
    1.0
    >>> gmm1.get_forward_msg().shape
    (20, 2)

    The same module recognises new rows:

    >>> new = srk.Observation([[505.0, 505.0], [5.0, 5.0]])
    >>> gmm1.connect(new)
    >>> gmm1.mode, gmm1.category = "recog", [7, 3]
    >>> gmm1.update()
    >>> gmm1.accuracy_
    1.0
    """

    weights_: Float64Array
    means_: Float64Array
    covariances_: Float64Array
    labels_: IntArray
    accuracy_: float | None
    log_likelihoods_: Float64Array
    lower_bounds_: Float64Array
    n_iter_: int
    converged_: bool

    def __init__(
        self,
        K: int,
        itr: int = 100,
        name: str = "gmm",
        category: ArrayLike | None = None,
        mode: str = "learn",
        *,
        covariance_type: str = "full",
        prior: Prior | None = None,
        n_init: int = 5,
        tol: float = 1e-6,
        acceleration: str | None = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
        num_threads: int | None = None,
        load_dir: str | PathLike[str] | None = None,
        layout: str | None = None,
        save: bool = True,
        save_dir: str | PathLike[str] | None = None,
        **unknown: Never,
    ) -> None:
        if unknown:
            refuse_unknown_keywords(unknown, known=list(inspect.signature(GMM).parameters)[:-1])
        self.K = check_positive_int("K", K)
        self.itr = check_positive_int("itr", itr)
        self.name = check_name(name)
        self.category = category
        self.mode = mode
        self.covariance_type = check_choice("covariance_type", covariance_type, ("full",))
        if not isinstance(prior, Prior | None):
            raise ParameterError(f"prior must be a gmm_rs.Prior, but is {prior!r}")
        self.prior = Prior() if prior is None else prior
        self.n_init = check_positive_int("n_init", n_init)
        self.tol = check_real("tol", tol, at_least=0.0)
        if acceleration is not None:
            check_choice("acceleration", acceleration, ("squarem",))
        self.acceleration = cast(Literal["squarem"] | None, acceleration)
        if random_state is not None and not isinstance(random_state, np.random.Generator | np.random.RandomState):
            random_state = resolve_seed(random_state)
        self.random_state = random_state
        self.num_threads = None if num_threads is None else check_positive_int("num_threads", num_threads)
        self.load_dir = None if load_dir is None else Path(load_dir)
        if self.load_dir is not None:
            self.mode = "recog"
        default_layout = "flat" if load_dir is None else "numbered"
        self.layout = check_choice("layout", default_layout if layout is None else layout, tuple(LAYOUTS))
        self.save = bool(save)
        self.save_dir = Path() if save_dir is None else Path(save_dir)
        self._learnt_model: Model | None = None
        self._n_learnt = 0
        super().__init__(name, learnable=True)  # last: what is refused takes no number

    @property
    def mode(self) -> Mode:
        """What `update` does: "learn" or "recog"."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        try:
            self._mode = cast("Mode", check_choice("mode", mode, ("learn", "recog")))
        except ParameterError as error:
            raise ParameterError(f"{error}; to recognise with the model in a folder, use load_dir=") from None

    @property
    def category(self) -> IntArray | None:
        """The correct class labels, or None; set them anew when the module gets other rows."""
        return self._category

    @category.setter
    def category(self, category: ArrayLike | None) -> None:
        self._category = check_category(category)

    def connect(self, *nodes: UpstreamNode) -> None:
        """Make a node the one whose forward message is this module's data, in place of any before.

        Parameters
        ----------
        *nodes : Module or Observation
            One node.

        Raises
        ------
        TypeError
            If it is not a Serket node; the missing methods are named.
        ParameterError
            If it is not one node.

        Examples
        --------
        >>> from gmm_rs import GMM, serket as srk
        >>> gmm1 = GMM(2, save=False)
        >>> gmm1.connect(srk.Observation([[1.0], [2.0], [8.0], [9.0]]))
        """
        if len(nodes) != 1:
            raise ParameterError(f"{self.get_name()} takes data from exactly one node, but was given {len(nodes)}")
        super().connect(*nodes)

    def update(self) -> None:
        """Learn from the data, or recognise them, as `mode` says; then write the files and send the messages.

        Raises
        ------
        GmmError
            If the module is not connected, or the node before it has no data yet.
        DimensionError
            If data, `category`, message, prior or trained model do not fit each other in their shapes.
        ParameterError
            If data or message are no real numbers.
        NonFiniteError
            If the data hold NaN or infinity.
        ModelFileError
            If recognition finds no model, or none that is sound.
        OSError
            If the files cannot be written; the old ones are complete then.

        Warns
        -----
        StaleMessageWarning
            If the message from downstream is for another number of rows; it is ignored.

        Examples
        --------
        >>> from gmm_rs import GMM, serket as srk
        >>> obs = srk.Observation([[1.0], [2.0], [8.0], [9.0]])
        >>> gmm1 = GMM(2, random_state=0, save=False)
        >>> gmm1.connect(obs)
        >>> gmm1.update()
        >>> gmm1.labels_ == gmm1.labels_[0]
        array([ True,  True, False, False])
        >>> obs.get_backward_msg().shape
        (4, 1)
        """
        X = self._read_data()
        message = read_message(self.get_backward_msg(), len(X), self.K, receiver=self.get_name())
        num_threads = resolve_num_threads(self.num_threads)
        mode, folder = self.mode, ModuleFolder(self.save_dir / self.get_name(), self.layout)
        if self.save:
            folder.check_writable(mode, self._n_learnt)
        try:
            training = self._learn(X, message, num_threads) if mode == "learn" else None
            if training is None:
                model = self._trained_model(folder, n_features=X.shape[1])
            else:
                model = Model(training["weights"], training["means"], training["covariances"])
            results = classify(model, X, message, self.category, num_threads=num_threads)
        except NonFiniteError as error:
            raise NonFiniteError(f"{self.get_name()}: {error}") from None
        if self.save:
            folder.write(
                mode,
                self._n_learnt,
                results,
                model=None if training is None else model,
                log_likelihoods=None if training is None else training["log_likelihoods"],
                num_threads=num_threads,
            )

        self.weights_, self.means_, self.covariances_ = model.weights, model.means, model.covariances
        self.labels_, self.accuracy_ = results.labels, results.accuracy
        if training is not None:
            self.log_likelihoods_, self.lower_bounds_ = training["log_likelihoods"], training["lower_bounds"]
            self.n_iter_, self.converged_ = training["n_iter"], training["converged"]
            self._learnt_model = model
            self._n_learnt += 1
        self.set_forward_msg(results.probabilities)
        self.send_backward_msgs([results.row_means])

    def _read_data(self) -> FloatArray:
        """Check the forward message of the connected node, which is not copied."""
        (node,) = self._connected()
        msg = node.get_forward_msg()
        if msg is None or (isinstance(msg, np.ndarray) and msg.ndim == 0 and msg.item() is None):
            raise GmmError(
                f"{self.get_name()} has no data: {describe(node)} has sent no message yet, "
                f"so call its update() before the one of {self.get_name()}"
            )
        X = check_data(msg, what=f"the data of {self.get_name()}, from {describe(node)},")
        if self.category is not None and len(self.category) != len(X):
            raise DimensionError(
                f"category of {self.get_name()} has {len(self.category)} labels, but the data have {len(X)} rows: "
                f"set the attribute category to one label for each row, or to None"
            )
        return X

    def _learn(self, X: FloatArray, message: Float64Array | None, num_threads: int) -> "_core.FitResult":
        return _core.fit(
            X,
            self.K,
            covariance_type="full",
            max_iter=self.itr,
            tol=self.tol,
            relative_tol=False,
            max_time=None,
            n_init=self.n_init,
            init="kmeans",
            halving=True,
            weights_init=None,
            means_init=None,
            covariances_init=None,
            seed=resolve_seed(self.random_state),
            acceleration=self.acceleration,
            reg_covar=None,
            sample_weight=None,
            log_prior=None if message is None else to_log_prior(message),
            align_to=self._reference(X, message, num_threads),
            observer=None,
            checkpoint=None,
            num_threads=num_threads,
            **self.prior.engine_arguments(n_features=X.shape[1]),
        )

    def _reference(self, X: FloatArray, message: Float64Array | None, num_threads: int) -> Float64Array | None:
        """For each row, how much speaks for each class: the numbers of a fresh start's classes follow it.

        Other modules know the classes by number. The message says which class they mean; where it does not tell
        classes apart, these keep the numbers that they had in the update before.
        """
        previous = self._learnt_model
        if previous is None or (previous.n_components, previous.n_features) != (self.K, X.shape[1]):
            return message
        probabilities = previous.probabilities(X, num_threads=num_threads)
        if message is None:
            return probabilities
        # Only how rows differ tells which class is which, not how probable a class is in all of them.
        reference: Float64Array = message - message.mean(axis=0) + _WEIGHT_OF_PREVIOUS * probabilities
        return reference

    def _trained_model(self, folder: ModuleFolder, *, n_features: int) -> Model:
        if self._learnt_model is not None:
            model, origin = self._learnt_model, "what it has learnt"
        elif self.load_dir is not None:
            model, origin = read_model(self.load_dir, reader=self.get_name()), str(self.load_dir)
        else:
            model, origin = folder.read_model(), str(folder.path)
        model.check_fits(self.K, n_features, reader=self.get_name(), origin=origin)
        return model

    def __getattr__(self, name: str) -> Any:
        """Say what is needed to have a result that is not there yet."""
        if name in _FROM_UPDATE:
            raise NotFittedError(f"{self.get_name()} has no {name} yet: call update() first")
        if name in _FROM_LEARNING:
            raise NotFittedError(f'{self.get_name()} has no {name} yet: call update() with mode "learn" first')
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        """Name, parameters and state in one line."""
        state = "not updated yet"
        if hasattr(self, "labels_"):
            n_features = self.means_.shape[1]
            state = f"{len(self.labels_)} rows of {n_features}"
            if self._n_learnt:
                state += f", {self.n_iter_} iterations{'' if self.converged_ else ', not converged'}"
            if self.accuracy_ is not None:
                state += f", accuracy {self.accuracy_:.3f}"
        return f"<GMM {self.get_name()}: K={self.K}, itr={self.itr}, mode={self.mode!r}; {state}>"
