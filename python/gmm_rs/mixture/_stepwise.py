"""Learning from data that arrive in pieces, each of which is seen once: stepwise EM.

After piece number t, the statistics that the parameters follow from are

    s ← (1 − η_t) s + η_t s(piece) / weight(piece),  η_t = (t + learning_offset)^−learning_decay

(Cappé & Moulines 2009; Liang & Klein 2009). Both are taken about the means of the mixture at that time:
`SufficientStats.about` moves the first there, in which a difference of means is all that counts.
"""

from abc import abstractmethod
from typing import Self

from numpy.typing import ArrayLike

from gmm_rs._validation import check_data
from gmm_rs.exceptions import DimensionError, ParameterError
from gmm_rs.mixture._arrays import covariances_shape
from gmm_rs.mixture._evaluation import EvaluatedMixture
from gmm_rs.mixture._fitted import as_float64
from gmm_rs.mixture._settings import Settings
from gmm_rs.mixture._statistics import SufficientStats


class StepwiseMixture(EvaluatedMixture):
    """A mixture that learns piece by piece."""

    n_steps_: int
    statistics_: SufficientStats
    lower_bound_: float

    def partial_fit(
        self,
        X: ArrayLike,
        y: object = None,
        sample_weight: ArrayLike | None = None,
        class_prior: ArrayLike | None = None,
    ) -> Self:
        """Learn from one more piece of the data, by a step of stepwise EM.

        If there is no mixture yet, it is fitted to the piece as `fit` does. From then on, also after `fit`, `load` or
        `from_parameters`, a piece moves what is remembered, `statistics_`, towards its own statistics, and the
        parameters follow. The size of step t = 1, 2, … is

            η_t = (t + `learning_offset`)^−`learning_decay`

        (Cappé & Moulines 2009; Liang & Klein 2009). A piece counts the same whatever its number of rows: pieces of
        about equal size do best, of at least some rows for each component. With a decay of 0 every step is an iteration
        of EM on that piece alone. With a decay of 1 and an offset of 1 all pieces, and what there was at the beginning,
        have the same influence. Decays in between forget early pieces, which belong to poor parameters; a large offset
        with a small decay gives a nearly constant step, for data that change.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            At least `n_components` rows in the first piece, at least one afterwards.
        y : object
            Not used.
        sample_weight : array-like of shape (n_samples,), optional
            How often each row counts beside the others of this piece.
        class_prior : array-like of shape (n_samples, n_components), optional
            What is known of each row's component; see `fit`.

        Returns
        -------
        self
            `lower_bound_` is the mean log-likelihood of the rows of this piece under the parameters of before, in nats.
            What else a fit leaves (`n_iter_`, `converged_`, `restarts_`) stays that of the beginning.

        Raises
        ------
        DimensionError
            If the first piece has too few rows, or another piece another number of features.
        ParameterError, DataTypeError, NonFiniteError, DegenerateCovarianceError
            As in `fit`. The mixture is then what it was before.

        Warns
        -----
        ConvergenceWarning
            If the fit to the first piece did not converge.

        Examples
        --------
        >>> import numpy as np
        >>> from gmm_rs import GaussianMixture
        >>> rng = np.random.default_rng(0)
        >>> mixture = GaussianMixture(2, random_state=0)
        >>> for _ in range(50):
        ...     mixture = mixture.partial_fit(rng.normal([[0.0], [10.0]] * 20))
        >>> mixture.n_steps_, mixture.statistics_.n_rows
        (49, 2000)
        >>> sorted(mixture.means_.ravel().round().astype(int).tolist())
        [0, 10]
        """
        settings = self._settings()
        if not hasattr(self, "means_"):
            _check_first_piece(X, settings.n_components)
            self._fit(X, sample_weight, class_prior)
            first = SufficientStats.from_rows(self, X, sample_weight, class_prior)
            self.statistics_, self.n_steps_ = first.scaled(1.0 / first.total_weight), 0
            return self
        self._check_unchanged(settings)
        self._step(settings, SufficientStats.from_rows(self, X, sample_weight, class_prior))
        return self

    @abstractmethod
    def _settings(self) -> Settings:
        """The parameters, checked."""

    @abstractmethod
    def _fit(self, X: object, sample_weight: object, class_prior: object) -> None:
        """Begin anew, with these rows."""

    def _check_unchanged(self, settings: Settings) -> None:
        n_components, n_features = self.means_.shape
        shape = covariances_shape(settings.covariance_type, settings.n_components, n_features)
        if settings.n_components != n_components or self.covariances_.shape != shape:
            raise ParameterError(
                f"partial_fit goes on from {n_components} components and covariances of shape "
                f"{self.covariances_.shape}, but n_components is {settings.n_components} and covariance_type "
                f"{settings.covariance_type!r} now: fit() begins anew"
            )

    def _step(self, settings: Settings, piece: SufficientStats) -> None:
        """Move towards the statistics of a piece under the parameters that are there."""
        before = self.statistics_ if hasattr(self, "statistics_") else SufficientStats.from_model(self)
        step = getattr(self, "n_steps_", 0) + 1
        eta = (step + settings.learning_offset) ** -settings.learning_decay
        after = before.about(piece.anchors).scaled(1.0 - eta).add(piece.scaled(eta / piece.total_weight))
        self._set_mixture(*after._maximised(settings.reg_covar), self.means_.dtype)
        self.statistics_, self.n_steps_ = after.about(as_float64(self.means_)), step
        self.lower_bound_ = piece.log_likelihood / piece.total_weight

    def _forget_pieces(self) -> None:
        """What a fit has found does not come from pieces."""
        for name in ("statistics_", "n_steps_"):
            self.__dict__.pop(name, None)


def _check_first_piece(X: object, n_components: int) -> None:
    n_samples = len(check_data(X, what="X"))
    needed = max(n_components, 2)
    if n_samples < needed:
        raise DimensionError(
            f"the first piece of partial_fit has {n_samples} sample(s), but {needed} are needed to begin with "
            f"n_components = {n_components}: begin with a larger piece, or with from_parameters()"
        )
