"""A rollback's job that is run again in the same incident changes nothing and does not fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from worlds import Runs

GOOD = "Portal: remember the last project"


@pytest.mark.parametrize("named", [False, True], ids=["by plan", "by name"])
def test_the_same_job_again_is_unchanged_never_one_step_further_back(world: Runs, named: bool) -> None:
    world.break_("bad_deployment")
    world.incident("INC-1")
    assert world.child("INC-1", "deployment", "roll_back_deployment", {}, mode="rehearse").returncode == 0
    (plan,) = [e.data for e in world.entries("INC-1") if e.event == "plan.made"]
    to = plan["objects"][0].partition(" instead of ")[0]
    job = {"deployment": to} if named else {}
    approve = "roll_back_deployment" if named else f"roll_back_deployment@{plan['plan_id']}"
    outcomes = []
    for _ in range(2):
        assert world.child("INC-1", "deployment", "roll_back_deployment", job, approve=approve).returncode == 0
        outcomes += [e.data["outcome"] for e in world.entries("INC-1") if e.event == "action.finished"]
    (closed,) = [e.data for e in world.entries("INC-1") if e.event == "run.closed"]
    assert (outcomes, closed["status"]) == (["done", "unchanged"], "healthy")
    assert world.state_now()["production"] == GOOD
