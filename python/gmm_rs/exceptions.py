"""The exceptions and warnings of gmm_rs. The Rust extension raises these very classes."""

__all__ = [
    "ConvergenceWarning",
    "DataLostError",
    "DataTypeError",
    "DegenerateCovarianceError",
    "DimensionError",
    "GmmError",
    "ModelFileError",
    "NonFiniteError",
    "NotFittedError",
    "ParameterError",
    "StaleMessageWarning",
]


class GmmError(Exception):
    """Base class of every error that gmm_rs raises on purpose."""


class DimensionError(GmmError, ValueError):
    """An array has the wrong number of dimensions, rows or columns."""


class NonFiniteError(GmmError, ValueError):
    """The data hold NaN or infinity; the message names the first such row and column."""


class ParameterError(GmmError, ValueError):
    """A parameter is out of its domain; the message names it and says what was needed."""


class DataTypeError(ParameterError, TypeError):
    """Data are not made of real numbers in a dense array; the message says what they are."""


class DegenerateCovarianceError(GmmError, ValueError):
    """A covariance is not positive definite; the message names the component."""


class NotFittedError(GmmError, ValueError, AttributeError):
    """A result was asked for before there was one."""


class DataLostError(GmmError, RuntimeError):
    """Rows were lost with a worker of a cluster, which cannot compute them anew; the message says what to do."""


class ModelFileError(GmmError, ValueError):
    """A model file is damaged, hostile or of an unknown format; the message names the file."""


class ConvergenceWarning(UserWarning):
    """A fit ended before it converged, or with components that had collapsed; the best model is kept."""


class StaleMessageWarning(UserWarning):
    """A message belongs to another number of rows than the data have now, and was ignored."""
