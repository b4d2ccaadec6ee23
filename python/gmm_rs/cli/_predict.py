"""``gmm-rs predict``."""

from argparse import Namespace

import numpy as np

from gmm_rs.cli._input import STANDARD_STREAM, open_table
from gmm_rs.cli._output import check_table_writable, open_table_output
from gmm_rs.cli._progress import ProgressLine
from gmm_rs.cli._report import counted, print_json
from gmm_rs.exceptions import DimensionError
from gmm_rs.mixture import GaussianMixture
from gmm_rs.sources._ahead import read_ahead
from gmm_rs.sources._block_size import block_size


def run(arguments: Namespace) -> None:
    """Find the components of the rows of a table and write them, block by block."""
    check_table_writable(arguments.output)
    mixture = GaussianMixture.load(arguments.model).set_params(num_threads=arguments.threads)
    names = getattr(mixture, "feature_names_in_", None)
    source = open_table(arguments.data, arguments.columns, fitted=None if names is None else list(names))
    n_components, n_features = mixture.means_.shape
    if source.n_features != n_features:
        raise DimensionError(
            f"{source.name} has {counted(source.n_features, 'column')}, but the model was fitted to {n_features}; "
            f"choose as many with --columns"
        )
    if names is not None:
        del mixture.feature_names_in_  # which columns they are has been settled
    columns = [f"component_{k}" for k in range(n_components)] if arguments.proba else ["label"]
    sizes = np.zeros(n_components, dtype=np.int64)
    is_piped = arguments.output == STANDARD_STREAM
    with (
        ProgressLine("rows", source.n_rows, at_most=False, hidden=is_piped) as line,
        open_table_output(arguments.output, columns) as write,
    ):
        for block in read_ahead(source.blocks(block_size(max(n_components, n_features)))):
            probabilities = mixture.predict_proba(block)
            labels = probabilities.argmax(axis=1)
            write(probabilities if arguments.proba else labels)
            sizes += np.bincount(labels, minlength=n_components)
            line.advance(len(block))
    if is_piped:
        return
    n_rows = int(sizes.sum())
    if arguments.json:
        print_json({"output": arguments.output, "n_rows": n_rows, "rows_of_component": sizes.tolist()})
        return
    shown = ", ".join(f"{size:,} in {k}" for k, size in enumerate(sizes))
    print(f"{counted(n_rows, 'row')} by component: {shown}; written to {arguments.output}")
