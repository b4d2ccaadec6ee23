"""``gmm-rs demo``: rows from a known mixture, and what is found in them."""

import time
from argparse import Namespace

import numpy as np
from numpy.typing import NDArray

from gmm_rs.cli._report import counted, print_model
from gmm_rs.mixture import GaussianMixture
from gmm_rs.selection import select

_TRUTH = GaussianMixture.from_parameters(
    weights=[0.5, 0.3, 0.2],
    means=[[0.0, 0.0], [6.0, 0.0], [3.0, 5.0]],
    covariances=[[[1.0, 0.6], [0.6, 1.0]], [[0.5, 0.0], [0.0, 2.0]], [[2.0, -0.8], [-0.8, 1.0]]],
)


def run(arguments: Namespace) -> None:
    """Draw rows, choose a model for them, and compare it with the truth."""
    rows, components = _TRUTH.sample(arguments.rows, random_state=arguments.seed)
    print(f"{counted(len(rows), 'row')}, drawn from this mixture:\n")
    print_model(_TRUTH)
    began = time.perf_counter()
    selection = select(rows, range(1, 6), ("full", "diag"), random_state=arguments.seed, num_threads=arguments.threads)
    seconds = time.perf_counter() - began
    print(f"\nTen candidates, fitted to the rows with five starts each in {seconds:.2f} s:\n\n{selection}")
    print("\nThe best of them:\n")
    print_model(selection.best_model_)
    right = _agreement(selection.best_model_.predict(rows), components)
    print(f"\n{right:.1%} of the rows are in the component that they were drawn from.")
    print("\nYour own data: gmm-rs select DATA.csv -o model.npz, then gmm-rs predict model.npz DATA.csv -o labels.csv")


def _agreement(labels: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """The fraction of rows whose component is the one that most rows of their label come from."""
    counts = np.zeros((labels.max() + 1, truth.max() + 1), dtype=np.int64)
    np.add.at(counts, (labels, truth), 1)
    return float(counts.max(axis=1).sum() / len(labels))
