"""Rollback and promote, against a twin that really moves what each domain serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runbook.actions.deployment import promote_deployment, roll_back_deployment
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import Outcome, Status

if TYPE_CHECKING:
    from conftest import World

GOOD = "Portal: remember the last project"
BAD = "Portal: new session handling"


def test_the_last_good_deployment_is_served_on_every_domain_and_promoting_takes_it_back(world: World) -> None:
    world.break_("bad_deployment")
    assert world.state_now()["home"] == 500
    plan = world.plan(roll_back_deployment)
    assert [one.outcome for one in world.carry_out(roll_back_deployment, plan)] == [Outcome.DONE]
    assert world.prove(roll_back_deployment, plan).status is Status.OK
    after = world.state_now()
    assert (after["home"], after["domains"], after["auto_assign"]) == (200, [GOOD], False)

    undo = world.plan(promote_deployment)
    world.carry_out(promote_deployment, undo)
    world.systems.times.sleep(1)
    back = world.state_now()
    assert (back["domains"], back["auto_assign"]) == ([BAD], True)


def test_once_more_is_never_one_step_further_back(world: World) -> None:
    world.break_("rolled_back_already")
    assert world.plan(roll_back_deployment).objects == ()


def test_what_moved_meanwhile_is_left(world: World) -> None:
    world.break_("bad_deployment")
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    assert world.prove(roll_back_deployment, plan).status is Status.OK
    (again,) = world.carry_out(roll_back_deployment, plan)
    assert again.outcome is Outcome.UNCHANGED


def test_a_move_under_way_makes_the_vendor_refuse_another_and_nothing_is_unknown(world: World) -> None:
    world.break_("bad_deployment", {"slow_alias": {"seconds": 5}})
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    with pytest.raises(SystemFault, match="Another aliasing job") as refused:
        world.systems.vercel.roll_back(str(plan.objects[0].bound["to"]), "again")
    assert refused.value.fault is Fault.REJECTED
    assert "in-progress" in roll_back_deployment.verify(world.systems, plan).summary


def test_a_domain_left_behind_is_moved_by_the_same_target_again(world: World) -> None:
    world.break_("domain_left_behind")
    assert world.state_now()["domains"] == [BAD, GOOD]
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    assert world.prove(roll_back_deployment, plan).status is Status.OK
    assert world.state_now()["domains"] == [GOOD]


@pytest.mark.parametrize(
    ("fault", "deployment", "says"),
    [
        ("rolling_release", "", "rolling release"),
        ("no_candidate", "", "no earlier deployment"),
        ("bad_deployment", "dpl_nowhere", "no rollback candidate"),
    ],
)
def test_no_plan_where_the_vendor_would_refuse(world: World, fault: str, deployment: str, says: str) -> None:
    world.break_(fault)
    with pytest.raises(Refused, match=says):
        world.plan(roll_back_deployment, deployment=deployment)


def test_the_plan_names_what_else_goes_back(world: World) -> None:
    world.break_("bad_deployment")
    costs = "\n".join(world.plan(roll_back_deployment).costs)
    assert "environment variables and cron jobs" in costs
    assert "do not go live by themselves" in costs
