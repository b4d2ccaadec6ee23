"""From arguments to an exit code: 0 done, 1 error in data or fit, 2 wrong usage, 130 interrupted."""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from gmm_rs.cli._arguments import PROGRAM, make_parser
from gmm_rs.exceptions import GmmError


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say.

    Parameters
    ----------
    argv : sequence of str, optional
        Default: the arguments of this process.

    Returns
    -------
    int
        The exit code. Errors and warnings are one line each, on standard error.

    Raises
    ------
    SystemExit
        With 2 for wrong usage, with 0 after ``--help`` and ``--version``.
    """
    arguments = make_parser().parse_args(argv)
    try:
        with _warnings_as_lines():
            arguments.run(arguments)
            sys.stdout.flush()
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except BrokenPipeError:
        _close_stdout()
        return 1
    except OSError as error:
        _say(_described(error))
        _close_stdout()
        return 1
    except (GmmError, ImportError, MemoryError) as error:
        _say(str(error) or type(error).__name__)
        return 1
    return 0


def _say(text: str) -> None:
    with suppress(OSError):
        print(f"{PROGRAM}: {'; '.join(text.splitlines())}", file=sys.stderr)


def _described(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.filename is not None:
        return f"{error.filename}: {reason}"
    if error.errno is not None and reason == os.strerror(error.errno):  # files have their names in it
        return f"cannot write standard output: {reason}"
    return reason


def _close_stdout() -> None:
    """Let Python's own attempt at writing what is left, when it ends, not fail again."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("default", UserWarning)  # ours, and not what libraries tell programmers
        warnings.showwarning = lambda message, *_, **__: _say(f"warning: {message}")
        yield
