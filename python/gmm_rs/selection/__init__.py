"""The choice of a model: how many components, and covariances of which type."""

from gmm_rs.selection._select import select
from gmm_rs.selection._selection import Selection

__all__ = ["Selection", "select"]
