"""The health of Supabase's services, asked of the real parts when it is asked for."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import psycopg

from runbook.sandbox.sessions import SERVICES

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
NAMES = ("auth", "db", "db_postgres_user", "pooler", "realtime", "rest", "storage", "pg_bouncer")
MOST_MILLISECONDS = 10_000
PROBE_SECONDS = 2
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16/"  # asks a Postgres-speaking server for TLS; it answers one byte


def service(world: World, name: str) -> Json:
    """One service as the API answers it."""
    coming = world.platform.status in ("RESTARTING", "RESTORING", "COMING_UP")
    problem = _problem(world, name)
    answer: Json = {"name": name, "healthy": not problem, "status": "ACTIVE_HEALTHY"}
    if problem:
        answer |= {"status": "COMING_UP" if coming else "UNHEALTHY", "error": problem}
    elif name == "auth":
        answer["info"] = {"name": "GoTrue", "version": "v2.181.0", "description": "GoTrue is a user registration API"}
    elif name == "realtime":
        answer["info"] = {"healthy": True, "db_connected": True, "replication_connected": True, "connected_cluster": 1}
    elif name == "rest":
        answer["info"] = {"db_schema": "public,graphql_public"}
    return answer


def _problem(world: World, name: str) -> str:
    """Why a service does not serve, asked of the real parts; empty when it does."""
    if name in SERVICES:
        return world.sessions.serves(name)
    if name in ("pooler", "pg_bouncer"):
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", world.parts.pooler.port), PROBE_SECONDS) as probe:
                probe.sendall(SSL_REQUEST)
                answered = probe.recv(1)
            return _database_problem(world) if answered in (b"N", b"S") else "no answer from the pooler"
        return "connect ECONNREFUSED"
    return _database_problem(world)


def _database_problem(world: World) -> str:
    try:
        world.admin.patient("select 1")
    except psycopg.Error as error:
        return str(error).splitlines()[0]
    return ""


def server_version(world: World) -> str:
    """The version Supabase's control plane remembers, also when Postgres is down."""
    with contextlib.suppress(psycopg.Error):
        rows = world.admin.patient("select current_setting('server_version') as version")
        world.platform.overrides.setdefault("_version", rows[0]["version"].split()[0])
    return str(world.platform.overrides.get("_version", "17"))
