"""Ellipses of the components over the data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gmm_rs._validation import Float64Array, FloatArray, check_data, check_positive_int, check_real
from gmm_rs.exceptions import DimensionError, ParameterError
from gmm_rs.plotting._axes import axes_to_draw_on, component_colours
from gmm_rs.plotting._model import (
    MixtureLike,
    feature_names_of,
    marginal_covariances,
    most_probable_components,
    shape_of,
    two_columns,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_components(
    model: MixtureLike,
    X: ArrayLike | None = None,
    *,
    features: Sequence[int | str] = (0, 1),
    n_std: float | Sequence[float] = (1.0, 2.0),
    labels: ArrayLike | None = None,
    max_points: int = 10_000,
    ax: "Axes | None" = None,
) -> "Axes":
    r"""Draw the components of a mixture as ellipses, over data in the colours of their components.

    An ellipse is where the marginal of component k on two features has the Mahalanobis distance `n_std` from its mean,

    .. math:: (x - \mu_k)^\top \Sigma_k^{-1} (x - \mu_k) = \mathtt{n\_std}^2,

    so that about 39 % of the rows of a Gaussian component lie within 1, 86 % within 2 and 99 % within 3. The number of
    the component stands at its mean.

    Parameters
    ----------
    model : GMM, GaussianMixture or the like
        Fitted: with `weights_`, `means_`, `covariances_` and `covariance_type`.
    X : array-like of shape (n_samples, n_features), optional
        Rows to draw as points, with all features of the model, as these decide about the component.
    features : pair of int or str
        The features on the two axes: their numbers, or their names where the model has `feature_names_in_`.
    n_std : float or sequence of float
        How many standard deviations from the mean the ellipses of each component are.
    labels : array-like of shape (n_samples,), optional
        The component of each row of `X`, such as `gmm_rs.GMM.labels_`; it gives the colour. Default: the most
        probable one under the model.
    max_points : int
        Of more rows than this, so many are drawn, chosen at random but the same ones each time.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Default: the axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    NotFittedError
        If the model has no parameters yet.
    DimensionError
        If `X` or `labels` do not fit the model or each other, or the model has one feature only.
    ParameterError
        If `features`, `n_std`, `labels` or `max_points` is out of its domain.

    Examples
    --------
    Three components, each with an ellipse at one and one at two standard deviations:

    .. plot::

        >>> import numpy as np
        >>> from gmm_rs import GMM, plotting
        >>> from gmm_rs import serket as srk
        >>> rng = np.random.default_rng(0)
        >>> means = np.array([[0, 0], [3, 1], [1, 4]])
        >>> X = means[rng.integers(3, size=600)] + rng.normal(size=(600, 2)) @ [[1, 0.4], [0, 0.5]]
        >>> gmm = GMM(3, random_state=0, save=False)
        >>> gmm.connect(srk.Observation(X))
        >>> gmm.update()
        >>> ax = plotting.plot_components(gmm, X)
        >>> len(ax.patches)
        6
    """
    n_components, _ = shape_of(model)
    names = feature_names_of(model)
    columns = two_columns(features, names)
    distances = [check_real("n_std", distance, above=0.0) for distance in np.atleast_1d(n_std).tolist()]
    points = _points(model, X, labels, check_positive_int("max_points", max_points))
    ax = axes_to_draw_on(ax)

    colours = component_colours(n_components)
    if points is not None:
        rows, components = points
        _draw_points(ax, rows[:, columns], colours[components])
    parameters = zip(model.means_[:, columns], marginal_covariances(model, columns), colours, strict=True)
    for k, (mean, covariance, colour) in enumerate(parameters):
        _draw_ellipses(ax, mean, covariance, distances, colour)
        _draw_number(ax, k, mean, colour)
    ax.autoscale_view()
    ax.set(xlabel=names[columns[0]], ylabel=names[columns[1]])
    return ax


def _points(
    model: MixtureLike, X: ArrayLike | None, labels: ArrayLike | None, max_points: int
) -> tuple[FloatArray, NDArray[np.int64]] | None:
    """The rows to draw and their components, in random order: so no component hides those before it."""
    if X is None:
        if labels is not None:
            raise ParameterError("labels say the components of the rows of X, but no X was given")
        return None
    n_components, n_features = shape_of(model)
    rows = check_data(X, what="X")
    if rows.shape[1] != n_features:
        raise DimensionError(f"X has {rows.shape[1]} features, but the model has {n_features}: pass all of them")
    chosen = np.random.default_rng(0).permutation(len(rows))[:max_points]
    if labels is None:
        return rows[chosen], most_probable_components(model, rows[chosen])
    components = np.asarray(labels)
    if components.shape != (len(rows),):
        raise DimensionError(f"labels must have shape ({len(rows)},), one for each row, but has {components.shape}")
    if components.dtype.kind not in "iu" or components.min() < 0 or components.max() >= n_components:
        raise ParameterError(f"labels must be integers in [0, {n_components}), numbers of the model's components")
    return rows[chosen], components[chosen]


def _draw_points(ax: "Axes", rows: FloatArray, colours: Float64Array) -> None:
    """Points that are the smaller and the fainter the more they are."""
    n = len(rows)
    size, opacity = float(np.clip(6_000 / n, 3.0, 16.0)), float(np.clip(20 / np.sqrt(n), 0.35, 0.6))
    # One picture instead of thousands of shapes, where the figure is saved as PDF or SVG.
    ax.scatter(rows[:, 0], rows[:, 1], s=size, c=colours, alpha=opacity, linewidths=0, rasterized=True)


def _draw_ellipses(
    ax: "Axes", mean: Float64Array, covariance: Float64Array, distances: list[float], colour: Float64Array
) -> None:
    """Contours of one component: their axes are the eigenvectors, as long as the roots of the eigenvalues."""
    from matplotlib.patches import Ellipse

    variances, axes = np.linalg.eigh(covariance)
    height, width = 2 * np.sqrt(np.maximum(variances, 0.0))  # rounding may leave a 0 below 0
    angle = np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))
    style = {"facecolor": (*colour, 0.12), "edgecolor": 0.8 * colour, "linewidth": 1.5, "zorder": 2}
    for distance in distances:
        ax.add_patch(Ellipse(tuple(mean), distance * width, distance * height, angle=angle, **style))


def _draw_number(ax: "Axes", k: int, mean: Float64Array, colour: Float64Array) -> None:
    """The number of a component at its mean, in a disc."""
    disc = {"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": 0.8 * colour, "linewidth": 1.2}
    ax.annotate(str(k), tuple(mean), ha="center", va="center", fontsize="small", color="0.2", bbox=disc)
