"""What a library must do to be compared, and the list of those that do it."""

from collections.abc import Callable
from importlib import import_module
from typing import Protocol

import numpy as np

from comparison.problems import Parameters

CONTENDERS = {"gmm_rs": "ours", "scikit-learn": "scikit_learn", "oneDAL": "onedal"}
"""The module of each contender; it has a class `Library`."""


class Contender(Protocol):
    """A library that fits Gaussian mixtures by maximum likelihood. Rows and answers have its user's dtype.

    One that has no start of its own, or no prediction, leaves out the method: it then takes no part in the tasks that
    need it.
    """

    covariance_types: tuple[str, ...]
    """The types that it knows."""

    def versions(self) -> dict[str, str]:
        """All that its speed depends on."""

    def use_threads(self, n_threads: int) -> None:
        """Run all that follows on so many threads."""

    def fit(self, X: np.ndarray, start: Parameters, covariance_type: str, n_iter: int) -> Parameters:
        """The parameters after `n_iter` iterations of EM from the given ones."""

    def fit_from_default_start(
        self, X: np.ndarray, n_components: int, covariance_type: str, max_iter: int, tol: float
    ) -> Parameters:
        """The parameters after EM from the library's own start, one of them, with its own test of convergence."""

    def predict_proba(self, X: np.ndarray, parameters: Parameters, covariance_type: str) -> Callable[[], np.ndarray]:
        """A call that gives the responsibilities (N, K) under a mixture that is ready to be used."""


def load(name: str) -> Contender:
    """The contender of this name; an ImportError says that it isn't installed."""
    library: Contender = import_module(f"comparison.{CONTENDERS[name]}").Library()
    return library
