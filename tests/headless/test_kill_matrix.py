"""Ten ways to end a run, at five moments of it: the record is whole and honest, nothing lives on, and nothing is done twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from runbook.record.journal import read, scan
from runbook.record.verify import verify
from runbook.sandbox import lifecycle

if TYPE_CHECKING:
    from checkouts import Home

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
CHECKOUT = Path(__file__).resolve().parents[2]
FLAG = "new-pricing"
CODES = {
    "kernel -9": 138, "runner -9": -9, "TERM": 143, "INT": 130, "HUP": 129, "over time": 124, "os._exit": 138,
    "sys.exit(0)": 1, "MemoryError": 1, "disk full": 74,
}  # fmt: skip
STATES = {
    "kernel -9": "kernel_died", "runner -9": "interrupted", "TERM": "interrupted", "INT": "interrupted",
    "HUP": "interrupted", "over time": "timed_out", "os._exit": "kernel_died", "sys.exit(0)": "failed",
    "MemoryError": "failed", "disk full": "failed",
}  # fmt: skip
CELL = {"read": "step-2", "before": "step-3", "during": "step-4", "after": "step-4", "closing": "step-5"}
MADE = {"during", "after", "closing"}  # by then the world has the change


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("sandbox")) as path:
        yield path


@pytest.fixture
def broken(state: Path) -> Iterator[int]:
    """A world with a flag that hurts; how many changes it has seen."""
    lifecycle.control("POST", "break", {"faults": ["flag_raises_errors"]}, state)
    yield len(changes(state))
    lifecycle.repair(state)


def changes(state: Path) -> list[dict[str, Any]]:
    return [row for row in lifecycle.control("GET", "requests", path=state)["requests"] if row["change"]]


def runbook(home: Home, state: Path, mark: str, *words: str) -> subprocess.CompletedProcess[str]:
    told = {
        **os.environ, "RUNBOOK_SANDBOX": str(state), "PYTHONPATH": str(Path(__file__).parent), "MATRIX_MARK": mark,
    }  # fmt: skip
    line = [sys.executable, "-m", "runbook.cli.main", *words]
    return subprocess.run(line, env=told, cwd=home.path, capture_output=True, text=True, timeout=60, check=False)


def living(mark: str) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"MATRIX_MARK={mark}".encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("moment", list(CELL))
@pytest.mark.parametrize("how", list(CODES))
def test_ended(home: Home, state: Path, broken: int, how: str, moment: str) -> None:
    shutil.copy(CHECKOUT / "params/environments/sandbox.yaml", home.path / "params/environments")
    home.write(
        "import fatal", f"fatal.at({moment!r}, {how!r})", "run.check(fatal.reading)",
        f"run.plan(fatal.mend, flag={FLAG!r})", "run.apply(fatal.mend)", "fatal.strike('closing')",
    )  # fmt: skip
    mark = f"{time.time_ns()}"
    words = ("run", "sample", "--env", "sandbox", "--mode", "act", "--approve", "turn_flag_off", "--cell-timeout", "4")
    done = runbook(home, state, mark, *words, "--json")
    assert done.returncode == CODES[how], done.stdout + done.stderr
    time.sleep(1.0)
    assert living(mark) == []
    run_dir = home.only_run
    if how == "runner -9":
        assert scan(run_dir / "journal.jsonl").broken_seq is None
        assert verify(run_dir).first_broken is not None  # it says itself that it was never closed
        assert runbook(home, state, mark, "recover", run_dir.name).returncode == 130
    else:
        assert json.loads(done.stdout)["exit_code"] == CODES[how]
    assert verify(run_dir).first_broken is None
    states = home.states(run_dir)
    assert states[CELL[moment]] == STATES[how], states
    assert states["close"] == ("completed" if how in ("sys.exit(0)", "MemoryError") else "not_run")
    saw = changes(state)[broken:]
    assert len(saw) == (1 if moment in MADE else 0)
    summary = json.loads((run_dir / "summary.json").read_text())
    outcomes = [one["outcome"] for one in summary["actions"]]
    assert outcomes == {"read": [], "before": [], "during": ["unknown"]}.get(moment, ["done"]), outcomes
    resumed(home, state, mark, run_dir, broken)


def resumed(home: Home, state: Path, mark: str, run_dir: Path, before: int) -> None:
    """It goes on, and the world sees the change exactly once; the fatal moment does not come again."""
    notebook = json.loads((run_dir / "notebook.ipynb").read_text())
    (cell,) = (cell for cell in notebook["cells"] if cell["id"] == "step-1")
    cell["source"] = "pass"
    (run_dir / "notebook.ipynb").write_text(json.dumps(notebook))
    done = runbook(home, state, mark, "resume", run_dir.name, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)
    assert [one["outcome"] for one in summary["actions"]][-1] == "done", summary["actions"]
    assert len(changes(state)[before:]) == 1
    assert verify(run_dir).first_broken is None
    assert [entry.event for entry in read(run_dir / "journal.jsonl")].count("run.resumed") == 1
