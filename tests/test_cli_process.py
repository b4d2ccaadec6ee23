"""The command as a process: usage and exit codes, pipes, a full disk, Ctrl-C and the terminal."""

import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from commands import PROGRAM, fails, posix
from numpy.testing import assert_array_equal
from tables import save_parquet

from gmm_rs import GaussianMixture
from gmm_rs.cli import main
from gmm_rs.cli._progress import ProgressLine


class TestProcess:
    @pytest.mark.parametrize(
        "arguments",
        [
            "",
            "fly",
            "fit X.npy -o out.npz",
            "fit X.npy -k 0 -o out.npz",
            "fit X.npy -k 2 -o out.pkl",
            "fit X.xlsx -k 2 -o out.npz",
            "fit X.npy -k 2 -o out.npz --covariance round",
            "fit X.npy -k 2 -o out.npz --tol -1",
            "fit X.npy -k 2 -o out.npz --columns ,",
            "select X.npy --components 9:1",
            "select X.npy --covariance full,round",
            "select X.npy --folds 1",
            "sample model.npz -n many",
            "sample model.npz -n 3 --seed -1",
        ],
    )
    def test_wrong_usage(self, arguments, capsys):
        with pytest.raises(SystemExit) as ended:
            main(arguments.split())
        assert ended.value.code == 2
        assert "usage: gmm-rs" in capsys.readouterr().err

    @pytest.mark.parametrize("command", ["", "fit", "select", "predict", "sample", "info", "demo"])
    def test_help(self, command, capsys):
        with pytest.raises(SystemExit) as ended:
            main([*command.split(), "--help"])
        assert ended.value.code == 0
        assert f"usage: gmm-rs {command}".strip() in capsys.readouterr().out

    def test_the_script_and_the_module_are_the_same(self):
        script = Path(sys.executable).with_name("gmm-rs")
        outputs = [
            subprocess.run([*command, "--version"], check=True, capture_output=True).stdout
            for command in ([str(script)], PROGRAM)
        ]
        assert outputs[0] == outputs[1] != b""

    @posix
    def test_a_pipeline(self, stored_rows, stored_model):
        line = f"'{sys.executable}' -m gmm_rs"
        finished = subprocess.run(
            f"cat X.csv | {line} predict model.npz - | {line} fit - -k 1 -o labels.npz --json",
            shell=True,
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
        assert json.loads(finished.stdout)["feature_names"] == ["label"]
        assert finished.stderr == ""

    @posix
    def test_a_reader_that_goes_away(self, stored_model):
        with subprocess.Popen(
            [*PROGRAM, "sample", "model.npz", "-n", "100000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 1

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
    @pytest.mark.parametrize("command", ["predict model.npz X.npy", "info model.npz"])
    def test_full_standard_output(self, stored_rows, stored_model, command):
        with Path("/dev/full").open("wb") as full:
            finished = subprocess.run(
                [*PROGRAM, *command.split()], check=False, stdout=full, stderr=subprocess.PIPE, encoding="utf-8"
            )
        assert finished.returncode == 1
        assert finished.stderr == "gmm-rs: cannot write standard output: No space left on device\n"

    @posix
    def test_a_full_folder_for_temporary_files(self):
        import resource

        np.savetxt("rows.csv", np.ones((20_000, 2)), fmt="%d", delimiter=",")
        finished = subprocess.run(
            [*PROGRAM, *["fit", "rows.csv", "-k", "1", "-o", "out.npz"]],
            check=False,
            capture_output=True,
            encoding="utf-8",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        )
        assert finished.returncode == 1
        assert finished.stderr.startswith("gmm-rs: cannot write a temporary file in ")
        assert finished.stderr.count("\n") == 1
        assert not Path("out.npz").exists()

    @posix
    def test_parquet_is_fitted_though_a_temporary_file_cannot_grow(self):
        import resource

        rows = np.random.default_rng(0).normal(size=(20_000, 3))
        save_parquet(rows)
        subprocess.run(
            [*PROGRAM, *["fit", "rows.parquet", "-k", "1", "-o", "out.npz", "--restarts", "1"]],
            check=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        )
        assert_array_equal(GaussianMixture.load("out.npz").means_, GaussianMixture(1, random_state=0).fit(rows).means_)

    @posix
    @pytest.mark.parametrize(
        "command", ["fit - -k 4 -o out.npz", "select - --components 4 --covariance full -o out.npz"]
    )
    def test_an_interruption_leaves_no_file(self, command):
        rows = "".join(f"{x:.17f} {y:.17f}\n" for x, y in np.random.default_rng(0).normal(size=(20_000, 2)))
        with subprocess.Popen(
            [*PROGRAM, *command.split(), "--tol", "0", "--max-iter", "1000000000"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            process.stdin.write(rows.encode())  # far more than a pipe holds: the command is at work when this returns
            process.stdin.close()
            process.stdin = None
            time.sleep(0.5)  # to be in the fit; wherever it is, it has to end in the same way
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert err == b"gmm-rs: interrupted\n"
        assert out == b""
        assert list(Path().iterdir()) == []


@posix
def test_an_interrupted_fit_goes_on(stored_rows, monkeypatch, capsys):
    arguments = ["fit", "X.csv", "-k", "3", "--tol", "0", "--max-iter", "400", "-o"]
    assert main([*arguments, "whole.npz"]) == 0
    arguments = [*arguments, "model.npz", "--checkpoint", "fit.checkpoint"]
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", Terminal())
        patch.setattr(ProgressLine, "advance", lambda self: signal.raise_signal(signal.SIGINT))
        assert main(arguments) == 130
        assert sys.stderr.getvalue().endswith("gmm-rs: interrupted\n")
    assert Path("fit.checkpoint").exists()
    assert not Path("model.npz").exists()
    capsys.readouterr()
    assert "checkpoint is of a fit with another" in fails(capsys, *arguments, "--seed", "1")
    assert "X.csv; it stays as it is" in fails(capsys, *arguments[:-1], "X.csv")
    with monkeypatch.context() as patch:
        patch.setattr(GaussianMixture, "save", full_disk)
        assert main(arguments) == 1
        assert capsys.readouterr().err.endswith("model.npz: No space left on device\n")
    assert Path("fit.checkpoint").exists()
    assert main(arguments) == 0
    assert Path("model.npz").read_bytes() == Path("whole.npz").read_bytes()
    assert not Path("fit.checkpoint").exists()


def full_disk(self, path):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


class Terminal(StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_rate_and_time_left(monkeypatch):
    now = iter([0.0, 0.05, 2.0, 4.0])
    monkeypatch.setattr("gmm_rs.cli._progress.time.monotonic", lambda: next(now))
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    with ProgressLine("fits", 40, at_most=False, stream=terminal) as line:
        for _ in range(3):
            line.advance()
    lines = terminal.getvalue().split("\r")
    assert lines[1].startswith("[#.......................] 2 of 40 fits, 1 a second, 0:38 left")
    assert lines[2].startswith("[#.......................] 3 of 40 fits, 0.75 a second, 0:49 left")
    assert lines[-1] == "\x1b[K"
    assert len(lines) == 4


def test_the_number_of_rows_may_be_unknown(monkeypatch):
    now = iter([0.0, 2.0, 4.0])
    monkeypatch.setattr("gmm_rs.cli._progress.time.monotonic", lambda: next(now))
    terminal = Terminal()
    with ProgressLine("rows", None, at_most=False, stream=terminal) as line:
        line.advance(65536)
    assert "\r65,536 rows, 3.28e+04 a second\x1b[K" in terminal.getvalue()


@pytest.mark.parametrize(("stream", "hidden"), [(StringIO(), False), (Terminal(), True)])
def test_a_pipe_sees_no_progress(stream, hidden):
    with ProgressLine("fits", 1, at_most=True, hidden=hidden, stream=stream) as line:
        line.advance()
    assert stream.getvalue() == ""


@posix
def test_predicting_shows_its_progress_on_a_terminal(stored_rows, stored_model, monkeypatch):
    np.save("many.npy", np.tile(stored_rows, (2000, 1)))
    now = itertools.count()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("gmm_rs.cli._progress.time.monotonic", lambda: next(now))
    monkeypatch.setattr("sys.stderr", Terminal())
    assert main(["predict", "model.npz", "many.npy", "-o", "y.npy"]) == 0
    assert "131,072 of 240,000 rows, 6.55e+04 a second, 0:02 left" in sys.stderr.getvalue()
