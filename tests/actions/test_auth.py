"""One user's sessions are ended, device by device; nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runbook.actions.auth import clear_session_rows, revoke_sessions
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import Outcome, Status
from runbook.sandbox.signing_in import person
from runbook.testing import World as FakeWorld

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


def test_expired_rows_are_counted_then_cleared_and_the_others_stay(world: World) -> None:
    world.break_({"session_rows_expired": {"rows": 300}})
    plan = world.plan(clear_session_rows)
    assert plan.objects[0].shown["rows"] == 300 and plan.left_alone == ("20 other rows",)
    assert [one.line[:16] for one in world.carry_out(clear_session_rows, plan)] == ["deleted 300 rows"]
    assert world.prove(clear_session_rows, plan).status is Status.OK
    assert world.state_now()["session_rows"] == 20
    assert [one.outcome for one in world.carry_out(clear_session_rows, plan)] == [Outcome.UNCHANGED]


def test_one_users_rows_are_cleared_and_no_other_users(world: World) -> None:
    world.break_({"session_rows_expired": {"rows": 20}})
    plan = world.plan(clear_session_rows, user="user_7")
    assert plan.objects[0].identity == "public.user_sessions:user_7" and plan.objects[0].shown["rows"] == 2
    world.carry_out(clear_session_rows, plan)
    assert world.prove(clear_session_rows, plan).status is Status.OK
    assert world.state_now()["session_rows"] == 38


def test_where_nothing_has_expired_there_is_nothing_to_clear(world: World) -> None:
    plan = world.plan(clear_session_rows)
    assert (plan.objects, plan.costs) == ((), ("there is no such row",))


def test_without_such_a_table_the_plan_says_so() -> None:
    with pytest.raises(Refused, match="names no table of sessions"):
        FakeWorld().plan(clear_session_rows)
