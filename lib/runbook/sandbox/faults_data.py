"""Faults of the data: rows that are really gone, and what somebody needs to get them back."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from runbook.sandbox.archive import Archive, Damage
from runbook.sandbox.replica import Replica
from runbook.sandbox.sessions import connect

if TYPE_CHECKING:
    from runbook.sandbox.world import World

JOB = "agency-cleanup"
TABLES: LiteralString = "select tablename::text as name from pg_tables where schemaname = 'public' order by 1"
LEAD: LiteralString = "insert into public.leads (email, message) values ('visitor@example.test', 'Call me')"
BOOKING: LiteralString = (
    "insert into public.bookings (uid, customer_id, starts_at) values (%s, 1, now() + interval '1 day')"
)


def mass_delete(world: World, recovery: bool = True, before: int = 5, after: int = 3) -> None:
    """A cleanup job without its WHERE deletes every booking; visitors write before and after. ``recovery``: the add-on."""
    postgres = world.parts.postgres
    if recovery:
        world.archive = Archive(postgres, world.parts.dir / f"archive-{int(time.monotonic() * 1000)}")
        world.archive.begin()
    with connect(postgres.dsn("app"), JOB) as job:
        kept = [row["row"] for row in job.execute("select b::text as row from public.bookings b")]
        world.on_repair(lambda: _take_back(world, kept))
        for _ in range(before):
            job.execute(LEAD)
        time.sleep(1.01 - time.time() % 1)  # a whole second between what is kept and what is lost
        moment = datetime.fromtimestamp(int(time.time()), UTC)
        world.damage = Damage(moment, digests(world))
        job.execute("delete from public.bookings")
        for _ in range(after):
            job.execute(LEAD)
        job.execute(BOOKING, ("bk_after_the_damage",))


def read_replica(world: World) -> None:
    """A read replica that follows well: it must go before anything is restored."""
    replica = Replica(world.parts.postgres, world.parts.dir / f"replica-{int(time.monotonic() * 1000)}")

    def undo() -> None:
        world.replica = None
        replica.remove()

    world.on_repair(undo)
    replica.start()
    world.replica = replica


def restore_fails(world: World) -> None:
    """The vendor takes the order to restore, and cannot do it."""
    world.platform.restores_fail = True


def digests(world: World) -> dict[str, str]:
    """Every table of the application as it is now: rows and all their columns."""
    found = {}
    for row in world.admin.patient(TABLES):
        statement = sql.SQL("select count(*)::text || ' ' || coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '')"
                            " as digest from public.{} t").format(sql.Identifier(row["name"]))  # fmt: skip
        with world.reserved_connection() as connection:
            found[row["name"]] = (connection.execute(statement).fetchone() or {})["digest"]
    return found


def as_before(world: World) -> bool | None:
    """Whether all data is what it was in the last second before the damage; None: nothing was damaged."""
    return None if world.damage is None else digests(world) == world.damage.digests


def _take_back(world: World, kept: list[str]) -> None:
    """The bookings are there again, and nobody archives any more."""
    world.damage = None
    archive, world.archive = world.archive, None
    world.admin.patient("truncate public.bookings")
    world.admin.patient("delete from public.leads where email = 'visitor@example.test'")
    world.admin.patient("insert into public.bookings select (r::public.bookings).* from unnest(%s::text[]) r", kept)
    world.admin.patient("select pg_stat_force_next_flush()")
    world.admin.patient("select pg_stat_reset()")  # what this repair deleted is nobody's damage
    if archive is not None:
        archive.end()
