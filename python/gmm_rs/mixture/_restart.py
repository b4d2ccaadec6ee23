"""What became of one start of a fit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Restart:
    """What became of one start of a fit.

    Parameters
    ----------
    lower_bound : float
        The lower bound that it ended with, mean of the rows, in nats.
    log_likelihood : float
        The log-likelihood of all rows that it ended with, in nats.
    n_iter : int
        How many iterations it took.
    converged : bool
        Whether it stopped because of `tol`.
    failure : str or None
        Why it does not count, such as the component that collapsed and when; None if nothing went wrong.
    """

    lower_bound: float
    log_likelihood: float
    n_iter: int
    converged: bool
    failure: str | None
