"""``gmm-rs predict``."""

from argparse import Namespace

import numpy as np

from gmm_rs.cli._report import counted, print_json
from gmm_rs.cli._tables import check_writable, read_table, write_table
from gmm_rs.exceptions import DimensionError
from gmm_rs.mixture import GaussianMixture


def run(arguments: Namespace) -> None:
    """Find the components of the rows of a table and write them."""
    check_writable(arguments.output)
    mixture = GaussianMixture.load(arguments.model).set_params(num_threads=arguments.threads)
    names = getattr(mixture, "feature_names_in_", None)
    table = read_table(arguments.data, arguments.columns, fitted=None if names is None else list(names))
    n_components, n_features = mixture.means_.shape
    if table.values.shape[1] != n_features:
        raise DimensionError(
            f"{table.source} has {counted(table.values.shape[1], 'column')}, but the model was fitted to {n_features}; "
            f"choose as many with --columns"
        )
    if names is not None:
        del mixture.feature_names_in_  # which columns they are has been settled
    probabilities = mixture.predict_proba(table.values)
    labels = probabilities.argmax(axis=1)
    if arguments.proba:
        write_table(arguments.output, probabilities, [f"component_{k}" for k in range(n_components)])
    else:
        write_table(arguments.output, labels, ["label"])
    if arguments.output == "-":
        return
    sizes = np.bincount(labels, minlength=n_components).tolist()
    if arguments.json:
        print_json({"output": arguments.output, "n_rows": len(labels), "rows_of_component": sizes})
        return
    shown = ", ".join(f"{size:,} in {k}" for k, size in enumerate(sizes))
    print(f"{counted(len(labels), 'row')} by component: {shown}; written to {arguments.output}")
