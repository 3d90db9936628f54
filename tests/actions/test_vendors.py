"""Pool size, attack mode and restart, against twins that really change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runbook.actions.database import disable_attack_mode, enable_attack_mode, restart_project, set_pool_size
from runbook.errors import Refused
from runbook.model import Outcome, Status

if TYPE_CHECKING:
    from conftest import World


def test_the_pool_size_is_set_proven_and_taken_back_with_the_old_value(world: World) -> None:
    plan = world.plan(set_pool_size, size=20)
    assert plan.before["default_pool_size"] == 15
    assert [one.outcome for one in world.carry_out(set_pool_size, plan)] == [Outcome.DONE]
    assert world.prove(set_pool_size, plan).status is Status.OK
    assert world.state_now()["default_pool_size"] == 20
    undo = world.plan(set_pool_size, size=plan.before["default_pool_size"])
    world.carry_out(set_pool_size, undo)
    assert world.state_now()["default_pool_size"] == 15


def test_a_pool_that_somebody_else_resized_meanwhile_is_left(world: World) -> None:
    plan = world.plan(set_pool_size, size=20)
    world.systems.supabase.set_pool_size(25)
    (changed,) = world.carry_out(set_pool_size, plan)
    assert changed.outcome is Outcome.UNCHANGED
    assert world.state_now()["default_pool_size"] == 25


def test_the_size_that_it_has_already_is_nothing_to_change(world: World) -> None:
    assert world.plan(set_pool_size, size=15).objects == ()


@pytest.mark.parametrize(("size", "says"), [(0, "no size was asked for"), (900, "do not fit")])
def test_no_plan_for_a_size_that_makes_no_sense(world: World, size: int, says: str) -> None:
    with pytest.raises(Refused, match=says):
        world.plan(set_pool_size, size=size)


def test_a_larger_pool_is_refused_when_postgres_itself_is_full(world: World) -> None:
    world.break_("pool_full_for_us")
    with pytest.raises(Refused, match="Postgres itself is full"):
        world.plan(set_pool_size, size=30)


def test_a_size_above_the_vendors_advice_says_so(world: World) -> None:
    assert "above the vendor's advice of 80 %" in "\n".join(world.plan(set_pool_size, size=35).costs)


def test_attack_mode_is_switched_on_once_and_off_again(world: World) -> None:
    on = world.plan(enable_attack_mode)
    first, again = world.carry_out(enable_attack_mode, on), world.carry_out(enable_attack_mode, on)
    assert [first[0].outcome, again[0].outcome] == [Outcome.DONE, Outcome.UNCHANGED]
    assert world.prove(enable_attack_mode, on).status is Status.OK
    assert world.plan(enable_attack_mode).objects == ()
    off = world.plan(disable_attack_mode)
    assert world.carry_out(disable_attack_mode, off)[0].outcome is Outcome.DONE
    assert world.prove(disable_attack_mode, off).status is Status.OK
    assert world.state_now()["attack_mode"] is False


def test_a_restart_brings_a_stopped_postgres_back_and_is_not_repeated(world: World) -> None:
    world.break_("postgres_stopped")
    plan = world.plan(restart_project)
    assert any("minutes of downtime" in line for line in plan.costs)
    first, while_it_runs = world.carry_out(restart_project, plan), world.carry_out(restart_project, plan)
    assert [first[0].outcome, while_it_runs[0].outcome] == [Outcome.DONE, Outcome.UNCHANGED]
    assert world.prove(restart_project, plan).status is Status.OK
    assert world.state_now()["postgres_alive"] is True


def test_a_plan_is_over_when_postgres_was_restarted_since(world: World) -> None:
    plan = world.plan(restart_project)
    world.carry_out(restart_project, plan)
    assert world.prove(restart_project, plan).status is Status.OK
    (again,) = world.carry_out(restart_project, plan)
    assert again.outcome is Outcome.UNCHANGED
    assert "restarted since the plan" in again.line


def test_a_restart_is_not_proven_before_postgres_has_started_anew(world: World) -> None:
    plan = world.plan(restart_project)
    answer = restart_project.verify(world.systems, plan)
    assert answer.status is Status.CRITICAL
    assert "has not restarted yet" in answer.summary
