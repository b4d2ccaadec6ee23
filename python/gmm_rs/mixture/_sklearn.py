"""What scikit-learn asks of an estimator, without its base class: it imports nothing of it before it is asked.

Parameters are those of the constructor (get_params, set_params, clone), tags say what the estimator is, requests say
which arguments beside X a meta-estimator such as a pipeline shall pass on.
"""

import inspect
import sys
from typing import TYPE_CHECKING, Any, Self

from gmm_rs import exceptions
from gmm_rs.exceptions import ParameterError

if TYPE_CHECKING:
    from sklearn.utils import Tags
    from sklearn.utils.metadata_routing import MetadataRequest

_UNCHANGED = "$UNCHANGED$"
"""scikit-learn's word for a request that stays as it is."""
_METADATA = {
    "fit": ("sample_weight", "class_prior"),
    "partial_fit": ("sample_weight", "class_prior"),
    "predict": ("class_prior",),
    "predict_proba": ("class_prior",),
    "predict_log_proba": ("class_prior",),
    "score": ("sample_weight", "class_prior"),
}
"""The arguments beside X that a meta-estimator can pass on."""


def not_fitted_error(message: str) -> exceptions.NotFittedError:
    """Our exception, which is scikit-learn's of that name too where that is loaded and somebody may catch it."""
    if "sklearn.exceptions" in sys.modules:
        from gmm_rs.mixture import _sklearn_exceptions

        return _sklearn_exceptions.NotFittedError(message)
    return exceptions.NotFittedError(message)


def convergence_warning() -> type[exceptions.ConvergenceWarning]:
    """Our class of warnings, which is scikit-learn's of that name too where that is loaded."""
    if "sklearn.exceptions" in sys.modules:
        from gmm_rs.mixture import _sklearn_exceptions

        return _sklearn_exceptions.ConvergenceWarning
    return exceptions.ConvergenceWarning


class ScikitLearnEstimator:
    """An estimator whose parameters are the keyword arguments of its constructor, which stores them as they are."""

    _requests: dict[str, dict[str, bool | str | None]]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the constructor.

        Parameters
        ----------
        deep : bool
            No parameter is an estimator, so this makes no difference.

        Returns
        -------
        dict
            Values by name.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> GaussianMixture(3).get_params()["n_components"]
        3
        """
        return {name: getattr(self, name) for name in self._defaults()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the constructor.

        Parameters
        ----------
        **params
            Values by name; they are checked by the next `fit`.

        Returns
        -------
        self

        Raises
        ------
        ParameterError
            If there is no parameter of a name.

        Examples
        --------
        >>> from gmm_rs import GaussianMixture
        >>> GaussianMixture(3).set_params(covariance_type="diag", tol=1e-4)
        GaussianMixture(n_components=3, covariance_type='diag', tol=0.0001)
        """
        names = self._defaults().keys()
        for name in params:
            if name not in names:
                raise ParameterError(
                    f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: {sorted(names)}."
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """The call that makes such an estimator, without the parameters that have their default."""
        changed = {
            name: getattr(self, name)
            for name, default in self._defaults().items()
            if repr(getattr(self, name)) != repr(default)
        }
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def __sklearn_tags__(self) -> "Tags":
        """Say to scikit-learn what kind of estimator this is."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type="density_estimator", target_tags=TargetTags(required=False))

    def get_metadata_routing(self) -> "MetadataRequest":
        """Which arguments beside X scikit-learn's meta-estimators shall pass on to which method.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRequest
        """
        from sklearn.utils.metadata_routing import MetadataRequest

        request = MetadataRequest(owner=type(self).__name__)
        for method, names in _METADATA.items():
            chosen = getattr(self, "_requests", {}).get(method, {})
            for name in names:
                getattr(request, method).add_request(param=name, alias=chosen.get(name))
        return request

    def set_fit_request(
        self, *, sample_weight: bool | str | None = _UNCHANGED, class_prior: bool | str | None = _UNCHANGED
    ) -> Self:
        """Choose what scikit-learn's meta-estimators pass on to `fit`: True, False, None (an error) or another name."""
        return self._request("fit", sample_weight=sample_weight, class_prior=class_prior)

    def set_partial_fit_request(
        self, *, sample_weight: bool | str | None = _UNCHANGED, class_prior: bool | str | None = _UNCHANGED
    ) -> Self:
        """Choose what scikit-learn's meta-estimators pass on to `partial_fit`."""
        return self._request("partial_fit", sample_weight=sample_weight, class_prior=class_prior)

    def set_predict_request(self, *, class_prior: bool | str | None = _UNCHANGED) -> Self:
        """Choose what scikit-learn's meta-estimators pass on to `predict`."""
        return self._request("predict", class_prior=class_prior)

    def set_predict_proba_request(self, *, class_prior: bool | str | None = _UNCHANGED) -> Self:
        """Choose what scikit-learn's meta-estimators pass on to `predict_proba`."""
        return self._request("predict_proba", class_prior=class_prior)

    def set_predict_log_proba_request(self, *, class_prior: bool | str | None = _UNCHANGED) -> Self:
        """Choose what scikit-learn's meta-estimators pass on to `predict_log_proba`."""
        return self._request("predict_log_proba", class_prior=class_prior)

    def set_score_request(
        self, *, sample_weight: bool | str | None = _UNCHANGED, class_prior: bool | str | None = _UNCHANGED
    ) -> Self:
        """Choose what scikit-learn's meta-estimators pass on to `score`."""
        return self._request("score", sample_weight=sample_weight, class_prior=class_prior)

    def __sklearn_clone__(self) -> Self:
        """An estimator with copies of the parameters and the same requests, not fitted."""
        from sklearn.base import clone

        copied = type(self)(**{name: clone(value, safe=False) for name, value in self.get_params().items()})
        if hasattr(self, "_requests"):
            copied._requests = {method: dict(chosen) for method, chosen in self._requests.items()}
        return copied

    def _request(self, method: str, **choices: bool | str | None) -> Self:
        requests = {name: dict(chosen) for name, chosen in getattr(self, "_requests", {}).items()}
        changed = {name: choice for name, choice in choices.items() if choice != _UNCHANGED}
        requests[method] = requests.get(method, {}) | changed
        self._requests = requests
        return self

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """Parameters of the constructor with their defaults."""
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return {parameter.name: parameter.default for parameter in parameters}
