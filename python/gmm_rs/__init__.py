"""Gaussian mixtures by multithreaded EM in Rust, for NumPy and Serket.

`GaussianMixture` is the estimator, `SufficientStats` its E-step for data in pieces, `fit_many` the fits of many data
sets, and `select` the choice of a model. `GMM` is the module for Serket, with a `Prior`. Pictures are in
`gmm_rs.plotting`, which is imported by itself.
"""

from importlib.metadata import version

from gmm_rs._prior import Prior
from gmm_rs.exceptions import (
    ConvergenceWarning,
    DataLostError,
    DataTypeError,
    DegenerateCovarianceError,
    DimensionError,
    GmmError,
    ModelFileError,
    NonFiniteError,
    NotFittedError,
    ParameterError,
    StaleMessageWarning,
)
from gmm_rs.many import MixtureFits, fit_many
from gmm_rs.mixture import GaussianMixture, SufficientStats
from gmm_rs.selection import Selection, select
from gmm_rs.serket import GMM
from gmm_rs.sources import RowSource, open_rows

__version__ = version("gmm-rs")

__all__ = [
    "GMM",
    "ConvergenceWarning",
    "DataLostError",
    "DataTypeError",
    "DegenerateCovarianceError",
    "DimensionError",
    "GaussianMixture",
    "GmmError",
    "MixtureFits",
    "ModelFileError",
    "NonFiniteError",
    "NotFittedError",
    "ParameterError",
    "Prior",
    "RowSource",
    "Selection",
    "StaleMessageWarning",
    "SufficientStats",
    "__version__",
    "fit_many",
    "open_rows",
    "select",
]
