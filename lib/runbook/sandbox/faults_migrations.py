"""Faults of migrations: one that the running code does not survive, as somebody pushed it, whole or half."""

from __future__ import annotations

from datetime import timedelta
from importlib import resources
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    from runbook.sandbox.world import World

RENAME: LiteralString = "alter table public.site_settings rename column value to content"
CONSTRAINT: LiteralString = "alter table public.site_settings add constraint content_is_set check (content <> '')"
LANGUAGE: LiteralString = "alter table public.site_settings add column language text"
WRITTEN: LiteralString = "update public.site_settings set language = 'de'"
MOVED: tuple[LiteralString, ...] = (
    "alter table public.site_settings add column content text",
    "update public.site_settings set content = value",
)
DROPPED: LiteralString = "alter table public.site_settings drop column value"
APPLIED: LiteralString = (
    "insert into supabase_migrations.schema_migrations (version, name, statements) values (%s, %s, %s)"
)


def contract_migration(world: World, minutes_ago: float = 9) -> None:
    """A migration renames the column that the site's code reads on every page."""
    _push(world, (RENAME, CONSTRAINT, LANGUAGE), (RENAME, CONSTRAINT, LANGUAGE), minutes_ago)


def contract_migration_with_data(world: World, minutes_ago: float = 9) -> None:
    """The same, and newer code has written values into its new column."""
    contract_migration(world, minutes_ago)
    world.admin.patient(WRITTEN)


def migration_half_applied(world: World, minutes_ago: float = 9) -> None:
    """The same, run by hand without a transaction and entered into the history although it stopped after the first change."""
    _push(world, (RENAME, CONSTRAINT, LANGUAGE), (RENAME,), minutes_ago)


def column_replaced(world: World, minutes_ago: float = 30) -> None:
    """Since the last good deployment a column was moved into another one, and dropped: only newer code can do without it."""
    _push(world, MOVED, MOVED, minutes_ago + 60, "move_site_settings")
    _push(world, (DROPPED,), (DROPPED,), minutes_ago, "contract_site_settings")


def _push(
    world: World, statements: tuple[LiteralString, ...], carried_out: tuple[LiteralString, ...], minutes_ago: float,
    name: str = "contract_site_settings",
) -> None:  # fmt: skip
    world.on_repair(lambda: _as_before(world))
    for one in carried_out:
        world.admin.patient(one)
    at = world.times.now() - timedelta(minutes=minutes_ago)
    world.admin.patient(APPLIED, f"{at:%Y%m%d%H%M%S}", name, list(statements))


def _as_before(world: World) -> None:
    """The table anew, and the history without what was applied since the world began."""
    world.admin.patient("drop table if exists public.site_settings")
    world.admin.patient((resources.files("runbook.sandbox") / "sql" / "world.sql").read_text("utf-8"))
    world.admin.patient("delete from supabase_migrations.schema_migrations where version > '20261103083000'")
