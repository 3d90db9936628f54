"""Cancelling a statement and ending sessions, on a real PostgreSQL with neighbours that must survive."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from runbook.actions.database import cancel_statement, end_idle_transactions
from runbook.errors import SystemFault
from runbook.model import Outcome, Status

if TYPE_CHECKING:
    from conftest import World


def test_only_sessions_idle_for_long_enough_are_planned_and_the_others_named(world: World) -> None:
    world.break_({"leaked_transactions": {"count": 3, "minutes_ago": 0}}, "young_neighbour")
    time.sleep(1.6)
    plan = world.plan(end_idle_transactions, older_than_seconds=1.5)
    assert {item.shown["application"] for item in plan.objects} == {"agency-web"}
    assert len(plan.objects) == 3
    left = "\n".join(plan.left_alone)
    assert "1 of app/agency-checkout, idle in a transaction: idle for less than 1.5 s" in left
    assert "reporting/nightly-report, idle: holds no transaction" in left


def test_ending_them_is_done_once_and_proven(world: World) -> None:
    world.break_({"leaked_transactions": {"count": 3, "minutes_ago": 0}})
    plan = world.plan(end_idle_transactions, older_than_seconds=0)
    assert [one.outcome for one in world.carry_out(end_idle_transactions, plan)] == [Outcome.DONE] * 3
    assert world.prove(end_idle_transactions, plan).status is Status.OK
    assert [one.outcome for one in world.carry_out(end_idle_transactions, plan)] == [Outcome.UNCHANGED] * 3
    assert world.state_now()["lost"] == []


def test_a_session_that_went_on_to_work_is_left_and_counts_as_no_failure(world: World) -> None:
    with world.client() as client:
        client.execute("select 1")
        plan = world.plan(end_idle_transactions, older_than_seconds=0)
        client.commit()
        client.execute("select 2")  # the same session, idle in another transaction
        assert [one.outcome for one in world.carry_out(end_idle_transactions, plan)] == [Outcome.UNCHANGED]
        assert world.prove(end_idle_transactions, plan).status is Status.OK
        assert client.execute("select 3").fetchone() == (3,)


def test_no_more_sessions_than_policy_allows_are_planned_the_longest_idle_first(world: World) -> None:
    world.systems.policy = replace(world.systems.policy, at_most={"end_idle_transactions": 2})
    world.break_({"leaked_transactions": {"count": 4, "minutes_ago": 0}})
    plan = world.plan(end_idle_transactions, older_than_seconds=0)
    assert len(plan.objects) == 2
    assert "2 of app/agency-web, idle in a transaction: more than the 2 that policy allows" in "\n".join(
        plan.left_alone
    )


def test_a_role_that_the_profile_protects_is_never_planned(world: World) -> None:
    database = world.systems.profile.database
    assert database is not None
    world.systems.profile = replace(world.systems.profile, database=replace(database, protected_roles=("runbook",)))
    with world.client() as client:
        client.execute("select 1")
        plan = world.plan(end_idle_transactions, older_than_seconds=0)
    assert plan.objects == ()
    assert "the vendor's own or a protected role" in "\n".join(plan.left_alone)


def test_when_we_are_locked_out_too_it_works_through_the_management_api(world: World) -> None:
    world.break_("pool_full_for_us")
    plan = world.plan(end_idle_transactions, older_than_seconds=0)
    assert world.systems.database.way == "management API"
    assert {one.outcome for one in world.carry_out(end_idle_transactions, plan)} == {Outcome.DONE}
    assert world.prove(end_idle_transactions, plan).status is Status.OK
    assert world.state_now()["lost"] == []


def test_the_statement_that_blocks_is_cancelled_and_who_waits_for_it_is_not(world: World) -> None:
    world.break_("runaway_statement")
    time.sleep(0.3)
    plan = world.plan(cancel_statement, older_than_seconds=0.2)
    assert [item.shown["application"] for item in plan.objects] == ["agency-maintenance"]
    assert any("waits for a lock" in line for line in plan.left_alone)
    assert [one.outcome for one in world.carry_out(cancel_statement, plan)] == [Outcome.DONE]
    assert world.prove(cancel_statement, plan).status is Status.OK
    assert [one.outcome for one in world.carry_out(cancel_statement, plan)] == [Outcome.UNCHANGED]
    assert world.state_now()["lost"] == []


def test_a_statement_can_be_chosen_by_its_session_and_one_that_waits_is_refused(world: World) -> None:
    world.break_("runaway_statement")
    waiting = world.systems.database.query("blocking")[0]["waiting_pids"][0]
    plan = world.plan(cancel_statement, older_than_seconds=3600, pid=waiting)
    assert plan.objects == ()
    assert "waits for a lock" in plan.left_alone[0]


def test_nothing_runs_long_so_there_is_nothing_to_cancel(world: World) -> None:
    assert world.plan(cancel_statement, older_than_seconds=300).objects == ()


def test_sessions_of_another_companys_database_are_not_even_planned(world: World) -> None:
    world.break_("wrong_target")
    elsewhere = world.reopened()
    elsewhere.systems.identify_all()
    with pytest.raises(SystemFault, match="wrong target"):
        elsewhere.plan(end_idle_transactions, older_than_seconds=0)
    elsewhere.systems.close()
