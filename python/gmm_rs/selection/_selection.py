"""`Selection`: the table of all candidates, and the best one."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gmm_rs.exceptions import GmmError
from gmm_rs.mixture import GaussianMixture
from gmm_rs.selection._candidate import Candidate, Verdict

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Selection:
    """What `gmm_rs.select` has found.

    Attributes
    ----------
    criterion : str
        What the candidates were judged by.
    table : dict of str to ndarray of shape (n_candidates,)
        Columns by name: ``covariance_type``, ``n_components``, the criterion under its own name (NaN for a failure),
        ``n_parameters`` (0 where there is no fit), ``converged`` (of the best start; of "held-out", in every fold) and
        ``failure`` (the reason, or an empty string).
    best_index : int
        Row of the best candidate. Of equal ones it is that with fewest parameters.
    best_params : dict
        Its `covariance_type` and `n_components`.
    best_model_ : GaussianMixture
        Fitted to all rows with these.

    Examples
    --------
    >>> import numpy as np
    >>> from gmm_rs import select
    >>> X = np.array([[0.0], [1.0], [0.5], [9.0], [9.5], [9.2]])
    >>> selection = select(X, (1, 2, 7), "spherical", random_state=0)
    >>> print(selection)  # doctest: +ELLIPSIS
    covariance_type  n_components           bic  n_parameters  converged
    spherical                   1      38.33156             2  yes
    spherical                   2      19.43412             5  yes        <- best
    spherical                   7             -             -  failed: Expected n_samples >= n_components ...
    """

    def __init__(self, criterion: str, candidates: list[Candidate], verdicts: list[Verdict], *, maximise: bool) -> None:
        self.criterion = criterion
        self.table: dict[str, NDArray[Any]] = {
            "covariance_type": np.array([candidate.covariance_type for candidate in candidates]),
            "n_components": np.array([candidate.n_components for candidate in candidates]),
            criterion: np.array([verdict.value for verdict in verdicts]),
            "n_parameters": np.array([verdict.n_parameters or 0 for verdict in verdicts]),
            "converged": np.array([verdict.converged for verdict in verdicts]),
            "failure": np.array([verdict.failure or "" for verdict in verdicts]),
        }
        self.best_index = self._best(maximise)
        self.best_model_: GaussianMixture

    @property
    def best_params(self) -> dict[str, Any]:
        """The parameters that distinguish the best candidate."""
        return {name: self.table[name][self.best_index].item() for name in ("covariance_type", "n_components")}

    def to_frame(self) -> "pd.DataFrame":
        """The table as a pandas frame.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed; the message names the extra.

        Examples
        --------
        >>> from gmm_rs import select
        >>> X = [[0.0], [1.0], [0.5], [9.0], [9.5], [9.2]]
        >>> frame = select(X, (1, 2), "spherical", random_state=0).to_frame()
        >>> frame.sort_values("bic")["n_components"].tolist()
        [2, 1]
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame() needs pandas: pip install 'gmm-rs[pandas]'") from error
        return pd.DataFrame(self.table)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the criterion over the number of components, a line for each covariance type.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw. Default: the axes of a new figure.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> from gmm_rs import select
        >>> X = [[0.0], [1.0], [0.5], [9.0], [9.5], [9.2]]
        >>> axes = select(X, (1, 2), "spherical", random_state=0).plot()
        >>> axes.get_lines()[0].get_xdata().tolist()
        [1, 2]
        """
        from gmm_rs import plotting

        curves: dict[str, dict[int, float]] = {}
        columns = (self.table[name] for name in ("covariance_type", "n_components", self.criterion))
        for covariance_type, size, value in zip(*columns, strict=True):
            curves.setdefault(str(covariance_type), {})[int(size)] = float(value)
        return plotting.plot_criterion(curves, criterion=self.criterion, ax=ax)

    def __repr__(self) -> str:
        """The table as text, the best candidate marked."""
        criterion = f"{self.criterion:>{_WIDTH}}"
        head = f"{'covariance_type':<15}  {'n_components':>12}  {criterion}  {'n_parameters':>12}  converged"
        return "\n".join([head, *(self._line(row) for row in range(len(self.table["failure"])))])

    def _line(self, row: int) -> str:
        covariance_type, size, value, n_parameters, converged, failure = (
            column[row].item() for column in self.table.values()
        )
        shown = "-" if math.isnan(value) else _shown(value)
        line = f"{covariance_type:<15}  {size:>12}  {shown:>{_WIDTH}}  {n_parameters or '-':>12}  "
        if failure:
            return f"{line}failed: {failure}"
        line += f"{'yes' if converged else 'no':<9}"
        return f"{line}  <- best" if row == self.best_index else line.rstrip()

    def _best(self, maximise: bool) -> int:
        values = self.table[self.criterion] * (-1.0 if maximise else 1.0)
        rows = np.flatnonzero(~np.isnan(values)).tolist()
        if not rows:
            first = ", ".join(f"{name}={self.table[name][0].item()!r}" for name in ("covariance_type", "n_components"))
            raise GmmError(f"every candidate failed; the first, {first}: {self.table['failure'][0]}")
        return min(rows, key=lambda row: (values[row], self.table["n_parameters"][row]))


_WIDTH = 12


def _shown(value: float) -> str:
    """Seven digits or two decimals, whichever is more."""
    return f"{value:.2f}" if abs(value) >= 100.0 else f"{value:.5f}"
