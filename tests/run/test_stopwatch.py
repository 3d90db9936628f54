"""What the Markdown runbook allots to each step of a rollback stands beside what it took, on the screen and in the record."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from runbook.actions.deployment import STEPS
from runbook.record.journal import Entry
from runbook.report.story import tell
from runbook.run.facts import anything_done
from runbook.run.stopwatch import steps
from runbook.times import iso, parse_iso

if TYPE_CHECKING:
    from worlds import Runs

BEGAN = parse_iso("2026-11-24T03:00:00Z")


def entry(after_seconds: float, event: str, **data: Any) -> Entry:
    return Entry(1, iso(BEGAN + timedelta(seconds=after_seconds)), event, data, "", "")


JOURNAL = [
    entry(0, "run.opened"),
    entry(40, "plan.made", plan_id="p"),
    entry(41, "plan.made", plan_id="other"),
    entry(100, "action.started", plan_id="p"),
    entry(100, "action.object", plan_id="p", phase="intent"),
    entry(103, "action.object", plan_id="p", phase="outcome"),
]


def test_each_step_has_what_it_took_and_the_time_to_decide_belongs_to_people() -> None:
    rows = steps(STEPS, JOURNAL, "p", BEGAN + timedelta(seconds=109))
    assert [(row["step"], row["allotted_seconds"], row["took_seconds"], row["within"]) for row in rows] == [
        ("find and plan", 30.0, 40.0, False), ("change", 10.0, 3.0, True), ("prove", 30.0, 6.0, True), ("in all", 180.0, 49.0, True),
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_what_was_not_carried_out_to_the_end_here_has_no_times(cut: int) -> None:
    assert steps(STEPS, JOURNAL[:cut], "p", BEGAN) == []
    assert steps({}, JOURNAL, "p", BEGAN) == []


def test_nobody_waits_for_a_recovery_by_what_mends_nothing() -> None:
    assert anything_done([entry(0, "action.finished", outcome="done", mends=True)])
    assert not anything_done([entry(0, "action.finished", outcome="done", mends=False)])


def test_clock_and_budget_are_in_the_record_of_a_rollback(world: Runs) -> None:
    world.break_("bad_deployment")
    world.incident("INC-1")
    assert world.child("INC-1", "deployment", "roll_back_deployment", {}, mode="rehearse").returncode == 0
    (made,) = [e.data for e in world.entries("INC-1") if e.event == "plan.made"]
    approved = f"roll_back_deployment@{made['plan_id']}"
    done = world.child("INC-1", "deployment", "roll_back_deployment", {}, approve=approved)
    assert "Budget:" in done.stdout and "of 180 s" in done.stdout, done.stderr
    entries = world.entries("INC-1")
    (ended,) = [e.data for e in entries if e.event == "action.finished"]
    assert [row["step"] for row in ended["steps"]] == [step.value for step in STEPS]
    assert all(row["within"] for row in ended["steps"])
    assert any(moment.word.word == "clock" and "of 180 s" in moment.line for moment in tell(entries))
