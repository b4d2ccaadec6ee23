"""Where mixtures come from beside a fit, and where they go to: parameters, scikit-learn, files."""

from os import PathLike
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from gmm_rs.exceptions import DimensionError
from gmm_rs.mixture._arrays import check_matrices, check_means, check_weights, precisions_of
from gmm_rs.mixture._fitted import FittedMixture
from gmm_rs.mixture._settings import check_covariance_type
from gmm_rs.mixture._sklearn_conversion import fitted_attributes, parameters_from_sklearn, to_sklearn
from gmm_rs.mixture._store import ARRAYS, StoredMixture, read_mixture, write_mixture

if TYPE_CHECKING:
    import sklearn.mixture

_RESULTS = ("converged_", "n_iter_", "lower_bound_", "lower_bounds_")


class PortableMixture(FittedMixture):
    """The methods of a mixture that convert it."""

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
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([0.5, 0.5], [[0.0], [9.0]], [1.0, 1.0], "spherical")
        >>> mixture.predict([[8.0], [-1.0]])
        array([1, 0])
        """
        kind = check_covariance_type(covariance_type)
        shape = np.shape(means)
        if len(shape) != 2 or 0 in shape:
            raise DimensionError(f"means must have the shape (n_components, n_features), but has {shape}")
        self = cls().set_params(n_components=shape[0], covariance_type=kind)
        self._set_mixture(
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

        Examples
        --------
        >>> import numpy as np
        >>> import sklearn.mixture
        >>> from gmm_rs import GaussianMixture
        >>> X = np.random.default_rng(0).normal(size=(50, 2))
        >>> theirs = sklearn.mixture.GaussianMixture(2, random_state=0).fit(X)
        >>> ours = GaussianMixture.from_sklearn(theirs)
        >>> bool((ours.predict(X) == theirs.predict(X)).all())
        True
        """
        attributes = fitted_attributes(model)
        self = cls().set_params(**parameters_from_sklearn(model, set(cls._defaults())))
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

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [2.0], "spherical")
        >>> mixture.to_sklearn().covariances_
        array([2.])
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
        >>> from gmm_rs import GaussianMixture
        >>> mixture = GaussianMixture.from_parameters([1.0], [[0.0]], [2.0], "spherical")
        >>> mixture.save("mixture.npz")
        >>> GaussianMixture.load("mixture.npz").covariances_
        array([2.])
        """
        self._check_fitted()
        results = {name: getattr(self, name) for name in _RESULTS if hasattr(self, name)}
        if hasattr(self, "feature_names_in_"):
            results["feature_names_in_"] = list(self.feature_names_in_)
        plain = {
            name: value.item() if isinstance(value, np.generic) else value for name, value in self.get_params().items()
        }
        write_mixture(
            path,
            StoredMixture(
                covariance_type=self._covariance_type(),
                arrays={name: np.asarray(getattr(self, f"{name}_")) for name in ARRAYS},
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

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> GaussianMixture.from_parameters([1.0], [[0.0]], [2.0], "spherical").save("mixture.npz")
        >>> GaussianMixture.load("mixture.npz").means_
        array([[0.]])
        """
        stored = read_mixture(path)
        known = {name: value for name, value in stored.parameters.items() if name in cls._defaults()}
        self = cls().set_params(**known).set_params(covariance_type=stored.covariance_type)
        for name, array in stored.arrays.items():
            setattr(self, f"{name}_", array)
        self.precisions_ = precisions_of(self.precisions_cholesky_, stored.covariance_type)
        self.n_features_in_ = int(self.means_.shape[1])
        for name in _RESULTS:
            if name in stored.results:
                setattr(self, name, stored.results[name])
        if "feature_names_in_" in stored.results:
            self.feature_names_in_ = np.asarray(stored.results["feature_names_in_"], dtype=object)
        return self
