"""What a user should know before trusting a fit."""

from typing import TYPE_CHECKING

from gmm_rs.mixture._settings import Settings

if TYPE_CHECKING:
    from gmm_rs._core import FitResult


def doubts_of(result: "FitResult", settings: Settings) -> list[str]:
    """The warnings that a result deserves."""
    doubts = []
    collapsed = result["collapsed"].tolist()
    if collapsed:
        doubts.append(
            f"the covariances of these components collapsed, in every start, and had to be regularised: "
            f"{', '.join(map(str, collapsed))}. Try fewer components, a larger reg_covar or more starts (n_init)"
        )
    if not result["converged"] and settings.max_iter > 0:
        doubts.append(
            "Best performing initialization did not converge. Try different init parameters, or increase max_iter, "
            "tol, or check for degenerate data."
        )
    return doubts
