"""The transaction that changes the schema, cut off on purpose: two at once, killed in its middle, a database that hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from runbook.actions.migrations import roll_back_migration
from runbook.checks.migrations import catalogue, history
from runbook.errors import Fault, SystemFault
from runbook.model import Outcome, Status
from runbook.times import deadline

if TYPE_CHECKING:
    from conftest import World

# A run of its own, in a process of its own, up to the end of the change.
ELSEWHERE = """
from runbook import places, policy, settings
from runbook.actions.migrations import roll_back_migration
from runbook.systems import Systems
from runbook.times import Times

profile = settings.load_profile("sandbox")
systems = Systems(profile, settings.load_secrets(profile), policy.load(places.root()), Times())
roll_back_migration.change(systems, roll_back_migration.preview(systems).objects[0], None)
"""
CHANGING = (
    "select pid from pg_stat_activity where application_name = 'runbook' and usename = 'postgres'"
    " and wait_event_type = 'Lock'"
)


@contextmanager
def stuck_before_its_end(owner: psycopg.Connection[Any]) -> Iterator[None]:
    """The schema can be changed, and the history read; writing the history, which comes last, has to wait."""
    with owner.transaction():
        owner.execute("lock table supabase_migrations.schema_migrations in exclusive mode")
        yield


def changing(world: World) -> list[int]:
    with world.client() as client:
        return [row[0] for row in client.execute(CHANGING).fetchall()]


def test_two_at_once_change_it_once(world: World) -> None:
    world.break_("contract_migration")
    other, ends = world.reopened(), []
    plans = [(each, each.plan(roll_back_migration)) for each in (world, other)]

    def change(each: World, plan: Any) -> None:
        try:
            ends.append(each.carry_out(roll_back_migration, plan)[0].outcome)
        except SystemFault as fault:
            ends.append(fault.fault)

    threads = [threading.Thread(target=change, args=pair) for pair in plans]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    other.systems.close()
    assert ends.count(Outcome.DONE) == 1
    assert set(ends) <= {Outcome.DONE, Outcome.UNCHANGED, Outcome.FAILED, Fault.REJECTED}
    assert world.prove(roll_back_migration, plans[0][1]).status is Status.OK
    assert [one.name for one in history(world.systems)][:2] == [
        "undo_of_" + history(world.systems)[1].version,
        "contract_site_settings",
    ]


def test_killed_in_the_middle_of_the_transaction_nothing_was_changed(
    world: World, owner: psycopg.Connection[Any]
) -> None:
    world.break_("contract_migration")
    before, names = catalogue(world.systems), [one.name for one in history(world.systems)]
    with stuck_before_its_end(owner):
        run = subprocess.Popen([sys.executable, "-c", ELSEWHERE], stderr=subprocess.DEVNULL)
        try:
            world.until(lambda: len(changing(world)) == 1)
        finally:
            run.kill()
            run.wait(10)
    world.until(lambda: changing(world) == [])
    assert (catalogue(world.systems), [one.name for one in history(world.systems)]) == (before, names)
    plan = world.plan(roll_back_migration)  # and the next run can do it
    assert [one.outcome for one in world.carry_out(roll_back_migration, plan)] == [Outcome.DONE]


def test_a_database_that_hangs_is_left_in_time_and_nobody_claims_to_know(
    world: World, owner: psycopg.Connection[Any]
) -> None:
    world.break_("contract_migration")
    plan, before = world.plan(roll_back_migration), catalogue(world.systems)
    stopped: list[int] = []

    def stop() -> None:
        world.until(lambda: len(changing(world)) == 1)
        stopped.extend(changing(world))
        os.kill(stopped[0], signal.SIGSTOP)

    with stuck_before_its_end(owner):
        stopper = threading.Thread(target=stop)
        stopper.start()
        try:
            with deadline(2, world.systems.times), pytest.raises(SystemFault, match="does not answer") as silent:
                world.carry_out(roll_back_migration, plan)
        finally:
            stopper.join(15)
            os.kill(stopped[0], signal.SIGCONT)
    assert silent.value.fault is Fault.TIMEOUT  # so the action's end is unknown, and its proof tells
    world.until(lambda: changing(world) == [])
    assert catalogue(world.systems) == before
    assert roll_back_migration.verify(world.systems, plan).status is Status.CRITICAL
