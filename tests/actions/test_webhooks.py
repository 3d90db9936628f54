"""Webhooks brought back in a real sandbox: the endpoint on, what was missed handed over once each, whoever else tries too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from runbook.actions.deployment import promote_deployment, roll_back_deployment
from runbook.actions.webhooks import backfill_events, disable_endpoint, enable_endpoint, resend_event
from runbook.checks import webhooks
from runbook.checks.handing import hand_over
from runbook.checks.missed import missed_events
from runbook.errors import Refused, SystemFault
from runbook.model import Outcome, Status

if TYPE_CHECKING:
    from conftest import World


def outcomes(world: World, action: Any, plan: Any) -> list[Outcome]:
    return [one.outcome for one in world.carry_out(action, plan)]


def given(world: World) -> tuple[int, int]:
    state = world.state_now()
    return state["events_unhandled"], state["given_twice"]


def test_an_endpoint_goes_on_and_off_again_and_knows_when_it_is_done_already(world: World) -> None:
    world.break_("webhook_endpoint_disabled")
    plan = world.plan(enable_endpoint)
    assert outcomes(world, enable_endpoint, plan) == [Outcome.DONE]
    assert world.prove(enable_endpoint, plan).status is Status.OK and world.state_now()["endpoints_on"] == 1
    assert outcomes(world, enable_endpoint, plan) == [Outcome.UNCHANGED]

    back = world.plan(disable_endpoint, **enable_endpoint.undo_with(plan))
    assert any("never sent" in cost for cost in back.costs)
    assert outcomes(world, disable_endpoint, back) == [Outcome.DONE] and world.state_now()["endpoints_on"] == 0
    assert world.plan(disable_endpoint, **enable_endpoint.undo_with(plan)).objects == ()


def test_an_endpoint_that_is_not_at_our_handler_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="no endpoint at our handler's path"):
        world.plan(enable_endpoint, endpoint="we_elsewhere")


def test_what_was_missed_is_handed_over_oldest_first_and_the_same_again_changes_nothing(world: World) -> None:
    world.break_("webhook_endpoint_disabled")
    assert given(world) == (12, 0)
    plan = world.plan(backfill_events)
    assert len(plan.objects) == 12
    assert [one.shown["made"] for one in plan.objects] == sorted(str(one.shown["made"]) for one in plan.objects)
    assert outcomes(world, backfill_events, plan) == [Outcome.DONE] * 12
    assert world.prove(backfill_events, plan).status is Status.OK
    assert given(world) == (0, 0)
    assert outcomes(world, backfill_events, plan) == [Outcome.UNCHANGED] * 12
    assert world.plan(backfill_events).objects == ()
    assert world.systems.stripe.endpoints()[0].is_enabled is False  # what was off stays off


def test_an_event_that_somebody_else_hands_over_meanwhile_is_not_given_twice(world: World) -> None:
    world.break_("webhook_endpoint_disabled")
    plan = world.plan(backfill_events)
    first, second = (world.systems.stripe.payload(one.identity) for one in plan.objects[:2])
    assert hand_over(world.systems, first).is_taken
    assert outcomes(world, backfill_events, plan) == [Outcome.UNCHANGED] + [Outcome.DONE] * 11
    again = hand_over(world.systems, second)
    assert again.is_taken and again.is_duplicate and given(world) == (0, 0)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("webhook_redirected", "redirects to /api/webhooks/stripe/"),
        ("webhook_walled", "a wall in front of it"),
        ("webhook_receiver_failing", "fails .500."),
    ],
)
def test_nothing_is_handed_to_a_handler_that_does_not_take_it(world: World, fault: str, says: str) -> None:
    world.break_(fault)
    with pytest.raises(Refused, match=says):
        world.plan(backfill_events)


def test_a_handler_that_breaks_after_the_plan_fails_the_event_and_loses_nothing(world: World) -> None:
    world.break_("webhook_receiver_failing")
    back = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, back)
    assert world.prove(roll_back_deployment, back).status is Status.OK
    plan = world.plan(backfill_events)  # of what Stripe has given up; the rest it delivers itself
    broken = world.plan(promote_deployment, **roll_back_deployment.undo_with(back))
    world.carry_out(promote_deployment, broken)
    assert world.prove(promote_deployment, broken).status is Status.OK
    done = backfill_events.change(world.systems, plan.objects[0], plan)
    assert done.outcome is Outcome.FAILED and "fails (500)" in done.line
    assert world.prove(backfill_events, plan, seconds=0).status is Status.CRITICAL
    assert plan.objects[0].identity in [one.event_id for one in missed_events(world.systems, 1).events]


def test_one_event_is_sent_again_by_stripe_and_arrives(world: World) -> None:
    world.break_("webhook_endpoint_disabled")
    plan = world.plan(enable_endpoint)
    world.carry_out(enable_endpoint, plan)
    event = world.plan(backfill_events).objects[0].identity
    again = world.plan(resend_event, event=event)
    assert outcomes(world, resend_event, again) == [Outcome.DONE]
    assert world.prove(resend_event, again).status is Status.OK
    assert given(world) == (11, 0)


def test_an_event_that_is_not_named_is_not_sent_and_one_that_is_not_there_is_said(world: World) -> None:
    assert world.plan(resend_event).objects == ()
    with pytest.raises(SystemFault):
        world.plan(resend_event, event="evt_nothing")


def test_no_plan_and_no_finding_names_a_person(world: World) -> None:
    world.break_("webhook_endpoint_disabled")
    found = webhooks.customers.function(world.systems)
    assert found.facts["customers_hurt"] == 12 and found.facts["amounts"] == ["588.00 EUR"]
    for told in (repr(found), repr(world.plan(backfill_events))):
        assert "@" not in told and "receipt_email" not in told


def without_table(world: World) -> World:
    """The same sandbox, of an application that notes no events."""
    profile = world.systems.profile
    assert profile.database is not None
    world.systems.profile = replace(profile, database=replace(profile.database, events_table=""))
    return world


def test_where_nobody_notes_events_the_first_is_handed_over_twice_and_proves_that_the_handler_knows_them(
    world: World,
) -> None:
    world.break_("webhook_endpoint_disabled")
    plan = without_table(world).plan(backfill_events)
    assert len(plan.objects) == 12 and any(cost.startswith("WARNING: nobody notes") for cost in plan.costs)
    done = world.carry_out(backfill_events, plan)
    assert [one.outcome for one in done] == [Outcome.DONE] * 12
    assert "handed over again" in done[0].line and world.prove(backfill_events, plan).status is Status.OK
    assert given(world) == (0, 0)
    assert outcomes(world, backfill_events, plan) == [Outcome.UNCHANGED] * 12
    assert given(world) == (0, 0)


def test_a_handler_that_does_not_know_an_event_again_gets_no_second_one(world: World) -> None:
    world.break_("webhook_endpoint_disabled", "webhook_handler_forgetful")
    plan = without_table(world).plan(backfill_events)
    first = backfill_events.change(world.systems, plan.objects[0], plan)
    assert first.outcome is Outcome.FAILED and "given 2 times" in first.line


def test_where_nobody_notes_anything_nothing_is_handed_over(world: World) -> None:
    world.break_("webhook_endpoint_disabled")
    profile = without_table(world).systems.profile
    assert profile.database is not None
    world.systems.profile = replace(profile, database=replace(profile.database, given_table=""))
    with pytest.raises(SystemFault, match="names no table"):
        world.plan(backfill_events)
