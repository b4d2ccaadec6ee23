"""The lower bound, iteration by iteration."""

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike

from gmm_rs.exceptions import NotFittedError
from gmm_rs.plotting._axes import PALETTE, axes_to_draw_on, count_along_x

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class FitTrace(Protocol):
    """How a fit went."""

    lower_bounds_: ArrayLike
    converged_: bool


def plot_lower_bound(model: FitTrace, *, label: str | None = None, ax: "Axes | None" = None) -> "Axes":
    """Draw what EM maximises after each of its iterations.

    That is the mean log-likelihood of a row, plus the log-density of the prior where there is one. It never falls. A
    disc marks the end of a fit that converged, a cross that of one which ran out of iterations. Several fits may be
    drawn on the same axes, each with a `label`.

    Parameters
    ----------
    model : GMM, GaussianMixture or the like
        Fitted: with `lower_bounds_` and `converged_`.
    label : str, optional
        What a legend calls this fit.
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
        If the model has not been fitted yet.

    Examples
    --------
    Plain and accelerated EM from the same start:

    .. plot::

        >>> import numpy as np
        >>> from gmm_rs import GMM, plotting
        >>> from gmm_rs import serket as srk
        >>> rng = np.random.default_rng(0)
        >>> obs = srk.Observation(rng.normal(size=(600, 2)) + 2 * rng.integers(3, size=(600, 1)))
        >>> ax = None
        >>> for acceleration in (None, "squarem"):
        ...     gmm = GMM(3, n_init=1, acceleration=acceleration, random_state=0, save=False)
        ...     gmm.connect(obs)
        ...     gmm.update()
        ...     ax = plotting.plot_lower_bound(gmm, label=acceleration or "plain EM", ax=ax)
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['plain EM', 'squarem']
    """
    if not hasattr(model, "lower_bounds_"):
        raise NotFittedError(f"this {type(model).__name__} has no lower_bounds_ yet: fit it first")
    bounds = np.asarray(model.lower_bounds_, dtype=np.float64)
    ax = axes_to_draw_on(ax)
    iterations = np.arange(1, len(bounds) + 1)
    colour = PALETTE[len(ax.lines) % len(PALETTE)]
    end = "o" if model.converged_ else "X"
    ax.plot(iterations, bounds, label=label, color=colour, marker=end, markevery=[len(bounds) - 1])
    count_along_x(ax, "iteration")
    ax.set_ylabel("lower bound (nats a row)")
    if label is not None:
        ax.legend()
    return ax
