"""What one update finds out about the rows of its data."""

from dataclasses import dataclass

import numpy as np

from gmm_rs._class_prior import to_log_prior
from gmm_rs._validation import Float64Array, FloatArray
from gmm_rs.serket._accuracy import IntArray, match_labels
from gmm_rs.serket._model import Model


@dataclass(frozen=True, eq=False)
class Results:
    """The classes of N rows, as messages, attributes and files need them.

    Parameters
    ----------
    probabilities : ndarray of shape (N, K)
        P(z|d): the probability of each class, without the message from downstream.
    labels : ndarray of shape (N,)
        The class of each row, with the message.
    row_means : ndarray of shape (N, D)
        Mean of the class that the row is in.
    named_labels : ndarray of shape (N,)
        `labels`, renamed to fit the categories if there are any.
    accuracy : float or None
        Fraction of rows whose named label is their category; None without categories.
    """

    probabilities: Float64Array
    labels: IntArray
    row_means: Float64Array
    named_labels: IntArray
    accuracy: float | None


def classify(
    model: Model, X: FloatArray, message: Float64Array | None, category: IntArray | None, *, num_threads: int
) -> Results:
    """Classify the rows of `X`.

    Parameters
    ----------
    model : Model
    X : ndarray of shape (N, D)
    message : ndarray of shape (N, K) or None
        Prior probabilities of the classes for each row.
    category : ndarray of shape (N,) or None
        Correct labels.
    num_threads : int

    Returns
    -------
    Results
        In fresh arrays.
    """
    probabilities = model.probabilities(X, num_threads=num_threads)
    if message is None:
        labels = probabilities.argmax(axis=1)
    else:
        labels = model.labels(X, to_log_prior(message), num_threads=num_threads)
    if category is None:
        named_labels, accuracy = labels, None
    else:
        named_labels = match_labels(labels, model.n_components, category)
        accuracy = float(np.mean(named_labels == category))
    return Results(probabilities, labels, model.means[labels], named_labels, accuracy)
