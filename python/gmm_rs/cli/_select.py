"""``gmm-rs select``."""

from argparse import Namespace

from gmm_rs.cli._input import open_table_to_fit
from gmm_rs.cli._progress import ProgressLine
from gmm_rs.cli._report import model_summary, print_json
from gmm_rs.outputs import check_writable
from gmm_rs.selection import select
from gmm_rs.selection._criteria import HELD_OUT


def run(arguments: Namespace) -> None:
    """Fit all candidates, show how they compare, and write the best."""
    if arguments.output is not None:
        check_writable(arguments.output)
    rows = open_table_to_fit(arguments.data, arguments.columns)
    n_fits = len(set(arguments.components)) * len(set(arguments.covariance))
    if arguments.criterion == HELD_OUT:
        n_fits *= arguments.folds
    with ProgressLine("fits", n_fits, at_most=False) as line:
        selection = select(
            rows,
            arguments.components,
            arguments.covariance,
            arguments.criterion,
            n_init=arguments.restarts,
            n_folds=arguments.folds,
            random_state=arguments.seed,
            num_threads=arguments.threads,
            callback=lambda *_: line.advance(),
            tol=arguments.tol,
            max_iter=arguments.max_iter,
            reg_covar=arguments.reg_covar,
        )
    if arguments.output is not None:
        selection.best_model_.save(arguments.output)
    if arguments.json:
        columns = {name: column.tolist() for name, column in selection.table.items()}
        columns["failure"] = [reason or None for reason in columns["failure"]]
        candidates = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        print_json(
            {
                "data": arguments.data,
                "output": arguments.output,
                "criterion": selection.criterion,
                "best": selection.best_params,
                "candidates": candidates,
                "model": model_summary(selection.best_model_),
            }
        )
        return
    print(selection)
    if arguments.output is not None:
        print(f"\nthe best is written to {arguments.output}")
