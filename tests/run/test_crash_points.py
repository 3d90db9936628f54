"""Killed at every entry of the journal from the plan to the end, and resumed: the world sees each change exactly once."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from runbook.approval import path_of, read_plan

if TYPE_CHECKING:
    from worlds import Runs

pytestmark = pytest.mark.timeout(600)
SETTLED = (
    "home", "flags_on", "production", "auto_assign", "domains", "flag_requests", "idle_in_transaction", "attack_mode",
    "default_pool_size", "project_status",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    module: str
    arguments: dict[str, Any] = field(default_factory=dict)
    faults: tuple[Any, ...] = ()
    exact: bool = False  # the plan must be approved by its id


CASES = {
    "end_idle_transactions": Case("database", {"older_than_seconds": 0}, ({"leaked_transactions": {"count": 3}},)),
    "cancel_statement": Case("database", {"older_than_seconds": 0}, ({"runaway_statement": {"waiting": 1}},)),
    "set_pool_size": Case("database", {"size": 18}),
    "enable_attack_mode": Case("database"),
    "restart_project": Case("database", exact=True),
    "roll_back_deployment": Case("deployment", {}, ("bad_deployment",), exact=True),
    "roll_back_migration": Case("migrations", {}, ("contract_migration",), exact=True),
    "turn_flag_off": Case("flags", {"flag": "new-pricing"}, ("flag_raises_errors",)),
    "request_flag_off": Case("flags", {"flag": "new-pricing"}, ("flag_raises_errors", "flag_needs_approval")),
}
IN_MAKE_TEST = {"turn_flag_off", "end_idle_transactions"}


def approval_of(world: Runs, about: str, action: str, case: Case) -> str:
    if not case.exact:
        return action
    done = world.child(about, case.module, action, case.arguments, mode="rehearse")
    assert done.returncode == 0, done.stderr
    (made,) = [e.data for e in world.entries(about) if e.event == "plan.made"]
    return f"{action}@{made['plan_id']}"


def once(world: Runs, about: str, action: str, case: Case, kill_at: int) -> tuple[int, list[str], dict[str, Any]]:
    """Break, run (killed there, then resumed), and what the world saw: its changes and how it is now."""
    world.break_(*case.faults)
    world.incident(about)
    approve = approval_of(world, about, action, case)
    before = len(world.changes())
    done = world.child(about, case.module, action, case.arguments, approve=approve, kill_at=kill_at)
    if kill_at:
        assert done.returncode == -9, done.stdout + done.stderr
        time.sleep(0.05)
        done = world.resume(about, case.module, action, case.arguments, approve=approve)
    assert done.returncode == 0, done.stdout + done.stderr
    entries = world.entries(about)
    last = [e.data for e in entries if e.event == "action.finished" and e.data["action"] == action][-1]
    assert last["outcome"] == "done", (kill_at, last, done.stdout)
    assert read_plan(path_of(world.runs / about, last["plan_id"])).plan.action == action
    length = len(entries) - next(i for i, e in enumerate(entries) if e.event == "plan.made")
    saw = sorted(f"{row['system']} {row['method']} {row['path']}" for row in world.changes()[before:])
    state = {key: value for key, value in world.state_now().items() if key in SETTLED}
    world.break_()  # mended, for the next one
    return length, saw, state


@pytest.mark.parametrize(
    "action", [pytest.param(name, marks=() if name in IN_MAKE_TEST else pytest.mark.long) for name in CASES]
)
def test_a_run_killed_anywhere_and_resumed_changes_everything_once(world: Runs, action: str) -> None:
    case = CASES[action]
    length, expected, after = once(world, "whole", action, case, 0)
    assert expected
    for kill_at in range(1, length):  # after run.closed there is nothing to go on with
        _, saw, state = once(world, f"cut-{kill_at}", action, case, kill_at)
        assert (kill_at, saw) == (kill_at, expected)
        assert (kill_at, state) == (kill_at, after)
