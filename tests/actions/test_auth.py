"""One user's sessions are ended, device by device; nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runbook.actions.auth import revoke_sessions
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import Outcome, Status
from runbook.sandbox.signing_in import person

if TYPE_CHECKING:
    from conftest import World


def test_who_loops_is_found_and_signed_out_everywhere_and_the_others_stay(world: World) -> None:
    world.break_({"user_looping": {"name": "bo", "sessions": 24}})
    plan = world.plan(revoke_sessions)
    assert (plan.target, len(plan.objects)) == (person("bo"), 26)
    assert {item.shown["device"] for item in plan.objects} == {"Firefox desktop", "Firefox mobile"}
    assert any("signed out on 26 devices" in cost for cost in plan.costs)
    assert any("60 s" in cost for cost in plan.costs)
    assert {one.outcome for one in world.carry_out(revoke_sessions, plan)} == {Outcome.DONE}
    assert world.prove(revoke_sessions, plan).status is Status.OK
    assert world.state_now()["sessions_active"] == 2


def test_a_session_that_ended_meanwhile_is_unchanged_and_a_new_one_is_left(world: World) -> None:
    plan = world.plan(revoke_sessions, user=person("bo"))
    world.systems.clerk.revoke(plan.objects[0].identity)
    first, second = world.carry_out(revoke_sessions, plan)
    assert (first.outcome, second.outcome) == (Outcome.UNCHANGED, Outcome.DONE)


def test_nobody_named_and_nobody_looping_is_no_plan(world: World) -> None:
    with pytest.raises(Refused, match="no user was named"):
        world.plan(revoke_sessions)


def test_a_user_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(SystemFault) as missing:
        world.plan(revoke_sessions, user="user_nobody")
    assert missing.value.fault is Fault.NOT_FOUND


def test_the_plan_names_nobody_but_by_id(world: World) -> None:
    assert "customer.test" not in str(world.plan(revoke_sessions, user=person("ada")))
