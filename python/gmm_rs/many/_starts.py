"""Parameters that the fits of many data sets begin with: the same for all, or others for each."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from gmm_rs._validation import Float64Array, check_float64
from gmm_rs.exceptions import DimensionError, GmmError
from gmm_rs.many._datasets import attempt
from gmm_rs.mixture._arrays import check_means, check_weights, covariances_shape
from gmm_rs.mixture._settings import Settings
from gmm_rs.mixture._start import read_precisions

Check: TypeAlias = Callable[..., Float64Array]
"""Of a value, the number of features, and `n_sets` if the value has those of so many data sets."""


class Initial(NamedTuple):
    """One parameter of the starts, with an entry for each data set."""

    given: Sequence[Any]
    checked: Sequence[Float64Array | GmmError | None]


class Starts(NamedTuple):
    """Parameters that the fits begin with."""

    weights: Initial
    means: Initial
    covariances: Initial
    """Given as precisions."""


def read_starts(
    settings: Settings, widths: list[int | None], *, weights_init: object, means_init: object, precisions_init: object
) -> Starts:
    """The starts, each array checked against its data set.

    Parameters
    ----------
    settings : Settings
    widths : list of (int or None)
        Number of features of each data set; None for one that could not be read, whose start doesn't matter.
    weights_init, means_init, precisions_init : array-like or None
        As `gmm_rs.GaussianMixture` takes them, or with one more axis, or a list, for each data set its own.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError, DegenerateCovarianceError
        If what is given for all is wrong. What is wrong with one of many is found in its place.
    """
    k = settings.n_components
    axes_of_precisions = len(covariances_shape(settings.covariance_type, 1, 1))

    def weights(value: object, _: int, **n_sets: int) -> Float64Array:
        return check_weights(value, k, **n_sets)

    def means(value: object, width: int, **n_sets: int) -> Float64Array:
        return check_means(value, k, width, **n_sets)

    def covariances(value: object, width: int, **n_sets: int) -> Float64Array:
        return read_precisions(value, settings, width, **n_sets)

    return Starts(
        _read("weights_init", weights_init, 1, widths, weights),
        _read("means_init", means_init, 2, widths, means),
        _read("precisions_init", precisions_init, axes_of_precisions, widths, covariances),
    )


def _read(name: str, value: Any, ndim: int, widths: list[int | None], check: Check) -> Initial:
    n_sets = len(widths)
    if value is None:
        return Initial([None] * n_sets, [None] * n_sets)
    distinct = sorted({width for width in widths if width is not None})
    stack = _rectangular(name, value)
    if stack is not None and stack.ndim == ndim:
        of_width = {width: check(stack, width) for width in distinct}
        return Initial([value] * n_sets, [None if width is None else of_width[width] for width in widths])
    given: list[Any] = list(value) if stack is None else list(np.atleast_1d(stack))
    if len(given) != n_sets or (stack is not None and stack.ndim != ndim + 1):
        found = f"an entry for each of {len(given)}" if stack is None else f"shape {stack.shape}"
        raise DimensionError(
            f"{name} must have {ndim} dimension(s), for all data sets, or one more, for each of the {n_sets} data sets "
            f"its own, but has {found}"
        )
    if stack is not None and len(distinct) == 1:
        together = attempt(partial(check, stack, distinct[0], n_sets=n_sets))
        if not isinstance(together, GmmError):
            return Initial(given, list(together))
    # Something is wrong with some of them, or they differ in shape: one by one.
    checked = [
        None if width is None else attempt(partial(check, part, width))
        for part, width in zip(given, widths, strict=True)
    ]
    return Initial(given, checked)


def _rectangular(name: str, value: object) -> Float64Array | None:
    """`value` as an array; None if it is a list of arrays of several shapes."""
    try:
        return check_float64(name, value)
    except DimensionError:
        return None
