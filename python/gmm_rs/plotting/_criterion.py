"""An information criterion over the number of components."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import ArrayLike

from gmm_rs._validation import check_choice
from gmm_rs.exceptions import ParameterError
from gmm_rs.plotting._axes import MARKERS, PALETTE, axes_to_draw_on, count_along_x

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curves: TypeAlias = dict[str, dict[int, float]]
"""For each covariance type, the criterion by number of components."""
_CRITERIA = ("bic", "aic", "icl", "held-out")


def plot_criterion(
    models: Iterable[Any] | Mapping[str, Mapping[int, float]],
    X: ArrayLike | None = None,
    *,
    criterion: str = "bic",
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw an information criterion over the number of components, a line for each covariance type.

    A ring marks the smallest value of all, which is the model to choose; the largest of "held-out".

    Parameters
    ----------
    models : iterable of GaussianMixture, or mapping
        Fitted models; of several with as many components and the same covariance type, the best counts. Or the
        values themselves: for each covariance type, a mapping from the number of components to the criterion. NaN
        leaves a gap.
    X : array-like of shape (n_samples, n_features), optional
        The rows that the models are judged by, as a rule those they were fitted to. Needed unless values are given.
    criterion : {"bic", "aic", "icl", "held-out"}
        Which method of the models is called; with values, what the axis says. The log-likelihood of held-out rows can
        only be given as values: see `gmm_rs.select`.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Default: the axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ParameterError
        If `criterion` is unknown, there is nothing to draw, a model has no such method, or `X` is missing.

    Examples
    --------
    >>> from gmm_rs import plotting
    >>> values = {"full": {1: 830.0, 2: 574.0, 3: 581.0}, "tied": {1: 830.0, 2: 688.0, 3: 633.0}}
    >>> ax = plotting.plot_criterion(values)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['full', 'tied']
    """
    check_choice("criterion", criterion, _CRITERIA if isinstance(models, Mapping) else _CRITERIA[:3])
    curves = _given(models) if isinstance(models, Mapping) else _computed(models, X, criterion)
    if all(math.isnan(value) for curve in curves.values() for value in curve.values()):
        raise ParameterError("there is nothing to draw: models must hold at least one model or value")
    ax = axes_to_draw_on(ax)
    for i, (covariance_type, values) in enumerate(curves.items()):
        sizes = sorted(values)
        colour, marker = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
        ax.plot(sizes, [values[size] for size in sizes], label=covariance_type, color=colour, marker=marker)
    _mark_best(ax, curves, maximise=criterion == "held-out")
    count_along_x(ax, "number of components")
    ax.set_ylabel("held-out log-likelihood (nats a row)" if criterion == "held-out" else criterion.upper())
    ax.legend(title="covariances")
    return ax


def _given(values: Mapping[str, Mapping[int, float]]) -> Curves:
    return {name: {int(size): float(value) for size, value in curve.items()} for name, curve in values.items()}


def _computed(models: Iterable[Any], X: ArrayLike | None, criterion: str) -> Curves:
    if X is None:
        raise ParameterError(f"X is missing: {criterion} judges a model by rows, as a rule those it was fitted to")
    curves: Curves = {}
    for model in models:
        method = getattr(model, criterion, None)
        if method is None:
            raise ParameterError(
                f"a {type(model).__name__} has no method {criterion}: use gmm_rs.GaussianMixture, or pass the values"
            )
        curve = curves.setdefault(model.covariance_type, {})
        curve[model.n_components] = min(method(X), curve.get(model.n_components, float("inf")))
    return curves


def _mark_best(ax: "Axes", curves: Curves, *, maximise: bool) -> None:
    points = [(value, size) for curve in curves.values() for size, value in curve.items() if not math.isnan(value)]
    value, size = min(points, key=lambda point: (-point[0] if maximise else point[0], point[1]))
    ax.plot(size, value, marker="o", markersize=14, markerfacecolor="none", markeredgecolor="0.25", linestyle="none")
