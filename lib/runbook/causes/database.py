"""Causes inside the database: stopped, only reading, a lock that nobody lets go, a statement that runs away."""

from __future__ import annotations

from runbook.causes.evidence import cause, is_bad, is_critical, rows
from runbook.causes.frame import Explain, Findings, fact
from runbook.model import Cause

DIRECT = "database.direct_connection"
POOLED = "database.pooled_connection"
SERVICES = "database.services"
DISK = "database.disk"
BLOCKING = "database.blocking"
LONG = "database.long_statements"
SITE = "site.health"


def postgres_stopped(findings: Findings) -> Cause | None:
    """Nobody listens where Postgres listens, and somebody who sees more than this machine says the same."""
    unhealthy = fact(findings, SERVICES, "unhealthy", [])
    vendor_says_so = isinstance(unhealthy, list) and "db" in unhealthy
    pooler_says_so = fact(findings, POOLED, "layer") == "behind"
    layer = fact(findings, DIRECT, "layer")
    nobody_listens = layer == "network" and (vendor_says_so or pooler_says_so)
    if not is_critical(findings, DIRECT) or not (nobody_listens or layer == "starting"):
        return None
    return cause(
        findings, "postgres-stopped", f"Postgres does not run: {fact(findings, DIRECT, 'message', '')}",
        because=(DIRECT, *((SERVICES,) if vendor_says_so else ())), expected=(SERVICES, POOLED, SITE),
        actions=("restart_project",), notebooks=("database-failure",),
        by_hand="If a restart does not bring it back: a support ticket, never a second restart.", weight=80,
    )  # fmt: skip


def disk_full(findings: Findings) -> Cause | None:
    """The disk is full, or Postgres only reads because it was."""
    if not is_critical(findings, DISK):
        return None
    read_only = fact(findings, DISK, "read_only") is True
    title = "The disk is full and the database only reads" if read_only else "The disk is nearly full"
    return cause(
        findings, "disk-full", title, because=(DISK,), notebooks=("database-failure",),
        by_hand="Enlarge the disk in the dashboard (Database settings, Disk size; it costs money and can be done once "
        "in about 6 hours), or lift read-only mode for 15 minutes there and delete what is not needed; drop a dead "
        "replication slot first if the disk check shows one. Never delete files of Postgres.",
        weight=75,
    )  # fmt: skip


def forgotten_lock(findings: Findings) -> Cause | None:
    """Others wait for a lock whose holder does nothing: it is idle in its transaction."""
    idle = [root for root in _roots(findings) if str(root.get("state")).startswith("idle in transaction")]
    if not idle:
        return None
    worst = idle[0]
    return cause(
        findings, "forgotten-lock",
        f"{worst['waiting']} sessions wait for a lock that session {worst['pid']} ({worst['application']}) forgot",
        because=(BLOCKING,), expected=(LONG,), supports=(SITE,), actions=("end_idle_transactions",),
        notebooks=("database-failure",),
        by_hand="Ask the owner of that session to commit or roll back, if there is one to ask.", weight=72,
    )  # fmt: skip


def runaway_statement(findings: Findings) -> Cause | None:
    """One statement runs much longer than it should, and does not itself wait for a lock."""
    runs = [row for row in rows(findings, LONG, "over") if not row.get("waits_for_lock")]
    if not runs:
        return None
    worst = runs[0]
    blocks = f" and blocks {worst['blocks']} others" if worst.get("blocks") else ""
    return cause(
        findings, "runaway-statement",
        f"A statement of {worst['application']} ({worst['role']}) runs for {worst['running_seconds']:.0f} s{blocks}",
        because=(LONG, *((BLOCKING,) if worst.get("blocks") and is_bad(findings, BLOCKING) else ())), supports=(SITE,),
        actions=("cancel_statement",), notebooks=("database-failure",),
        by_hand="A backup, a migration or a vacuum is left to run: ask its owner first.", weight=66,
    )  # fmt: skip


def _roots(findings: Findings) -> list[dict[str, object]]:
    return [row for row in rows(findings, BLOCKING, "blockers") if row.get("root")]


EVERY: tuple[Explain, ...] = (postgres_stopped, disk_full, forgotten_lock, runaway_statement)
