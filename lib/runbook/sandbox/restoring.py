"""Supabase's restore to a moment, behind its endpoint: what it refuses, and the job that really restores."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbook.sandbox.world import World

FAIL_SECONDS = 0.5
RESTORE_SECONDS = 2.0  # the vendor takes minutes to hours, by size; shortened, in the same steps


def why_not(world: World, unix: int) -> str:
    """Why a restore cannot begin; empty when it can. The vendor's words are not documented, its reasons are (Backups)."""
    if world.platform.status != "ACTIVE_HEALTHY":
        return f"Project is {world.platform.status}, it cannot be restored now"
    if world.archive is None:
        return "Point in time recovery is not enabled for this project"
    if world.replica is not None:
        return "Remove all read replicas before restoring"
    if not world.archive.earliest_unix <= unix <= world.archive.latest_unix:
        return "recovery_time_target_unix is outside the recovery window"
    return ""


def begin(world: World, unix: int) -> str:
    """Begin to restore; the reason when it is refused. The project is the job: poll it."""
    with world.lock:
        if reason := why_not(world, unix):
            return reason
        world.platform.status = "RESTORING"
    moment = datetime.fromtimestamp(unix, UTC)
    threading.Thread(target=_restore, args=(world, moment), name="restore", daemon=True).start()
    return ""


def _restore(world: World, moment: datetime) -> None:
    began = world.times.monotonic()
    end = "RESTORE_FAILED"
    try:
        with world.changing:
            assert world.archive is not None
            if world.platform.restores_fail:
                world.times.sleep(FAIL_SECONDS)
                return
            world.archive.restore(moment)
            world.parts.pooler.refuse(None)
            with world.lock:
                world.platform.status = "COMING_UP"
            world.times.sleep(max(0.0, RESTORE_SECONDS - (world.times.monotonic() - began)))
            end = "ACTIVE_HEALTHY"
    finally:
        with world.lock:
            world.platform.status = end
