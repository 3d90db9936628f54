"""Plain papermill, with our engine: the record is the kernel's, and papermill's own notebook tells no lies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def papermill(home):
    """Run papermill with our engine on these cells: the finished process and the output notebook's states."""

    def papermill(*cells: str, opens: bool, words: tuple[str, ...] = ()) -> tuple[subprocess.CompletedProcess, dict]:
        home.write(*cells, opens=opens)
        out = home.path / "out.ipynb"
        command = [sys.executable, "-m", "papermill", "--engine", "runbook", "--no-progress-bar", *words]
        notebook = home.path / "notebooks" / "routine" / "sample.ipynb"
        done = subprocess.run([*command, str(notebook), str(out), "-p", "environment", "plain"], text=True,
                              capture_output=True, timeout=60, check=False)  # fmt: skip
        cells_ = json.loads(out.read_text())["cells"]
        return done, {c["id"]: c["metadata"]["papermill"]["status"] for c in cells_ if "papermill" in c["metadata"]}

    return papermill


def test_the_record_is_the_same_without_our_runner(home, papermill):
    done, states = papermill("print('hello')", opens=True)
    assert done.returncode == 0, done.stderr
    assert set(states.values()) == {"completed"}
    assert home.is_whole(home.only_run)
    assert "hello" in home.outputs(home.only_run, "step-0")


def test_a_wrong_parameter_stops_it_with_one_line_and_no_folder(home, papermill):
    done, _ = papermill("print('never')", opens=True, words=("-p", "mode", "pretend"))
    assert done.returncode == 1
    assert "sample: mode is 'pretend'. Next: rehearse or act" in done.stderr
    assert not home.runs.exists()


@pytest.mark.parametrize(
    ("source", "words", "code", "state"),
    [
        ("import os; os._exit(7)", (), 138, "failed"),
        ("import time; time.sleep(60)", ("--execution-timeout", "1"), 1, "failed"),
        ("1 / 0", (), 1, "failed"),
        ("import sys; sys.exit(0)", (), 1, "failed"),
    ],
)
def test_cells_that_never_ran_are_pending(home, papermill, source, words, code, state):
    done, states = papermill("print('begun')", source, "print('never')", opens=False, words=words)
    assert done.returncode == code, done.stderr
    assert [states["step-0"], states["step-1"], states["step-2"]] == ["completed", state, "pending"]


def test_no_kernel_and_no_socket_is_left(home, papermill):
    done, _ = papermill("import os, pathlib; pathlib.Path('kernel').write_text(str(os.getpid()))", opens=False)
    assert done.returncode == 0
    assert home.is_gone(int(Path("kernel").read_text()))
