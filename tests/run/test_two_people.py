"""Where policy asks for two people, two different ones must approve the exact plan; a reason stands in only in a SEV-0."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from runbook import approval
from runbook.record.summary import summarize
from runbook.times import Times

if TYPE_CHECKING:
    from worlds import Runs

CHECKOUT = Path(__file__).resolve().parents[2]
FLAG = {"flag": "new-pricing"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A checkout whose policy asks for two people to turn a flag off."""
    for part in ("notebooks", "params"):
        shutil.copytree(CHECKOUT / part, tmp_path / "home" / part)
    policy = tmp_path / "home/params/policy/approvals.yaml"
    policy.write_text(policy.read_text().replace("two_people:\n", "two_people:\n  - action: turn_flag_off\n"))
    return tmp_path / "home"


def apply(world: Runs, home: Path, *, given: bool, second: str = "", severity: str = "SEV-1", reason: str = "") -> Any:
    """Rehearse, let a second person approve, act; the last end of the action."""
    world.break_("flag_raises_errors")
    world.incident("INC-1", severity)
    here = {"RUNBOOK_HOME": str(home)}
    assert world.child("INC-1", "flags", "turn_flag_off", FLAG, mode="rehearse", **here).returncode == 0
    (made,) = [e.data for e in world.entries("INC-1") if e.event == "plan.made"]
    plan = approval.read_plan(approval.path_of(world.runs / "INC-1", made["plan_id"])).plan
    if second:
        approval.write_approval(world.runs / "INC-1", plan, approver=second, reason="seen", valid=timedelta(minutes=30), times=Times())  # fmt: skip
    approve = f"turn_flag_off@{plan.plan_id}" if given else ""
    more = {**here, **({"RUNBOOK_BREAK_GLASS": reason} if reason else {})}
    done = world.child("INC-1", "flags", "turn_flag_off", FLAG, approve=approve, **more)
    assert done.returncode == 0, done.stderr
    return [e.data for e in world.entries("INC-1") if e.event == "action.finished"][-1]


@pytest.mark.parametrize(
    ("how", "outcome", "said"),
    [
        ({"given": True}, "refused", "a second person must approve it: runbook approve "),
        ({"given": True, "second": "ada@agency.test"}, "refused", "the same person twice, ada@agency.test"),
        ({"given": True, "second": "ADA@agency.test "}, "refused", "the same person twice"),
        ({"given": False, "second": "grace@agency.test"}, "refused", "a second person must approve it"),
        (
            {"given": True, "reason": "nobody awake"},
            "refused",
            "break-glass needs an incident of SEV-0, this one is SEV-1",
        ),
        ({"given": False, "reason": "nobody awake", "severity": "SEV-0"}, "skipped", "not approved"),
    ],
)
def test_one_person_is_not_two(world: Runs, home: Path, how: dict[str, Any], outcome: str, said: str) -> None:
    end = apply(world, home, **how)
    assert (end["outcome"], end["changed"]) == (outcome, [])
    assert said in end["reason"]
    assert "new-pricing" in world.state_now()["flags_on"]


def test_two_people_are_named_and_both_approvals_are_used_up(world: Runs, home: Path) -> None:
    end = apply(world, home, given=True, second="grace@agency.test")
    assert (end["outcome"], end["approved_by"]) == ("done", "ada@agency.test, grace@agency.test")
    assert not list((world.runs / "INC-1/approvals").rglob("*.json"))
    (plan,) = summarize(world.entries("INC-1"))["plans"]
    assert plan["approval"] == "ada@agency.test, grace@agency.test"


def test_break_glass_in_a_sev_0_is_loud(world: Runs, home: Path) -> None:
    end = apply(world, home, given=True, severity="SEV-0", reason="nobody awake")
    assert (end["outcome"], end["approved_by"]) == ("done", "ada@agency.test, BREAK-GLASS: nobody awake")
    entries = world.entries("INC-1")
    assert [e.data["break_glass"] for e in entries if e.event == "approval.used"] == ["nobody awake"]
    assert any("Break-glass" in e.data["text"] for e in entries if e.event == "followup.added")
