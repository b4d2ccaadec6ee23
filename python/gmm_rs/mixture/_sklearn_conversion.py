"""To and from the class of the same name in scikit-learn."""

from typing import TYPE_CHECKING, Any

import numpy as np

from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture._fitted import FittedMixture
from gmm_rs.mixture._sklearn import not_fitted_error

if TYPE_CHECKING:
    import sklearn.mixture

_FITTED = (
    "weights_",
    "means_",
    "covariances_",
    "precisions_",
    "precisions_cholesky_",
    "converged_",
    "n_iter_",
    "lower_bound_",
    "lower_bounds_",
    "n_features_in_",
    "feature_names_in_",
)
_SKLEARN_STARTS = ("kmeans", "k-means++", "random", "random_from_data")
_SKLEARN_REG_COVAR = 1e-6


def fitted_attributes(model: Any) -> dict[str, Any]:
    """Copies of the fitted attributes that both classes have.

    Raises
    ------
    ParameterError
        If `model` is no Gaussian mixture of scikit-learn's kind.
    NotFittedError
        If it is not fitted.
    """
    if "GaussianMixture" not in [kind.__name__ for kind in type(model).__mro__]:
        raise ParameterError(f"a sklearn.mixture.GaussianMixture is needed, but {type(model).__name__} was given")
    if not hasattr(model, "precisions_cholesky_"):
        raise not_fitted_error("This GaussianMixture instance is not fitted yet: call its fit() before the conversion")
    values = {name: getattr(model, name) for name in _FITTED if hasattr(model, name)}
    return {name: np.array(value) if isinstance(value, np.ndarray) else value for name, value in values.items()}


def parameters_from_sklearn(model: Any, known: set[str]) -> dict[str, Any]:
    """Parameters of the constructor that `model` has and we know."""
    return {name: value for name, value in model.get_params(deep=False).items() if name in known}


def to_sklearn(model: FittedMixture) -> "sklearn.mixture.GaussianMixture":
    """A fitted ``sklearn.mixture.GaussianMixture`` with copies of the arrays of `model`.

    Raises
    ------
    NotFittedError
        If `model` is not fitted.
    ImportError
        If scikit-learn is not installed.
    """
    attributes = fitted_attributes(model)
    try:
        from sklearn.mixture import GaussianMixture
    except ImportError as error:
        raise ImportError('to_sklearn() needs scikit-learn: pip install "gmm-rs[sklearn]"') from error
    converted = GaussianMixture()
    parameters = parameters_from_sklearn(model, set(converted.get_params()))
    if parameters["reg_covar"] == "auto":
        parameters["reg_covar"] = _SKLEARN_REG_COVAR
    if not (isinstance(parameters["init_params"], str) and parameters["init_params"] in _SKLEARN_STARTS):
        parameters["init_params"] = "kmeans"
    if isinstance(parameters["random_state"], np.random.Generator):
        parameters["random_state"] = None
    converted.set_params(**parameters)
    for name, value in attributes.items():
        setattr(converted, name, value)
    return converted
