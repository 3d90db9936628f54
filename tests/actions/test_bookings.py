"""Bookings brought back in a real sandbox: the hook on, what was missed handed over and written by uid, nobody named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from runbook.actions.bookings import delivery, disable_hook, enable_hook, pull_bookings
from runbook.actions.deployment import promote_deployment, roll_back_deployment
from runbook.actions.webhooks import disable_endpoint, enable_endpoint
from runbook.checks import bookings
from runbook.checks.bookings import missed_bookings
from runbook.checks.handing import CAL, hand_over
from runbook.errors import Refused
from runbook.model import Outcome, Status

if TYPE_CHECKING:
    from conftest import World


def outcomes(world: World, action: Any, plan: Any) -> list[Outcome]:
    return [one.outcome for one in world.carry_out(action, plan)]


def stored(world: World, uid: str) -> tuple[Any, ...] | None:
    with world.client() as connection:
        return connection.execute("select customer_id, status from public.bookings where uid = %s", (uid,)).fetchone()


def test_a_hook_goes_on_and_off_again_and_knows_when_it_is_done_already(world: World) -> None:
    world.break_("cal_hook_inactive")
    plan = world.plan(enable_hook)
    assert [item.identity for item in plan.objects] == ["9001"]
    assert outcomes(world, enable_hook, plan) == [Outcome.DONE]
    assert world.prove(enable_hook, plan).status is Status.OK and world.state_now()["hooks_on"] == 3
    assert outcomes(world, enable_hook, plan) == [Outcome.UNCHANGED]
    assert world.plan(enable_hook).objects == ()

    back = world.plan(disable_hook, **enable_hook.undo_with(plan))
    assert any(cost.startswith("WARNING") for cost in back.costs)
    assert outcomes(world, disable_hook, back) == [Outcome.DONE] and world.state_now()["hooks_on"] == 2
    assert world.prove(disable_hook, back).status is Status.OK
    assert outcomes(world, disable_hook, back) == [Outcome.UNCHANGED]


def test_a_hook_that_is_not_at_our_handler_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="no hook at our handler's path"):
        world.plan(enable_hook, hook="1")


def test_what_was_missed_is_written_by_uid_oldest_change_first_and_the_same_again_changes_nothing(world: World) -> None:
    world.break_("cal_hook_inactive")
    plan = world.plan(pull_bookings)
    assert len(plan.objects) == world.state_now()["bookings_missed"] == 4
    assert [one.shown["changed"] for one in plan.objects] == sorted(str(one.shown["changed"]) for one in plan.objects)
    assert "bk_40" in [one.identity for one in plan.objects] and stored(world, "bk_40") == (40, "accepted")
    assert outcomes(world, pull_bookings, plan) == [Outcome.DONE] * 4
    assert world.prove(pull_bookings, plan).status is Status.OK and world.state_now()["bookings_missed"] == 0
    assert stored(world, "bk_40") == (40, "cancelled")
    (first, *_) = [one.identity for one in plan.objects if one.identity != "bk_40"]
    assert (stored(world, first) or (None,))[0] is not None  # who booked arrived with it
    assert outcomes(world, pull_bookings, plan) == [Outcome.UNCHANGED] * 4
    assert world.plan(pull_bookings).objects == ()
    assert world.state_now()["hooks_on"] == 2  # what was off stays off


def test_a_booking_that_somebody_else_hands_over_meanwhile_is_left_alone(world: World) -> None:
    world.break_("cal_hook_inactive")
    plan = world.plan(pull_bookings)
    one, whole = world.systems.calcom.whole_booking(plan.objects[0].identity)
    assert hand_over(world.systems, delivery(one, whole, "BOOKING_CREATED"), CAL).is_taken
    assert outcomes(world, pull_bookings, plan) == [Outcome.UNCHANGED] + [Outcome.DONE] * 3


def test_an_older_state_is_never_written_over_a_newer_one(world: World) -> None:
    world.break_("cal_hook_inactive")
    one, whole = world.systems.calcom.whole_booking("bk_40")
    assert hand_over(world.systems, delivery(one, whole, "BOOKING_CANCELLED"), CAL).is_taken
    older = delivery(one, whole, "BOOKING_CREATED") | {"createdAt": "2020-01-01T00:00:00.000Z"}
    older["payload"] |= {"status": "ACCEPTED"}
    answer = hand_over(world.systems, older, CAL)
    assert answer.is_taken and answer.is_duplicate and stored(world, "bk_40") == (40, "cancelled")


@pytest.mark.parametrize("fault", ["cal_hook_unsigned", "cal_hook_template"])
def test_what_a_hook_sent_in_vain_is_pulled_all_the_same(world: World, fault: str) -> None:
    world.break_(fault)
    assert bookings.hooks.function(world.systems).status is Status.CRITICAL
    plan = world.plan(pull_bookings)
    assert outcomes(world, pull_bookings, plan) == [Outcome.DONE] * 3
    assert world.state_now()["bookings_missed"] == 0


@pytest.mark.parametrize(
    ("fault", "says"), [("webhook_receiver_failing", "fails .500."), ("webhook_walled", "a wall in front of it")]
)
def test_nothing_is_handed_to_a_handler_that_does_not_take_it(world: World, fault: str, says: str) -> None:
    world.break_("cal_hook_inactive", fault)
    with pytest.raises(Refused, match=says):
        world.plan(pull_bookings)


def test_a_handler_that_breaks_after_the_plan_fails_the_booking_and_loses_nothing(world: World) -> None:
    world.break_("cal_hook_inactive", "webhook_receiver_failing")
    back = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, back)
    assert world.prove(roll_back_deployment, back).status is Status.OK
    plan = world.plan(pull_bookings)
    broken = world.plan(promote_deployment, **roll_back_deployment.undo_with(back))
    world.carry_out(promote_deployment, broken)
    assert world.prove(promote_deployment, broken).status is Status.OK
    done = pull_bookings.change(world.systems, plan.objects[0], plan)
    assert done.outcome is Outcome.FAILED and "500" in done.line
    assert world.prove(pull_bookings, plan, seconds=0).status is Status.CRITICAL
    assert plan.objects[0].identity in [one.uid for one in missed_bookings(world.systems, 24).bookings]


def test_a_secret_that_we_do_not_know_refuses_the_plan(world: World) -> None:
    world.break_("cal_secret_rotated")
    again = world.reopened()
    try:
        with pytest.raises(Refused, match="refuses it .400."):
            again.plan(pull_bookings)
    finally:
        again.systems.close()


def test_no_plan_and_no_finding_names_a_person(world: World) -> None:
    world.break_("cal_hook_inactive")
    plan = world.plan(pull_bookings)
    told = [plan, bookings.missed.function(world.systems), bookings.hooks.function(world.systems)]
    told += world.carry_out(pull_bookings, plan)
    assert not [one for one in told if "@" in repr(one) or "Customer" in repr(one)]


def test_one_parameter_names_an_endpoint_or_a_hook_and_the_other_action_leaves_it_alone(world: World) -> None:
    world.break_("cal_hook_inactive", "webhook_endpoint_disabled")
    (hook,) = world.plan(enable_hook).objects
    (endpoint,) = world.plan(enable_endpoint).objects
    assert world.plan(enable_hook, hook=endpoint.identity).objects == ()
    assert world.plan(enable_endpoint, endpoint=hook.identity).objects == ()
    assert world.plan(enable_hook, hook=hook.identity).objects == (hook,)


def test_undo_takes_back_every_hook_and_endpoint_that_was_switched(world: World) -> None:
    hooks = [one.hook_id for one in world.systems.calcom.webhooks()]
    plan = world.plan(disable_hook, hook=hooks[0])
    assert disable_hook.undo_with(replace(plan, objects=plan.objects * 2)) == {"hook": f"{hooks[0]},{hooks[0]}"}
    endpoints = [one.endpoint_id for one in world.systems.stripe.endpoints() if one.is_enabled]
    plan = world.plan(disable_endpoint, endpoint=",".join(endpoints))
    assert [item.identity for item in plan.objects] == endpoints
    assert outcomes(world, disable_endpoint, plan) == [Outcome.DONE] * len(endpoints)
    assert len(world.plan(enable_endpoint, **disable_endpoint.undo_with(plan)).objects) == len(endpoints)
