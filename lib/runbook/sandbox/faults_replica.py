"""Faults of the read replica: a real second server that falls behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runbook.sandbox.faults_database import until
from runbook.sandbox.replica import Replica

if TYPE_CHECKING:
    from runbook.sandbox.world import World

CHUNK_BYTES = 4_000_000


def replica_lagging(world: World, megabytes: int = 80) -> None:
    """A long report holds up the read replica while an import writes on the primary: readers there see old rows."""
    replica = Replica(world.parts.postgres, world.parts.dir / f"replica-{int(time.monotonic() * 1000)}")

    def undo() -> None:
        world.replica = None
        replica.remove()

    world.on_repair(undo)
    replica.start()
    world.replica = replica
    replica.pause_replay()
    for _ in range(-(-megabytes * 1_000_000 // CHUNK_BYTES)):
        world.admin.rows("select pg_logical_emit_message(false, 'import', repeat('x', %s::int))", CHUNK_BYTES)
    until(lambda: (behind_mb(world) or 0) >= megabytes, "the replica keeps up")


def behind_mb(world: World) -> int | None:
    """How many megabytes the replica has not shown yet; None without a replica. psycopg.Error when Postgres is down."""
    if world.replica is None:
        return None
    rows = world.admin.patient(
        "select coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::bigint as bytes from pg_stat_replication"
    )
    return int(rows[0]["bytes"]) // 1_000_000
