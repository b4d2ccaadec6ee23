"""Gaussian mixtures of data on a Dask cluster; see `gmm_rs.dask.GaussianMixture`. Needs the extra ``gmm-rs[dask]``."""

from importlib import import_module

try:
    for _name in ("dask.array", "dask.dataframe", "distributed"):
        import_module(_name)
except ImportError as error:
    raise ImportError('gmm_rs.dask needs Dask: pip install "gmm-rs[dask]"') from error

from gmm_rs.dask._gaussian_mixture import GaussianMixture

__all__ = ["GaussianMixture"]
