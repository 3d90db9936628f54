"""Tonight's recovery point: how much would be lost if the database had to be restored now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from runbook.checks.judge import judged
from runbook.doctor.frame import Item, Question, ok
from runbook.model import Status
from runbook.systems import Systems
from runbook.times import parse_iso

ITEM = "recovery point"
DONE = "COMPLETED"
NEXT = "Supabase, Database, Backups: find out why, and make one now by `pg_dump`"


def questions(systems: Systems) -> Iterator[Question]:
    """Asked of the management API, where the profile has it."""
    if systems.profile.supabase is not None:
        yield Question(ITEM, lambda: [point(systems)])


def point(systems: Systems) -> Item:
    """The newest moment that can be restored, and its age."""
    backups = systems.supabase.backups()
    newest = _newest(backups)
    if newest is None:
        return Item(ITEM, Status.CRITICAL, "there is no backup that could be restored", NEXT)
    kind = "point_in_time_age" if backups["pitr_enabled"] else "backup_age"
    hours = (systems.times.now() - newest).total_seconds() / 3600
    status = judged(hours, systems.policy.threshold(kind))
    how = (
        "by point-in-time recovery"
        if backups["pitr_enabled"]
        else "the newest daily backup; there is no point-in-time recovery"
    )
    said = f"{newest:%Y-%m-%d %H:%M} UTC, {hours:.1f} h ago: {how}"
    return ok(ITEM, said) if status is Status.OK else Item(ITEM, status, said, NEXT)


def _newest(backups: Mapping[str, Any]) -> datetime | None:
    if backups["pitr_enabled"]:
        latest = backups["latest_unix"]
        return None if latest is None else datetime.fromtimestamp(latest, UTC)
    done = [parse_iso(row["inserted_at"]) for row in backups["backups"] if row["status"] == DONE]
    return max(done, default=None)
