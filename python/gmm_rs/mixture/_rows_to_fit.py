"""The rows of a fit, wherever they are: enough of them, and in a form that can be read again and again."""

from gmm_rs.mixture._blocks import Rows, to_rows
from gmm_rs.mixture._data import MeasuredRows, read_rows
from gmm_rs.sources import RowSource
from gmm_rs.sources._spool import for_many_passes


def rows_to_fit(X: object, n_components: int, *, estimator: str) -> tuple[Rows, tuple[int, int]]:
    """An array, or a source that has been read once; and how many rows and columns there are.

    Raises
    ------
    DimensionError, DataTypeError, ParameterError
    NonFiniteError
        If a source holds NaN or infinity. An array is not looked through.
    OSError
        If a source cannot be read.

    Examples
    --------
    >>> rows_to_fit([[1, 2], [3, 4], [5, 6]], 2, estimator="GaussianMixture")[1]
    (3, 2)
    """
    rows = to_rows(X)
    if isinstance(rows, RowSource):
        measured = MeasuredRows(for_many_passes(rows), n_components, estimator=estimator)
        return measured, (measured.extent[0], measured.n_features)
    rows = read_rows(rows, n_components, estimator=estimator)
    return rows, rows.shape
