"""Prior probabilities of the components, row by row: the form in which the Rust engine takes them.

A message from downstream in a Serket pipeline and the argument `class_prior` of the estimators are the same thing:
with it the responsibilities of row n are proportional to weights_k · p_nk · N(x_n; μ_k, Σ_k).
"""

import numpy as np

from gmm_rs._validation import Float64Array


def divide_by_largest(probabilities: Float64Array) -> None:
    """Scale each row in place so that its largest entry is 1; a row of zeros becomes one of ones.

    Only the proportions in a row matter for responsibilities. In these units a row without preference is all ones,
    which changes nothing, and no sum can overflow.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_components), float64
        Not negative.

    Examples
    --------
    >>> probabilities = np.array([[1.0, 4.0], [0.0, 0.0]])
    >>> divide_by_largest(probabilities)
    >>> probabilities
    array([[0.25, 1.  ],
           [1.  , 1.  ]])
    """
    peak = probabilities.max(axis=1, keepdims=True)
    probabilities[peak[:, 0] == 0.0] = 1.0
    probabilities /= np.where(peak == 0.0, 1.0, peak)


def to_log_prior(probabilities: Float64Array) -> Float64Array:
    """The logarithms, in nats; that of 0, which rules a component out for a row, is −∞.

    Examples
    --------
    >>> to_log_prior(np.array([[1.0, 0.0]]))
    array([[  0., -inf]])
    """
    with np.errstate(divide="ignore"):
        return np.log(probabilities)
