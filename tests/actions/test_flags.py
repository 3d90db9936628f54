"""Flags turned off and on, against a twin that refuses what the vendor refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runbook.actions.flags import request_flag_off, turn_flag_off, turn_flag_on
from runbook.checks.flags import evaluations
from runbook.checks.frame import ask
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import Outcome, Status
from runbook.testing import World as Fakes

if TYPE_CHECKING:
    from conftest import World

PRICING = "new-pricing"
OFF_LONG_AGO = {
    "key": PRICING, "name": "New pricing page", "archived": False,
    "variations": [{"_id": "v0", "value": True}, {"_id": "v1", "value": False}],
    "environments": {"production": {"on": False, "version": 3, "lastModified": 1_700_000_000_000, "offVariation": 1,
                                    "fallthrough": {"variation": 0}}},
}  # fmt: skip


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


def test_evaluations_are_told_when_there_are_any_and_never_green_before_or_without(world: World) -> None:
    world.break_("flag_raises_errors")
    for _ in range(5):
        world.systems.site.get("/")
    state = world.systems.launchdarkly.flag(PRICING)
    (minute, *_) = world.systems.launchdarkly.evaluations(state, 0)
    assert minute.counts[state.served_id] >= 5 and state.values[state.served_id] == "true"
    seen = ask(evaluations, world.systems, {"flag": PRICING})  # changed eight minutes ago
    assert (seen.status, seen.required) == (Status.OK, False) and "got true" in seen.summary

    plan = world.plan(turn_flag_off)
    world.carry_out(turn_flag_off, plan)
    assert "are pending, they come by the whole minute" in world.prove(turn_flag_off, plan).summary
    assert ask(evaluations, world.systems, {"flag": PRICING}).status is Status.UNKNOWN


def test_a_plan_without_evaluations_is_said_and_not_green(world: World) -> None:
    world.break_("flag_raises_errors", "flag_usage_not_bought")
    seen = ask(evaluations, world.systems, {"flag": PRICING})
    assert seen.status is Status.UNKNOWN and "not in this plan" in seen.summary


@pytest.mark.parametrize(
    ("counts", "metadata", "status", "says"),
    [
        ([{"0": 0, "1": 9}], ["v0", "v1"], Status.OK, "9 of 9"),
        ([{"0": 2, "1": 7}], ["v0", "v1"], Status.CRITICAL, "to the others the change has not come"),
        ([{"0": 2, "1": 7}], ["something", "else"], Status.UNKNOWN, "cannot be told"),
        ([], ["v0", "v1"], Status.UNKNOWN, "nobody asked for it"),
    ],
)
def test_applications_that_still_get_the_old_value_are_no_success(
    counts: list[dict[str, int]], metadata: list[str], status: Status, says: str
) -> None:
    faked = Fakes(vendors={"launchdarkly": {
        "GET /api/v2/flags/agency/new-pricing": OFF_LONG_AGO,
        "GET /api/v2/usage/evaluations/agency/production/new-pricing": {
            "_links": {}, "metadata": [{"id": one} for one in metadata],
            "series": [{"time": 4_000_000_000_000, **row} for row in counts],
        },
    }})  # fmt: skip
    seen = faked.check(evaluations, flag=PRICING)
    assert seen.status is status and says in seen.summary


def test_delivery_that_is_down_is_said_before_the_flag_is_turned_off(world: World) -> None:
    world.break_("flag_raises_errors", {"vendor_incident": {"system": "launchdarkly", "component": "SDK delivery"}})
    assert any("may not reach the applications" in cost for cost in world.plan(turn_flag_off).costs)


def test_an_approval_that_waits_is_said_and_nobody_is_asked_twice(world: World) -> None:
    world.break_("flag_needs_approval")
    world.carry_out(request_flag_off, world.plan(request_flag_off))
    assert world.plan(request_flag_off).objects == ()
    world.break_("flag_raises_errors")
    world.systems.launchdarkly.ask_approval(PRICING, on=True, description="launch on Monday")
    assert any("launch on Monday" in cost for cost in world.plan(turn_flag_off).costs)


def test_a_refusal_of_the_vendor_is_said_in_words(world: World) -> None:
    world.break_("flag_raises_errors")
    plan = world.plan(turn_flag_off)
    world.systems.launchdarkly.turn = refuses(409)  # type: ignore[method-assign]
    (no,) = world.carry_out(turn_flag_off, plan)
    assert no.outcome is Outcome.FAILED and "somebody changed it at the same moment" in no.line


def refuses(status_code: int) -> Any:
    def turn(*args: object, **rest: object) -> None:
        raise SystemFault("PATCH: refused", system="launchdarkly", fault=Fault.REJECTED, status_code=status_code)

    return turn
