"""``gmm-rs info``."""

from argparse import Namespace

from gmm_rs.cli._report import model_summary, print_json, print_model
from gmm_rs.mixture import GaussianMixture


def run(arguments: Namespace) -> None:
    """Show a model."""
    mixture = GaussianMixture.load(arguments.model)
    if arguments.json:
        print_json({**model_summary(mixture), "covariances": mixture.covariances_})
    else:
        print_model(mixture)
