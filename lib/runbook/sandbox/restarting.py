"""Supabase's restart of a project, behind its endpoint: PostgreSQL really stops and starts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbook.sandbox.world import World

RESTART_SECONDS = 2.0  # the vendor takes minutes (about six in the field); shortened, in the same steps


def begin(world: World) -> bool:
    """Begin to restart. False when one is under way, or the project is not well enough for one."""
    with world.lock:
        if world.platform.status != "ACTIVE_HEALTHY":
            return False
        world.platform.status = "RESTARTING"
    threading.Thread(target=_restart, args=(world,), name="restart", daemon=True).start()
    return True


def _restart(world: World) -> None:
    began = world.times.monotonic()
    end = "ACTIVE_UNHEALTHY"  # when Postgres does not come back
    try:
        with world.changing:
            world.times.sleep(RESTART_SECONDS / 4)
            world.parts.postgres.restart()
            world.parts.pooler.refuse(None)  # a project restart clears the circuit breaker, a reboot does not
            with world.lock:
                world.platform.status = "COMING_UP"
            world.times.sleep(max(0.0, RESTART_SECONDS - (world.times.monotonic() - began)))
            end = "ACTIVE_HEALTHY"
    finally:
        with world.lock:
            world.platform.status = end
