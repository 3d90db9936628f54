"""Flags turned off and on, against a twin that refuses what the vendor refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runbook.actions.flags import request_flag_off, turn_flag_off, turn_flag_on
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import Outcome, Status

if TYPE_CHECKING:
    from conftest import World

PRICING = "new-pricing"


def test_the_flag_changed_last_is_turned_off_proven_and_turned_on_again(world: World) -> None:
    world.break_("flag_raises_errors")
    assert world.state_now()["home"] == 500
    plan = world.plan(turn_flag_off)
    assert [one.identity for one in plan.objects] == [PRICING]
    assert "serves true" in plan.objects[0].shown["now"] and "serves false" in plan.objects[0].shown["then"]
    assert [one.outcome for one in world.carry_out(turn_flag_off, plan)] == [Outcome.DONE]
    assert world.prove(turn_flag_off, plan).status is Status.OK
    assert world.state_now()["home"] == 200

    world.carry_out(turn_flag_on, world.plan(turn_flag_on, flag=PRICING))
    assert world.state_now()["home"] == 500


def test_planning_is_a_dry_run_that_changes_nothing(world: World) -> None:
    world.break_("flag_raises_errors")
    before = world.systems.launchdarkly.flag(PRICING)
    world.plan(turn_flag_off)
    assert world.systems.launchdarkly.flag(PRICING) == before


def test_a_flag_that_somebody_changed_meanwhile_is_left(world: World) -> None:
    world.break_("flag_raises_errors")
    plan = world.plan(turn_flag_off)
    world.systems.launchdarkly.turn(PRICING, on=False, comment="", dry_run=False)
    world.systems.launchdarkly.turn(PRICING, on=True, comment="", dry_run=False)
    (changed,) = world.carry_out(turn_flag_off, plan)
    assert changed.outcome is Outcome.UNCHANGED and "changed since the plan" in changed.line


def test_what_is_off_already_is_nothing_to_change(world: World) -> None:
    world.break_("flag_off_already")
    assert world.plan(turn_flag_off).objects == ()


def test_a_flag_without_an_off_variation_is_said_loudly(world: World) -> None:
    world.break_("flag_without_off_variation")
    assert any(cost.startswith("WARNING: the flag has no off variation") for cost in world.plan(turn_flag_off).costs)


def test_flags_that_need_it_are_named(world: World) -> None:
    assert any("search-suggestions" in cost for cost in world.plan(turn_flag_off, flag="portal-search").costs)


def test_where_an_approval_is_needed_the_vendor_is_asked_for_one_instead(world: World) -> None:
    world.break_("flag_needs_approval")
    with pytest.raises(Refused, match="wants an approval"):
        world.plan(turn_flag_off)
    plan = world.plan(request_flag_off)
    assert [one.outcome for one in world.carry_out(request_flag_off, plan)] == [Outcome.DONE]
    assert world.prove(request_flag_off, plan).status is Status.OK
    after = world.state_now()
    assert (after["flag_requests"], PRICING in after["flags_on"]) == (1, True)


def test_nothing_changed_lately_means_no_plan(world: World) -> None:
    with pytest.raises(Refused, match="no flag was changed"):
        world.plan(turn_flag_off)


def test_a_flag_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(SystemFault) as missing:
        world.plan(turn_flag_off, flag="nowhere")
    assert missing.value.fault is Fault.NOT_FOUND
