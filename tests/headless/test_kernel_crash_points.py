"""With a real kernel: killed after every entry of the journal from the plan to the end, and resumed; changed exactly once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from runbook.record.journal import read
from runbook.record.verify import verify
from runbook.sandbox import lifecycle

if TYPE_CHECKING:
    from checkouts import Home

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Case:
    """One action, how the world breaks so that it has something to do, and which figure of the world it puts right."""

    cell: str
    fault: Any
    figure: str


CASES = {
    "turn_flag_off": Case("from runbook.actions.flags import turn_flag_off as action\narguments = {'flag': 'new-pricing'}",
                          "flag_raises_errors", "flags_on"),
    "end_idle_transactions": Case(
        "from runbook.actions.database import end_idle_transactions as action\narguments = {'older_than_seconds': 0}",
        {"leaked_transactions": {"count": 3}}, "idle_in_transaction",
    ),
}  # fmt: skip
# The kernel ends itself right after so many entries since the plan, once: a run that goes on has a life of its own.
CUT = """
import os, signal
from pathlib import Path
from runbook.record.journal import Journal
at, mark, append, seen = {kill_at}, Path({mark!r}), Journal.append, 0
def counting(self, event, data):
    global seen
    entry = append(self, event, data)
    seen += event == "plan.made" or seen > 0
    if seen and seen == at and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return entry
Journal.append = counting
"""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("sandbox")) as path:
        yield path


def runbook(home: Home, state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "runbook.cli.main", *words, "--json"]
    told = {**os.environ, "RUNBOOK_SANDBOX": str(state)}
    return subprocess.run(line, env=told, cwd=home.path, capture_output=True, text=True, timeout=60, check=False)


def changes(state: Path) -> list[str]:
    rows = lifecycle.control("GET", "requests", path=state)["requests"]
    return [f"{row['system']} {row['method']} {row['path']}" for row in rows if row["change"]]


def once(home: Home, state: Path, action: str, kill_at: int) -> tuple[int, list[str], Any]:
    """How many entries there are since the plan, what the world saw being changed, and how it is afterwards."""
    case = CASES[action]
    lifecycle.control("POST", "break", {"faults": [case.fault]}, state)
    time.sleep(0.5)
    before = len(changes(state))
    cut = CUT.format(kill_at=kill_at, mark=str(home.path / f"cut-{kill_at}"))
    home.write(cut, case.cell, "run.plan(action, **arguments)", "run.apply(action)")
    shutil.rmtree(home.runs, ignore_errors=True)
    done = runbook(home, state, "run", "sample", "--env", "sandbox", "--mode", "act", "--approve", action)
    run_dir = home.only_run
    if kill_at:
        assert done.returncode == 138, done.stdout + done.stderr
        assert verify(run_dir).first_broken is None
        done = runbook(home, state, "resume", run_dir.name)
    summary = json.loads(done.stdout)
    assert (done.returncode, summary["actions"][-1]["outcome"]) == (0, "done"), done.stdout
    assert verify(run_dir).first_broken is None
    entries = read(run_dir / "journal.jsonl")
    events = [entry.event for entry in entries]
    length = len([one for one in events[events.index("plan.made") :] if not one.startswith("run.")])
    return length, sorted(changes(state)[before:]), lifecycle.control("GET", "state", path=state)[case.figure]


@pytest.mark.parametrize("action", CASES)
def test_a_kernel_killed_anywhere_and_resumed_changes_everything_once(home: Home, state: Path, action: str) -> None:
    shutil.copy(CHECKOUT / "params/environments/sandbox.yaml", home.path / "params/environments")
    length, expected, after = once(home, state, action, 0)
    assert expected
    for kill_at in range(1, length + 1):
        _, saw, figure = once(home, state, action, kill_at)
        assert (kill_at, saw, figure) == (kill_at, expected, after)
