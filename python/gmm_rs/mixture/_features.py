"""Names of the columns of data frames, checked as scikit-learn checks them."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs.exceptions import DataTypeError, ParameterError
from gmm_rs.sources import RowSource

_SHOWN = 5


def feature_names(X: object) -> NDArray[np.object_] | None:
    """Names of the columns of a source or a data frame, of whichever library; None if it has none that are strings.

    Raises
    ------
    DataTypeError
        If some names are strings and some are not.

    Examples
    --------
    >>> feature_names([[1.0, 2.0]]) is None
    True
    """
    if isinstance(X, RowSource):
        return None if X.feature_names is None else np.asarray(X.feature_names, dtype=object)
    columns: Any = getattr(X, "column_names", getattr(X, "columns", None))  # PyArrow's name, or everyone else's
    if columns is None or callable(columns) or len(columns) == 0:
        return None
    names = list(columns)
    types = sorted({type(name).__qualname__ for name in names})
    if len(types) > 1 and "str" in types:
        raise DataTypeError(
            "Feature names are only supported if all input features have string names, "
            f"but your input has {types} as feature name / column name types. "
            "If you want feature names to be stored and validated, you must convert them all to strings, by using "
            "X.columns = X.columns.astype(str) for example. Otherwise you can remove feature / column names from "
            "your input data, or convert them all to a non-string data type."
        )
    return np.asarray(names, dtype=object) if types == ["str"] else None


def check_feature_names(X: object, fitted: NDArray[np.object_] | None, *, estimator: str) -> None:
    """Refuse columns of other names than those that were there during the fit.

    Raises
    ------
    ParameterError
        If `X` and the data of the fit have names and they differ, in their order too.

    Warns
    -----
    UserWarning
        If only one of them has names.
    """
    names = feature_names(X)
    if names is None and fitted is None:
        return
    if fitted is None:
        warnings.warn(f"X has feature names, but {estimator} was fitted without feature names", stacklevel=4)
        return
    if names is None:
        message = f"X does not have valid feature names, but {estimator} was fitted with feature names"
        warnings.warn(message, stacklevel=4)
        return
    if list(names) == list(fitted):
        return
    unexpected, missing = sorted(set(names) - set(fitted)), sorted(set(fitted) - set(names))
    message = "The feature names should match those that were passed during fit.\n"
    if unexpected:
        message += "Feature names unseen at fit time:\n" + _listed(unexpected)
    if missing:
        message += "Feature names seen at fit time, yet now missing:\n" + _listed(missing)
    if not (unexpected or missing):
        message += "Feature names must be in the same order as they were in fit.\n"
    raise ParameterError(message)


def _listed(names: list[str]) -> str:
    shown = [*names[:_SHOWN], "..."] if len(names) > _SHOWN else names
    return "".join(f"- {name}\n" for name in shown)
