"""``gmm-rs fit``."""

import time
from argparse import Namespace

from gmm_rs.cli._input import open_table_to_fit
from gmm_rs.cli._progress import ProgressLine
from gmm_rs.cli._report import counted, model_summary, print_json, print_model
from gmm_rs.mixture import GaussianMixture
from gmm_rs.mixture._checkpoint import Checkpoint
from gmm_rs.outputs import check_writable


def run(arguments: Namespace) -> None:
    """Fit a mixture to a table and write it."""
    check_writable(arguments.output)
    rows = open_table_to_fit(arguments.data, arguments.columns)
    checkpoint = None if arguments.checkpoint is None else Checkpoint(arguments.checkpoint, stays=True)
    began = time.perf_counter()
    with ProgressLine("iterations", max(1, arguments.restarts * arguments.max_iter), at_most=True) as line:
        mixture = GaussianMixture(
            arguments.components,
            covariance_type=arguments.covariance,
            tol=arguments.tol,
            reg_covar=arguments.reg_covar,
            max_iter=arguments.max_iter,
            n_init=arguments.restarts,
            random_state=arguments.seed,
            num_threads=arguments.threads,
            callback=(lambda *_: line.advance()) if line.is_shown else None,
        )
        mixture._fit(rows, None, None, checkpoint)
    seconds = time.perf_counter() - began
    mixture.save(arguments.output)
    if checkpoint is not None:
        checkpoint.remove()
    bic = mixture.bic(rows)
    if arguments.json:
        numbers = {"n_rows": rows.n_rows, "bic": bic, "aic": mixture.aic(rows), "seconds": seconds}
        print_json({"data": arguments.data, "output": arguments.output, **numbers, **model_summary(mixture)})
        return
    print(f"{rows.name}: {counted(rows.n_rows or 0, 'row')}, fitted in {seconds:.3g} s; BIC {bic:.2f}")
    print_model(mixture)
    print(f"\nwritten to {arguments.output}")
