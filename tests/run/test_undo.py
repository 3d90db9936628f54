"""Undo takes back exactly what a run changed, undo of undo does it again, and a cut in the middle changes nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from runbook.record.journal import scan
from runbook.record.verify import verify

if TYPE_CHECKING:
    from worlds import Runs

CHECKOUT = Path(__file__).resolve().parents[2]
FIELDS = ("flags_on", "production", "domains", "auto_assign", "attack_mode", "default_pool_size", "pool_mode", "settings_columns",
          "migrations")  # fmt: skip
CASES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "set_pool_size": ("database", {"size": 18}, "", "set_pool_size"),
    "enable_attack_mode": ("database", {}, "", "disable_attack_mode"),
    "turn_flag_off": ("flags", {"flag": "new-pricing"}, "flag_raises_errors", "turn_flag_on"),
    "roll_back_deployment": ("deployment", {}, "bad_deployment", "promote_deployment"),
    "roll_back_migration": ("migrations", {}, "contract_migration", "apply_migration_again"),
}


def runbook(world: Runs, *words: str, wait: bool = True) -> Any:
    told = {
        **{key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")},
        "RUNBOOK_SANDBOX": str(world.state), "RUNBOOK_HOME": str(CHECKOUT), "RUNBOOK_RUNS": str(world.runs),
        "RUNBOOK_OPERATOR": "ada@agency.test",
    }  # fmt: skip
    line = [sys.executable, "-m", "runbook.cli.main", *words]
    if not wait:
        return subprocess.Popen(line, env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return subprocess.run(line, env=told, capture_output=True, text=True, timeout=100, check=False)


def fields(world: Runs) -> dict[str, Any]:
    return {key: value for key, value in world.state_now().items() if key in FIELDS}


def changed_by(world: Runs, about: str, action: str) -> Path:
    """The world before and after one approved change; the run that made it."""
    module, arguments, fault, _ = CASES[action]
    world.break_(*([fault] if fault else []))
    world.incident(about)
    assert world.child(about, module, action, arguments, mode="rehearse").returncode == 0
    (made,) = [e.data for e in world.entries(about) if e.event == "plan.made"]
    done = world.child(about, module, action, arguments, approve=f"{action}@{made['plan_id']}")
    assert done.returncode == 0, done.stderr
    return world.run_dir(about)


@pytest.mark.parametrize("action", list(CASES))
def test_undo_restores_the_world_and_undo_of_undo_the_change(world: Runs, action: str) -> None:
    inverse, fault = CASES[action][3], CASES[action][2]
    world.break_(*([fault] if fault else []))
    before = fields(world)
    run_dir = changed_by(world, "INC-1", action)
    changed = fields(world)
    assert changed != before
    rehearsed = runbook(world, "undo", run_dir.name, "--json")
    told = json.loads(rehearsed.stdout)
    assert (told["status"], fields(world)) == ("healthy", changed)
    (plan,) = told["plans"]
    assert plan["action"] == inverse
    back = runbook(world, "undo", run_dir.name, "--mode", "act", "--approve", f"{inverse}@{plan['plan_id']}", "--json")
    told = json.loads(back.stdout)
    assert [(one["action"], one["outcome"]) for one in told["actions"]] == [(inverse, "done")]
    assert (back.returncode, fields(world)) == (0, before)
    assert verify(Path(told["run_dir"])).whole
    again = runbook(world, "undo", "latest", "--mode", "act", "--approve", action, "--json")
    assert json.loads(again.stdout)["actions"][0]["outcome"] == "done", again.stdout
    assert fields(world) == changed


def test_an_undo_that_was_killed_in_the_middle_goes_on_and_changes_once(world: Runs) -> None:
    run_dir = changed_by(world, "INC-1", "turn_flag_off")
    world.break_("flag_raises_errors", {"slow_answers": {"milliseconds": 400, "systems": ["launchdarkly"]}})
    broken = changed_by_hand(world, run_dir)
    undoing = runbook(world, "undo", run_dir.name, "--mode", "act", "--approve", "turn_flag_on", wait=False)
    journal = begun(world, "action.object")
    undoing.send_signal(signal.SIGKILL)
    undoing.wait()
    time.sleep(1)
    went_on = runbook(world, "resume", journal.parent.name, "--json")
    told = json.loads(went_on.stdout)
    assert (went_on.returncode, [one["outcome"] for one in told["actions"]]) == (0, ["done"]), went_on.stdout
    assert verify(journal.parent).whole
    assert [e.event for e in scan(journal).entries].count("run.resumed") == 1
    assert "new-pricing" in fields(world)["flags_on"]
    saw = [row["path"] for row in world.changes()[broken:] if row["system"] == "launchdarkly"]
    assert saw == ["/api/v2/flags/agency/new-pricing"]


def changed_by_hand(world: Runs, run_dir: Path) -> int:
    """The flag is off again after the world was broken anew; how many changes the world has seen."""
    done = world.child(run_dir.parent.name, "flags", "turn_flag_off", {"flag": "new-pricing"}, approve="turn_flag_off")
    assert done.returncode == 0
    return len(world.changes())


def begun(world: Runs, event: str) -> Path:
    """The journal of the undo, as soon as it holds this event."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        for journal in world.runs.glob("INC-1/*-undo-*/journal.jsonl"):
            if any(entry.event == event for entry in scan(journal).entries):
                return journal
        time.sleep(0.01)
    raise AssertionError(f"no {event} in time")


def test_what_cannot_be_undone_is_refused_with_its_reason(world: Runs) -> None:
    world.break_({"leaked_transactions": {"count": 2}})
    world.incident("INC-1")
    done = world.child("INC-1", "database", "end_idle_transactions", {"older_than_seconds": 0}, approve="end_idle_transactions")  # fmt: skip
    assert done.returncode == 0, done.stderr
    refused = runbook(world, "undo", "latest")
    assert refused.returncode == 3
    assert "cannot be undone: the clients reconnect and begin again" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_run_that_changed_nothing_has_nothing_to_undo_and_nothing_to_resume(world: Runs) -> None:
    world.break_()
    world.incident("INC-1")
    assert world.child("INC-1", "flags", "turn_flag_off", {"flag": "new-pricing"}, mode="rehearse").returncode == 0
    before = sorted(world.runs.rglob("*"))
    assert "nothing to undo" in runbook(world, "undo", "latest").stderr
    assert runbook(world, "resume", "latest").returncode == 3
    assert runbook(world, "resume", "nope").returncode == 2
    assert sorted(world.runs.rglob("*")) == before
