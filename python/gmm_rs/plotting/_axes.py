"""Where to draw, and in which colours."""

from typing import TYPE_CHECKING

import numpy as np

from gmm_rs._validation import Float64Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F")
"""Colours that the colour-blind tell apart (Okabe & Ito 2008), its yellow and black replaced by a grey."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""Shapes of points, for who doesn't see the colours."""


def axes_to_draw_on(ax: "Axes | None") -> "Axes":
    """`ax`, or the axes of a new figure of pyplot.

    Raises
    ------
    ImportError
        If matplotlib is not installed; the message names the extra.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            "gmm_rs.plotting draws with matplotlib, which cannot be imported: pip install 'gmm-rs[plot]'"
        ) from error
    return plt.subplots(layout="constrained")[1]


def count_along_x(ax: "Axes", what: str) -> None:
    """Let the horizontal axis show whole numbers of something."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    ax.set_xlabel(what)


def component_colours(n_components: int) -> Float64Array:
    """A colour for each component, as red, green and blue in [0, 1]: shape (n_components, 3).

    After the last colour of the palette follow the same ones darker, then lighter; 21 in all, which then start anew.
    Component k has the same colour whatever the number of components.
    """
    palette = np.array([[int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)] for code in PALETTE])
    shades = np.concatenate([palette, 0.55 * palette, 0.5 + 0.5 * palette])
    return shades[np.arange(n_components) % len(shades)]
