"""Which commands there are and what they take: the text of ``gmm-rs --help``."""

import argparse
import csv
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from gmm_rs import __version__
from gmm_rs.cli import _demo, _fit, _info, _predict, _sample, _select
from gmm_rs.cli._input import STANDARD_STREAM
from gmm_rs.exceptions import ParameterError
from gmm_rs.mixture._settings import COVARIANCE_TYPES
from gmm_rs.outputs import WRITTEN
from gmm_rs.selection._criteria import JUDGES
from gmm_rs.sources._formats import READ, format_of, listed

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

    Commands = _SubParsersAction[ArgumentParser]

PROGRAM = "gmm-rs"

_EXAMPLES = f"""\
examples:
  {PROGRAM} fit birds.csv -k 3 --columns bill,flipper -o model.npz     fit three components to two columns
  {PROGRAM} predict model.npz birds.csv -o labels.csv                  the component of each row
  {PROGRAM} predict model.npz birds.csv --proba -o proba.parquet       the probability of each component
  {PROGRAM} select birds.csv --components 1:9 -o model.npz             choose how many, and which covariances
  {PROGRAM} info model.npz                                             show a model
  {PROGRAM} sample model.npz -n 1000 -o rows.npy                       draw new rows
  {PROGRAM} COMMAND --help                                             all options of a command

tables: {listed(READ)}; text has one row a line, with or without a
line of column names. '-' is CSV on standard input or output. The last three need pyarrow: pip install
'gmm-rs[parquet]'.
exit codes: 0 done, 1 error in data or fit, 2 wrong usage, 130 interrupted. No half-written file is left.
"""
_DATA = f"a table of numbers: {listed(READ)}, or '-' for CSV on standard input"
_MODEL = "a file .npz that fit or select has written"


def make_parser() -> argparse.ArgumentParser:
    """The parser, whose result has `run`, the function of the command."""
    parser = _parser(
        argparse.ArgumentParser,
        prog=PROGRAM,
        description="Gaussian mixtures by multithreaded EM: fit them to tables, and use them.",
        epilog=_EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_fit(commands)
    _add_select(commands)
    _add_predict(commands)
    _add_sample(commands)
    _add_info(commands)
    _add_demo(commands)
    return parser


def _add_fit(commands: "Commands") -> None:
    parser = _command(commands, "fit", "fit a mixture to the rows of a table", _fit.run)
    parser.add_argument("data", metavar="DATA", type=_input, help=_DATA)
    parser.add_argument(
        "-k", "--components", metavar="K", type=_positive, required=True, help="number of components, required"
    )
    parser.add_argument("-o", "--output", metavar="MODEL", type=_model, required=True, help="the model, a file .npz")
    _add_columns(parser)
    parser.add_argument(
        "--covariance",
        metavar="TYPE",
        choices=COVARIANCE_TYPES,
        default="full",
        help="full (a matrix for each component; default), tied (one for all), diag (a variance for each feature) or "
        "spherical (one variance)",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="keep what the fit has done in this file; if it is interrupted, the same command goes on from there, with "
        "the same result. Removed at the end",
    )
    _add_fit_options(parser)
    _add_json(parser)


def _add_select(commands: "Commands") -> None:
    parser = _command(commands, "select", "choose the number of components and the covariances", _select.run)
    parser.add_argument("data", metavar="DATA", type=_input, help=_DATA)
    parser.add_argument("-o", "--output", metavar="MODEL", type=_model, help="write the best model to this file .npz")
    _add_columns(parser)
    parser.add_argument(
        "--components",
        metavar="LIST",
        type=_numbers,
        default=tuple(range(1, 10)),
        help="numbers to try: 1:9 (default) is 1 to 9; 2,4,8 is these three",
    )
    parser.add_argument(
        "--covariance",
        metavar="TYPES",
        type=_covariances,
        default=COVARIANCE_TYPES,
        help="types to try, as full,tied; default: full,tied,diag,spherical",
    )
    parser.add_argument(
        "--criterion",
        choices=tuple(JUDGES),
        default="bic",
        help="bic (default), aic or icl, the smallest is best; held-out: mean log-likelihood of rows that the fit has "
        "not seen, the largest is best",
    )
    parser.add_argument(
        "--folds", metavar="N", type=_folds, default=5, help="parts of the rows for held-out; default 5"
    )
    _add_fit_options(parser)
    _add_json(parser)


def _add_predict(commands: "Commands") -> None:
    parser = _command(commands, "predict", "find the component of each row", _predict.run)
    parser.add_argument("model", metavar="MODEL", help=_MODEL)
    parser.add_argument("data", metavar="DATA", type=_input, help=_DATA)
    _add_output(parser)
    parser.add_argument("--proba", action="store_true", help="write the probability of each component instead")
    _add_columns(parser, "; default: those that the model was fitted to, or all")
    _add_threads(parser)
    _add_json(parser)


def _add_sample(commands: "Commands") -> None:
    parser = _command(commands, "sample", "draw new rows from a mixture", _sample.run)
    parser.add_argument("model", metavar="MODEL", help=_MODEL)
    parser.add_argument("-n", "--rows", metavar="N", type=_positive, required=True, help="number of rows, required")
    _add_output(parser)
    parser.add_argument("--seed", metavar="N", type=_count, help="the same rows each time; default: others each time")
    _add_threads(parser)
    _add_json(parser)


def _add_info(commands: "Commands") -> None:
    parser = _command(commands, "info", "show a model", _info.run)
    parser.add_argument("model", metavar="MODEL", help=_MODEL)
    _add_json(parser, "all parameters as one JSON object on standard output")


def _add_demo(commands: "Commands") -> None:
    parser = _command(commands, "demo", "see it work on data that it makes up; writes no file", _demo.run)
    parser.add_argument("--rows", metavar="N", type=_positive, default=20_000, help="number of rows; default 20000")
    parser.add_argument("--seed", metavar="N", type=_count, default=0, help="seed of the data and the fits; default 0")
    _add_threads(parser)


def _add_columns(parser: argparse.ArgumentParser, default: str = "; default: all") -> None:
    parser.add_argument(
        "--columns",
        metavar="LIST",
        type=_words,
        help=f"columns by name or by number from 1: bill,flipper or 2:5 or 2,4{default}",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        metavar="TABLE",
        type=_output,
        default=STANDARD_STREAM,
        help=f"where to: {listed(WRITTEN)}; default: '-', CSV on standard output",
    )


def _add_fit_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to fit")
    group.add_argument(
        "--restarts", metavar="N", type=_positive, default=5, help="starts, of which the best counts; default 5"
    )
    group.add_argument("--seed", metavar="N", type=_count, default=0, help="seed of the starts; default 0")
    group.add_argument(
        "--tol",
        metavar="X",
        type=_not_negative,
        default=1e-3,
        help="stop when an iteration changes the log-likelihood by less than X nats a row; default 0.001",
    )
    group.add_argument(
        "--max-iter", metavar="N", type=_count, default=100, help="iterations of each start at most; default 100"
    )
    group.add_argument(
        "--reg-covar",
        metavar="X",
        type=_reg_covar,
        default="auto",
        help="added to every variance; default auto: 1e-6 of the variance of each feature",
    )
    _add_threads(group)


def _add_threads(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--threads",
        metavar="N",
        type=_positive,
        help="default: GMM_RS_NUM_THREADS in the environment, or all cores; results don't depend on it",
    )


def _add_json(
    parser: argparse.ArgumentParser, text: str = "report as one JSON object on standard output, for machines"
) -> None:
    parser.add_argument("--json", action="store_true", help=text)


def _command(
    commands: "Commands", name: str, text: str, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    parser = _parser(commands.add_parser, name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(run=run)
    return parser


def _parser(make: Callable[..., argparse.ArgumentParser], *args: str, **options: str) -> argparse.ArgumentParser:
    return make(*args, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)


def _input(text: str) -> str:
    return _table(text, READ)


def _output(text: str) -> str:
    return _table(text, WRITTEN)


def _table(text: str, formats: tuple[str, ...]) -> str:
    try:
        if text != STANDARD_STREAM:
            format_of(text, formats)
    except ParameterError as error:
        raise argparse.ArgumentTypeError(f"{error}; '-' is a pipe of CSV") from None
    return text


def _model(text: str) -> str:
    if not text.endswith(".npz"):
        raise argparse.ArgumentTypeError(f"{text}: the name of a model must end in .npz")
    return text


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def _positive(text: str) -> int:
    return _at_least(1, text)


def _folds(text: str) -> int:
    return _at_least(2, text)


def _at_least(least: int, text: str) -> int:
    if not (text.isdecimal() and int(text) >= least):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least}")
    return int(text)


def _not_negative(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0.0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0")
    return number


def _reg_covar(text: str) -> float | str:
    return text if text == "auto" else _not_negative(text)


def _words(text: str) -> list[str]:
    words = [word.strip() for word in next(csv.reader([text], skipinitialspace=True), [])]
    if not (words and all(words)):
        raise argparse.ArgumentTypeError(f"{text!r} is no list such as bill,flipper or 2:5")
    return words


def _numbers(text: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for word in _words(text):
        first, _, last = word.partition(":")
        numbers.extend(range(_positive(first), _positive(last or first) + 1))
    if not numbers:
        raise argparse.ArgumentTypeError(f"{text!r} holds no number: the smaller comes first, as in 1:9")
    return tuple(numbers)


def _covariances(text: str) -> tuple[str, ...]:
    for word in _words(text):
        if word not in COVARIANCE_TYPES:
            raise argparse.ArgumentTypeError(f"{word!r} is not one of {', '.join(COVARIANCE_TYPES)}")
    return tuple(_words(text))
