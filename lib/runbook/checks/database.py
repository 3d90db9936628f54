"""Why does the database fail? Every question that the notebook database-failure asks of Supabase and of Postgres.

Reads of Postgres go by the direct connection, else through the pooler, else through the management API when we are
locked out like everybody else; ``source`` says by which way. What the answers mean is decided in the pure modules beside this.
"""

from __future__ import annotations

from typing import Any

from runbook.checks import connecting, sessions, storage, vendor
from runbook.checks.frame import Answer, both, check
from runbook.errors import Fault, SystemFault
from runbook.model import Json, Status
from runbook.systems import Systems

STATEMENT_SECONDS = 300.0  # as the notebook's parameter
DATABASE, SUPABASE = ("database",), ("supabase",)


def read(systems: Systems, name: str, **values: Json) -> list[dict[str, Any]]:
    """Rows of ``sql/get_<name>.sql``, by whichever way still answers. Another company's database is not read."""
    identity = systems.identity("database")
    if identity is not None and identity.matches is False:
        raise SystemFault(f"wrong target: the database says {identity.seen}, expected {identity.expected}",
                          system="database", fault=Fault.WRONG_TARGET)  # fmt: skip
    rows: list[dict[str, Any]] = systems.database.query(name, **values)
    return rows


def source(systems: Systems) -> str:
    """Where rows came from, for findings and proofs."""
    return f"Postgres, {systems.database.way}"


def protected_roles(systems: Systems) -> frozenset[str]:
    """The roles whose sessions no runbook touches: those of the profile."""
    target = systems.profile.database
    return frozenset(target.protected_roles if target is not None else ())


@check(required=False, deadline_seconds=6.0)
def status_page(systems: Systems) -> Answer:
    """Does Supabase report trouble with the components and the region that matter to us?"""
    target = systems.profile.supabase
    if target is None:
        return not_used("Supabase", systems)
    return vendor.status_page(systems.status_pages["supabase"].summary(), target.status_components, target.region)


@check(asks=SUPABASE)
def services(systems: Systems) -> Answer:
    """Are the project and each of its services healthy?"""
    return vendor.services(*both(systems.supabase.project, systems.supabase.health))


@check(asks=DATABASE)
def direct_connection(systems: Systems) -> Answer:
    """Does Postgres take a direct connection, and how fast?"""
    probe = systems.database.probe("direct")
    return connecting.connection(probe, systems.policy.threshold("connection_time"), "login, direct address")


@check(asks=DATABASE)
def pooled_connection(systems: Systems) -> Answer:
    """Does the pooler pass a connection through to Postgres, and how fast?"""
    probe = systems.database.probe("pooled")
    return connecting.connection(probe, systems.policy.threshold("connection_time"), "login, pooler")


@check(asks=DATABASE)
def utilisation(systems: Systems) -> Answer:
    """Are the connections used up, and by which role and application?"""
    total, connections = read(systems, "utilisation")[0], read(systems, "connections")
    return sessions.utilisation(total, connections, systems.policy.threshold("connection_pool"), source(systems))


@check(asks=DATABASE)
def blocking(systems: Systems) -> Answer:
    """Who waits for a lock, and who is at the root?"""
    return sessions.blocking(read(systems, "blocking"), systems.policy.threshold("lock_wait"), source(systems))


@check(asks=DATABASE)
def long_statements(systems: Systems, statement_seconds: float = STATEMENT_SECONDS) -> Answer:
    """Which statements run for long?"""
    threshold = systems.policy.threshold("query_time")
    least = min(float(statement_seconds), threshold.critical or float(statement_seconds))
    rows = read(systems, "long_statements", seconds=least)
    return sessions.long_statements(rows, statement_seconds, threshold, protected_roles(systems), source(systems))


@check(asks=DATABASE)
def idle_transactions(systems: Systems, idle_seconds: float | None = None) -> Answer:
    """Which sessions sit idle in a transaction, holding a connection and maybe locks?"""
    limit = systems.policy.threshold("idle_transaction_age").critical or 0.0 if idle_seconds is None else idle_seconds
    threshold = systems.policy.threshold("idle_transactions")
    rows = read(systems, "idle_transactions")
    return sessions.idle_transactions(rows, limit, threshold, protected_roles(systems), source(systems))


@check(asks=DATABASE, required=False)
def replicas(systems: Systems) -> Answer:
    """Do replicas follow, and does a dead slot keep the log?"""
    lag, retained = systems.policy.threshold("replica_lag"), systems.policy.threshold("retained_log")
    return storage.replicas(read(systems, "replicas"), read(systems, "slots"), lag, retained, source(systems))


@check(asks=("supabase", "database"))
def disk(systems: Systems) -> Answer:
    """Is the disk full, and does the database still take writes?"""
    sizes, said = _sizes(systems)
    read_only = any(row["read_only"] is True for row in sizes)
    used = size = None
    try:
        figures, vendor_says = both(systems.supabase.disk, systems.supabase.read_only_mode)
        used, size = figures.used_bytes, figures.size_bytes
        read_only = read_only or vendor_says
    except SystemFault:
        if not read_only:  # else that it only reads is enough to act on, and how full it is can be told later
            raise
    where = f"Management API, disk and read-only mode{'; ' + said if said else ''}"
    threshold = systems.policy.threshold("database_disk")
    return storage.disk(used=used, size=size, read_only=read_only, sizes=sizes, threshold=threshold, source=where)


@check(asks=DATABASE, required=False)
def top_statements(systems: Systems) -> Answer:
    """Which statements take the most time?"""
    threshold = systems.policy.threshold("statement_mean")
    return storage.top_statements(read(systems, "top_statements"), threshold, source(systems))


def not_used(what: str, systems: Systems) -> Answer:
    """The answer where a profile has no such system: that is known, and nothing is wrong."""
    return Answer(Status.OK, f"{what} is not used in environment {systems.profile.name}", source="profile")


def _sizes(systems: Systems) -> tuple[list[dict[str, Any]], str]:
    """Sizes and read-only mode from Postgres; nothing when it cannot be asked: the vendor's figures still count."""
    try:
        return read(systems, "sizes"), source(systems)
    except SystemFault:
        return [], ""
