"""Supabase's Management API: backups, and the restore to a moment, which is real."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runbook.sandbox import restoring
from runbook.sandbox.seeds import PROJECT_REF, REGION
from runbook.sandbox.twins.frame import Call, Refusal, Reply
from runbook.sandbox.twins.supabase_door import body_of, project_route

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any


@project_route("GET", "/database/backups")
def backups(world: World, call: Call) -> Reply:
    """The recovery window, where the add-on is bought (it ends the daily backups: docs, Backups); else a week of backups."""
    archive = world.archive
    window = {} if archive is None else {
        "earliest_physical_backup_date_unix": archive.earliest_unix,
        "latest_physical_backup_date_unix": archive.latest_unix,
    }  # fmt: skip
    return Reply({
        "region": REGION, "walg_enabled": True, "pitr_enabled": archive is not None,
        "backups": world.backups if archive is None else [], "physical_backup_data": window,
    })  # fmt: skip


@project_route("POST", "/database/backups/restore-pitr")
def restore(world: World, call: Call) -> Reply:
    """Restore the database to a second: PostgreSQL really goes back. Answers at once; the project is the job."""
    body: Json = body_of(call, {"recovery_time_target_unix": int})
    unix = body.get("recovery_time_target_unix")
    if unix is None or unix < 0:
        raise Refusal(400, "recovery_time_target_unix: Invalid input: expected number >=0")
    if reason := restoring.begin(world, unix):
        raise Refusal(400, reason)
    return Reply(
        status=201, change=True, objects=(f"{PROJECT_REF}@{datetime.fromtimestamp(unix, UTC):%Y-%m-%dT%H:%M:%SZ}",)
    )
