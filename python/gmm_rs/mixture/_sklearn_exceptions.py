"""Exceptions and warnings that are scikit-learn's as well as ours. Imported only where scikit-learn is loaded."""

from sklearn import exceptions as sklearn_exceptions

from gmm_rs import exceptions


class NotFittedError(exceptions.NotFittedError, sklearn_exceptions.NotFittedError):
    """A result was asked for before there was one."""


class ConvergenceWarning(exceptions.ConvergenceWarning, sklearn_exceptions.ConvergenceWarning):
    """A fit ended before it converged, or with components that had collapsed; the best model is kept."""
