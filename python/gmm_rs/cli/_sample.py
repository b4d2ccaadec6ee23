"""``gmm-rs sample``."""

from argparse import Namespace

import numpy as np

from gmm_rs.cli._output import check_table_writable, open_table_output
from gmm_rs.cli._report import counted, feature_names, print_json
from gmm_rs.mixture import GaussianMixture


def run(arguments: Namespace) -> None:
    """Draw rows from a model, in random order, and write them."""
    check_table_writable(arguments.output)
    mixture = GaussianMixture.load(arguments.model).set_params(num_threads=arguments.threads)
    rng = np.random.default_rng(arguments.seed)
    rows, _ = mixture.sample(arguments.rows, random_state=rng)
    with open_table_output(arguments.output, feature_names(mixture)) as write:
        write(rng.permutation(rows))
    if arguments.output == "-":
        return
    if arguments.json:
        print_json({"output": arguments.output, "n_rows": len(rows), "n_features": rows.shape[1]})
    else:
        print(f"{counted(len(rows), 'row')} written to {arguments.output}")
