"""Mixtures of many data sets, fitted in one call."""

from gmm_rs.many._fit_many import fit_many
from gmm_rs.many._mixture_fits import MixtureFits

__all__ = ["MixtureFits", "fit_many"]
