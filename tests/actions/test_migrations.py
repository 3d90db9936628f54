"""The last migration undone and applied again, on a real PostgreSQL, under a site that really reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from runbook import settings
from runbook.actions.migrations import apply_migration_again, roll_back_migration
from runbook.checks.frame import ask
from runbook.checks.migrations import catalogue, dependents, history, newest
from runbook.db import Migrator
from runbook.errors import Refused
from runbook.model import Outcome, Status
from runbook.sandbox import lifecycle

if TYPE_CHECKING:
    from conftest import World

Push = Callable[..., str]


@pytest.fixture
def push(owner: psycopg.Connection[Any]) -> Iterator[Push]:
    """Apply a migration to the table ``t`` as the vendor's tool does; table and history are gone afterwards."""
    ours: list[str] = []

    def apply(*statements: str, number: int = 1) -> str:
        version = f"2026112310000{number}"
        for one in statements:
            owner.execute(one.encode())
        owner.execute(
            "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, 'ours', %s)",
            (version, list(statements)),
        )
        ours.append(version)
        return version

    apply("create table public.t (id int, note text, old text not null default 'x')", number=0)
    owner.execute("insert into public.t (id, note) values (1, 'a'), (2, 'b')")
    owner.execute("grant select on public.t to pg_read_all_data")
    yield apply
    owner.execute("drop table public.t cascade")
    owner.execute("delete from supabase_migrations.schema_migrations where version > '20261103083000'")


def test_undone_proven_and_applied_again_the_schema_is_what_it_was(world: World) -> None:
    healthy = catalogue(world.systems)
    world.break_("contract_migration")
    broken, names = catalogue(world.systems), [one.name for one in history(world.systems)]
    assert world.state_now()["home"] == 503
    plan = world.plan(roll_back_migration)
    assert [one.outcome for one in world.carry_out(roll_back_migration, plan)] == [Outcome.DONE]
    assert world.prove(roll_back_migration, plan).status is Status.OK
    assert (catalogue(world.systems), world.state_now()["home"]) == (healthy, 200)
    assert history(world.systems)[0].name.startswith("undo_of_")

    again = world.plan(apply_migration_again, **roll_back_migration.undo_with(plan))
    assert [one.outcome for one in world.carry_out(apply_migration_again, again)] == [Outcome.DONE]
    assert world.prove(apply_migration_again, again).status is Status.OK
    assert (catalogue(world.systems), [one.name for one in history(world.systems)]) == (broken, names)


def test_planning_changes_nothing_and_a_second_time_there_is_nothing_to_do(world: World) -> None:
    world.break_("contract_migration")
    before = catalogue(world.systems)
    plan = world.plan(roll_back_migration)
    assert catalogue(world.systems) == before
    world.carry_out(roll_back_migration, plan)
    assert world.plan(roll_back_migration).objects == ()
    assert [one.outcome for one in world.carry_out(roll_back_migration, plan)] == [Outcome.UNCHANGED]


def test_before_the_change_the_proof_says_that_it_was_not_made(world: World) -> None:
    world.break_("contract_migration")
    assert roll_back_migration.verify(world.systems, world.plan(roll_back_migration)).status is Status.CRITICAL


def test_half_a_migration_is_taken_back_and_leaves_the_history(world: World) -> None:
    world.break_("migration_half_applied")
    found = ask(newest, world.systems, {})
    assert found.status is Status.WARNING and "only 1 of 3 changes took effect" in found.summary
    plan = world.plan(roll_back_migration)
    assert "drop column" not in plan.objects[0].shown["then"]
    world.carry_out(roll_back_migration, plan)
    assert world.prove(roll_back_migration, plan).status is Status.OK
    assert history(world.systems)[0].name == "add_processed_events"


def test_values_in_the_new_column_refuse(world: World) -> None:
    world.break_("contract_migration_with_data")
    with pytest.raises(Refused, match="holds 2 values written since"):
        world.plan(roll_back_migration)


def test_values_that_come_after_the_plan_stop_the_change(world: World, owner: psycopg.Connection[Any]) -> None:
    world.break_("contract_migration")
    plan, before = world.plan(roll_back_migration), catalogue(world.systems)
    owner.execute("update public.site_settings set language = 'de'")
    (changed,) = world.carry_out(roll_back_migration, plan)
    assert changed.outcome is Outcome.FAILED and "would be lost" in changed.line
    assert catalogue(world.systems) == before


def test_a_table_that_somebody_holds_is_not_waited_for(world: World, owner: psycopg.Connection[Any]) -> None:
    world.break_("contract_migration")
    plan, before = world.plan(roll_back_migration), catalogue(world.systems)
    with owner.transaction():
        owner.execute("lock table public.site_settings in share mode")
        with pytest.raises(Exception, match="lock timeout") as late:
            world.carry_out(roll_back_migration, plan)
    assert "rolled back, nothing was changed" in str(late.value)
    assert (catalogue(world.systems), history(world.systems)[0].name) == (before, "contract_site_settings")


def test_a_dropped_column_comes_back_as_it_was_written_without_its_values(
    world: World, push: Push, owner: psycopg.Connection[Any]
) -> None:
    before = catalogue(world.systems)
    push("alter table public.t drop column old, alter column note set not null")
    plan = world.plan(roll_back_migration)
    assert any(cost.startswith("WARNING: the values that public.t.old had are gone; 2 rows") for cost in plan.costs)
    world.carry_out(roll_back_migration, plan)
    assert world.prove(roll_back_migration, plan).status is Status.OK
    assert catalogue(world.systems) == before
    assert owner.execute("select distinct old from public.t").fetchall() == [("x",)]


def test_one_that_may_not_be_empty_sends_to_a_restore(
    world: World, push: Push, owner: psycopg.Connection[Any]
) -> None:  # fmt: skip
    owner.execute("delete from public.t")
    push("alter table public.t add column must text not null", number=1)
    owner.execute("insert into public.t (id, must) values (1, 'gone soon')")
    push("alter table public.t drop column must", number=2)
    with pytest.raises(Refused, match="may not be empty and 1 rows .* point-in-time-recovery"):
        world.plan(roll_back_migration)


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("create index t_note on public.t (note)", "only adds"),
        ("update public.t set note = 'c'", "more than can be taken back"),
        (
            "alter table public.t rename column note to remark; alter table public.t rename column remark to third",
            "more than once",
        ),
    ],
)
def test_what_cannot_be_taken_back_is_refused(world: World, push: Push, statement: str, why: str) -> None:
    push(statement)
    with pytest.raises(Refused, match=why):
        world.plan(roll_back_migration)


def test_one_that_was_applied_after_the_plan_stops_the_change(world: World, push: Push) -> None:
    push("alter table public.t rename column note to remark", number=1)
    plan = world.plan(roll_back_migration)
    push("create index t_id on public.t (id)", number=2)
    before = catalogue(world.systems)
    (changed,) = world.carry_out(roll_back_migration, plan)
    assert changed.outcome is Outcome.FAILED and "is not the last one" in changed.line
    assert catalogue(world.systems) == before


@pytest.mark.parametrize("name", ["reset", "down", "supabase db reset", "Migration Down"])
def test_the_vendors_way_that_drops_everything_is_refused_by_name(world: World, name: str) -> None:
    with pytest.raises(Refused, match="drops every table"):
        world.plan(roll_back_migration, migration=name)


def test_only_the_last_one_is_undone(world: World, push: Push) -> None:
    first = push("alter table public.t rename column note to remark", number=1)
    push("create index t_id on public.t (id)", number=2)
    with pytest.raises(Refused, match="is not the last one"):
        world.plan(roll_back_migration, migration=first)


def test_a_view_on_a_column_that_would_go_refuses(world: World, push: Push, owner: psycopg.Connection[Any]) -> None:
    push("alter table public.t add column fresh int", "alter table public.t alter column id set not null")
    owner.execute("create view public.seen as select fresh from public.t")
    assert ask(dependents, world.systems, {}).rows[0]["name"] == "public.seen"
    with pytest.raises(Refused, match=r"public\.seen stands on public\.t\.fresh"):
        world.plan(roll_back_migration)


def test_rows_that_row_security_hides_are_not_taken_for_none(
    world: World, push: Push, owner: psycopg.Connection[Any]
) -> None:
    push("alter table public.t add column fresh int", "alter table public.t alter column id set not null")
    owner.execute("alter table public.t enable row level security")
    with pytest.raises(Exception, match="row security hides rows"):
        world.plan(roll_back_migration)


def test_an_address_that_leads_to_another_cluster_changes_nothing(world: World) -> None:
    world.break_("contract_migration")
    plan, before = world.plan(roll_back_migration), catalogue(world.systems)
    dsn = settings.load_secrets(world.systems.profile).need("PROD_DATABASE_URL")
    world.systems._opened["migrator"] = Migrator(
        dsn, "PROD_DATABASE_URL", system_identifier="7", times=world.systems.times
    )
    with pytest.raises(Exception, match="leads to another database"):
        world.carry_out(roll_back_migration, plan)
    assert catalogue(world.systems) == before


def test_without_the_owners_address_the_plan_says_so(world: World) -> None:
    world.break_("contract_migration")
    target = replace(world.systems.profile.database, migrations_variable="NOWHERE")  # type: ignore[type-var]
    world.systems.profile = replace(world.systems.profile, database=target)
    assert (
        "WARNING: NOWHERE is not set, so this cannot be carried out from here" in world.plan(roll_back_migration).costs
    )


def test_the_world_sees_one_change_for_the_whole_transaction(world: World) -> None:
    world.break_("contract_migration")
    seen = len(lifecycle.control("GET", "requests?changes=1", path=world.state)["requests"])
    plan = world.plan(roll_back_migration)
    world.carry_out(roll_back_migration, plan)
    rows = lifecycle.control("GET", "requests?changes=1", path=world.state)["requests"][seen:]
    assert [(row["method"], row["objects"]) for row in rows] == [("MIGRATE", [plan.objects[0].identity])]
