"""What the commands tell of a model, to people and to machines."""

import json
import math
from typing import Any

import numpy as np

from gmm_rs.mixture import GaussianMixture

_FEATURES_SHOWN = 6


def print_json(content: dict[str, Any]) -> None:
    """One object on standard output; numbers that JSON does not have become null."""
    print(json.dumps(_plain(content), allow_nan=False))


def model_summary(mixture: GaussianMixture) -> dict[str, Any]:
    """What is known of a fitted mixture, without its covariances."""
    names = getattr(mixture, "feature_names_in_", None)
    return {
        "n_components": len(mixture.means_),
        "covariance_type": mixture.covariance_type,
        "n_features": mixture.means_.shape[1],
        "feature_names": None if names is None else list(names),
        "n_parameters": mixture.n_parameters_,
        "converged": getattr(mixture, "converged_", None),
        "n_iter": getattr(mixture, "n_iter_", None),
        "mean_log_likelihood": getattr(mixture, "lower_bound_", None),
        "weights": mixture.weights_,
        "means": mixture.means_,
    }


def print_model(mixture: GaussianMixture) -> None:
    """The same for people: two sentences and a table of the components."""
    n_components, n_features = mixture.means_.shape
    print(
        f"{counted(n_components, 'component')}, {mixture.covariance_type} covariances, "
        f"{counted(n_features, 'feature')}; {mixture.n_parameters_} parameters"
    )
    if hasattr(mixture, "n_iter_"):
        state = "converged after" if mixture.converged_ else "not converged after"
        print(f"{state} {counted(mixture.n_iter_, 'iteration')}; log-likelihood {mixture.lower_bound_:.6g} nats a row")
    names = feature_names(mixture)[:_FEATURES_SHOWN]
    widths = [max(len(name), 10) for name in names]
    head = "  ".join(f"{name:>{width}}" for name, width in zip(names, widths, strict=True))
    more = f"  (mean; {n_features - _FEATURES_SHOWN} more features)" if n_features > _FEATURES_SHOWN else "  (mean)"
    print(f"\ncomponent  weight  {head}{more}")
    for k, (weight, mean) in enumerate(zip(mixture.weights_, mixture.means_, strict=True)):
        shown = "  ".join(f"{value:>{width}.6g}" for value, width in zip(mean, widths, strict=False))
        print(f"{k:>9}  {weight:6.4f}  {shown}")


def feature_names(mixture: GaussianMixture) -> list[str]:
    """Names of the features, made up if the model has none."""
    names = getattr(mixture, "feature_names_in_", None)
    return [f"x{i + 1}" for i in range(mixture.means_.shape[1])] if names is None else list(names)


def counted(number: int, noun: str) -> str:
    """A number and what it counts.

    Examples
    --------
    >>> counted(1, "row"), counted(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
