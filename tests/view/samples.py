"""One night, as data: a leak of idle transactions, found, ended and proven. Shared by the tests of views and report."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from runbook.model import ActionResult, Cause, Danger, Finding, Outcome, Plan, PlannedObject, Status, canonical_json
from runbook.record.journal import ZERO, Entry, digest
from runbook.record.summary import summarize
from runbook.times import Times, iso

NIGHT = datetime(2026, 11, 23, 3, 7, 12, tzinfo=UTC)
TARGET = "sandboxsandboxsandbo"
OPERATOR = "ana@agency.test"
METRICS = "Markdown runbook, Critical Metrics"


class Clock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def times(self) -> Times:
        return Times(lambda: NIGHT + timedelta(seconds=self.seconds), lambda: self.seconds, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def sessions(count: int = 24) -> list[dict[str, Any]]:
    return [
        {"pid": 4711 + i, "role": "app", "application": "agency-site", "idle_seconds": 2460 - 31 * i,
         "transaction_seconds": 2461 - 31 * i, "over": True,
         "last_query": "SELECT id, email, slot FROM bookings WHERE customer_id = $1 FOR UPDATE"}
        for i in range(count)
    ]  # fmt: skip


def findings() -> list[Finding]:
    """The first look: 14 checks in the order the notebook asks them."""
    ok, bad = Status.OK, Status.CRITICAL
    return [
        Finding("machine.this_machine", ok, "network, names and clock are fine; the clock is 0.1 s off", 0.1, "s", 60, "Date of 4 vendors", 0.31),
        Finding("site.health", bad, "503 from /api/health, build dpl_9f3c: database pool timeout", 503, "", 200, "GET /api/health", 2.04),
        Finding("traffic.requests", ok, "1.1 times the usual requests (412 in 5 min)", 1.1, "times", 10, "Vercel, requests of the last hour", 0.52),
        Finding("database.status_page", Status.WARNING, "Supabase reports degraded performance: Management API", None, "", None, "status page", 0.44),
        Finding("database.services", ok, "all 5 services are ACTIVE_HEALTHY", 0, "unhealthy", 0, "management API", 0.38),
        Finding("database.direct_connection", ok, "answers as runbook", 0.04, "s", 5, "direct connection", 0.04),
        Finding("database.pooled_connection", bad, "no answer from the pool within 5 s: all 24 connections are taken", 5.0, "s", 5, "pooler", 5.01,
                facts={"layer": "pool"}),
        Finding("database.utilisation", bad, "27 of 37 usable connections (73 %); role app 24 of 24 (100 %); 25 idle in a transaction, 0 waiting for a lock",
                100.0, "%", 80, "pg_stat_activity", 0.05,
                rows=[{"role": "app", "application": "agency-site", "state": "idle in transaction", "sessions": 24, "oldest_seconds": 2460},
                      {"role": "reporting", "application": "nightly-report", "state": "idle in transaction", "sessions": 1, "oldest_seconds": 12},
                      {"role": "authenticator", "application": "postgrest", "state": "idle", "sessions": 2, "oldest_seconds": 301}]),
        Finding("database.idle_transactions", bad, "24 idle in a transaction for 1800 s and longer: 24 of app/agency-site; the oldest 41 min", 24, "sessions", 5,
                "pg_stat_activity", 0.05, rows=sessions(), facts={"over": 24, "worst": "app/agency-site"}),
        Finding("database.blocking", ok, "nobody waits for a lock", 0.0, "s", 1, "pg_blocking_pids", 0.05),
        Finding("database.long_statements", ok, "no statement over 300 s", 0.2, "s", 1, "pg_stat_activity", 0.05),
        Finding("database.top_statements", ok, "slowest mean 0.04 s", 0.04, "s", 1, "pg_stat_statements", 0.06, required=False,
                rows=[{"calls": 81234, "mean_seconds": 0.04, "query": "SELECT slot FROM bookings WHERE day = $1"}]),
        Finding("database.replicas", ok, "no replica", 0, "", None, "pg_stat_replication", 0.05, required=False),
        Finding("database.disk", Status.UNKNOWN, "timeout: supabase: no answer within 8 s. Next: look at the disk in the dashboard", source="", seconds=8.0),
    ]  # fmt: skip


def healthy() -> list[Finding]:
    return [f for f in findings() if f.status is Status.OK]


def causes() -> list[Cause]:
    return [
        Cause("idle-transaction-leak", "24 sessions sit idle in a transaction, most of them app/agency-site",
              ("database.idle_transactions", "database.utilisation", "database.pooled_connection", "site.health"),
              ("database.direct_connection",), ("end_idle_transactions",), ("deployment-rollback",),
              "Ending them buys time. Find the code that opens a transaction and does not end it.", 70),
    ]  # fmt: skip


def changes() -> list[Finding]:
    """What changed, as the four checks of step 6 tell it."""

    def at(minutes: float) -> str:
        return iso(NIGHT - timedelta(minutes=minutes))

    ok = Status.OK
    return [
        Finding("changes.migrations", ok, "1 migration in 24 h", rows=[
            {"at": at(612), "system": "migrations", "what": "20261122165500_add_slot_index", "who": "ben@agency.test", "ref": "20261122165500"}]),
        Finding("changes.deployments", ok, "3 deployments in 24 h", rows=[
            {"at": at(1190), "system": "deployments", "what": "dpl_71aa production: Header copy", "who": "cleo"},
            {"at": at(640), "system": "deployments", "what": "dpl_8c02 production: Booking search", "who": "ben"},
            {"at": at(58), "system": "deployments", "what": "dpl_9f3c production: Hold a slot while paying", "who": "ben"}],
            facts={"first_error_at": at(17.5)}),
        Finding("changes.flags", Status.UNKNOWN, "LD_API_KEY is not set"),
        Finding("changes.config", ok, "1 setting in 24 h", rows=[
            {"at": at(49), "system": "settings", "what": "default_pool_size 20 → 24", "who": "ana", "status": "warning"},
            {"at": at(17.5), "system": "site", "what": "first 503 of /api/health", "status": "critical", "kind": "error"}]),
    ]  # fmt: skip


def plan(count: int = 24, danger: Danger = Danger.SIDE_EFFECT) -> Plan:
    return Plan(
        "end_idle_transactions", danger, "sandbox", TARGET, {"older_than_seconds": 1800},
        tuple(
            PlannedObject(
                f"{row['pid']}@{iso(NIGHT - timedelta(seconds=row['transaction_seconds'] + 30))}",
                {"role": row["role"], "application": row["application"], "idle_seconds": row["idle_seconds"]},
                {"pid": row["pid"]},
            ) for row in sessions(count)
        ),
        (f"{count} transactions are rolled back; their clients see an error and reconnect",), {},
        ("4790 nightly-report (role reporting): idle in a transaction for 12 s, the limit is 30 min",
         "3 sessions of Supabase's own roles: never ended"),
        "cannot be undone: clients reconnect by themselves", "no session older than the limit is left", 30.0,
    )  # fmt: skip


def restart() -> Plan:
    return Plan("restart_project", Danger.DISRUPTIVE, "sandbox", TARGET, {}, (PlannedObject(TARGET),),
                ("about 3 minutes of downtime of every service of the project",), {}, (), "cannot be undone",
                "project and services healthy three times in a row", 600.0)  # fmt: skip


def proof() -> Finding:
    return Finding(
        "end_idle_transactions.verify",
        Status.OK,
        "no session is idle in a transaction for 1800 s",
        0,
        "sessions",
        0,
        "pg_stat_activity",
        0.04,
    )


def result(outcome: Outcome = Outcome.DONE, reason: str = "") -> ActionResult:
    if outcome is not Outcome.DONE:
        return ActionResult("end_idle_transactions", plan().plan_id, outcome, reason)
    lines = tuple(
        f"ended session {row['pid']} (role app, agency-site, idle {row['idle_seconds'] // 60} min)"
        for row in sessions()
    )
    return ActionResult("end_idle_transactions", plan().plan_id, outcome, reason, OPERATOR, 3.12, proof(), lines)


def card_facts() -> dict[str, Any]:
    return {
        "run": "20261123T030712Z-database-failure-3f9a", "run_dir": "runs/INC-20261123-1/20261123T030712Z-database-failure-3f9a",
        "notebook": "database-failure", "environment": "sandbox", "mode": "act", "incident": "INC-20261123-1", "severity": "SEV-1",
        "elapsed": "T+07:12", "operator": OPERATOR, "operator_source": "git", "drill": False,
        "next": "senior engineer at 03:15 UTC (database issues allow 15 minutes)",
        "targets": [
            {"system": "database", "expected": "7301", "seen": "7301", "matches": True, "how": "system_identifier"},
            {"system": "supabase", "expected": TARGET, "seen": TARGET, "matches": True, "how": "GET /v1/projects"},
            {"system": "vercel", "expected": "prj_agencysite", "seen": "", "matches": None, "how": "timeout: no answer within 8 s"},
        ],
    }  # fmt: skip


def escalation_facts() -> dict[str, Any]:
    body = "SANDBOX, not a real incident. INC-20261123-1 SEV-1 database in sandbox, T+07:12, lead ana@agency.test.\n- site.health: critical: 503"
    return {
        "incident": "INC-20261123-1", "severity": "SEV-1", "elapsed": "T+07:12", "primary": "DBA team", "backup": "senior engineer",
        "due_at": "2026-11-23T03:15:00.000Z", "overdue": False, "because": "SEV-1 allows 15 minutes", "tell": ["#incidents", "@leadership"],
        "drafts": [
            {"to": "#incidents, @leadership", "channel": "Slack", "text": body},
            {"to": "https://supabase.com/dashboard/support/new", "channel": "support ticket", "text": "Since 2026-11-23 03:00 UTC.\nWhat we see:\n- 503"},
        ],
        "vendors": {"supabase": "https://supabase.com/dashboard/support/new"},
    }  # fmt: skip


def closing_facts() -> dict[str, Any]:
    summary, _, _ = night()
    return {**summary, "run_dir": "runs/INC-20261123-1/20261123T030712Z-database-failure-3f9a"}


class Book:
    """Writes a journal in memory, as the real one does on disk."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.at = NIGHT

    def add(self, event: str, data: dict[str, Any], after: float = 0.05) -> None:
        self.at += timedelta(seconds=after)
        prev, seq, at = (self.entries[-1].hash if self.entries else ZERO), len(self.entries) + 1, iso(self.at)
        data = __import__("json").loads(canonical_json(data))
        self.entries.append(Entry(seq, at, event, data, prev, digest(prev, seq, at, event, data)))


def event_of(finding: Finding, asked: str = "check") -> dict[str, Any]:
    return {**finding.as_json(), "required": finding.required, "facts": dict(finding.facts), "asked": asked}


def night() -> tuple[dict[str, Any], list[Entry], dict[str, Any]]:
    """Summary, journal and drawn notebook of the whole night."""
    from runbook.model import Mode
    from runbook.record.draw import draw_notebook
    from runbook.view import Views

    views, book, cells = Views(sandbox=True, interactive=False, times=Clock().times()), Book(), []
    leak, cured = (
        plan(),
        [
            replace(f, status=Status.OK, summary="ok again")
            for f in findings()
            if f.status in (Status.CRITICAL, Status.UNKNOWN)
        ],
    )

    def prose(text: str) -> None:
        cells.append({"cell_type": "markdown", "id": f"md-{len(cells)}", "metadata": {}, "source": text})

    def cell(source: str, view: Any = None, seconds: float = 0.2, inside: Any = None) -> None:
        cell_id = f"cell-{len(cells)}"
        cells.append(
            {
                "cell_type": "code",
                "id": cell_id,
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
        )
        book.add("cell.started", {"id": cell_id, "index": len(cells), "source": source, "execution_count": len(cells)})
        if inside:
            inside()
        if view is not None:
            data = {"text/plain": str(view), "text/html": view._repr_html_()}
            output = {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": len(cells)}
            book.add("cell.output", {"id": cell_id, "index": len(cells), "output": output})
        book.add(
            "cell.finished",
            {"id": cell_id, "index": len(cells), "state": "completed", "seconds": seconds, "error": None},
            seconds,
        )

    def opened() -> None:
        facts = card_facts()
        book.add("run.opened", {
            **{key: facts[key] for key in ("run", "notebook", "incident", "severity", "environment", "mode", "operator", "operator_source", "drill")},
            "category": "respond", "issue_type": "database", "sandbox": True, "interactive": False, "supervised": True, "host": "ci-7",
            "clock_offset_seconds": 0.1, "git": {"commit": "0f1e2d3c4b5a", "dirty": False}, "versions": {"runbook": "0.1.0", "python": "3.12.3"},
            "notebook_digest": hashlib.sha256(b"notebook").hexdigest(), "parameters": {"mode": "act", "approve": "end_idle_transactions"},
            "targets": {one["system"]: {k: v for k, v in one.items() if k != "system"} for one in facts["targets"]}, "started_at": iso(NIGHT),
        })  # fmt: skip

    def asked(found: list[Finding], how: str) -> Any:
        return lambda: [book.add("check.finished", event_of(one, how)) for one in found]

    def applied() -> None:
        head = {"action": leak.action, "plan_id": leak.plan_id}
        book.add("approval.used", {**head, "approver": OPERATOR})
        book.add(
            "action.started",
            {**head, "target": leak.target, "danger": leak.danger.value, "approved_by": OPERATOR, "lock": "everywhere"},
        )
        for item, line in zip(leak.objects, result().changed, strict=True):
            book.add(
                "action.object",
                {
                    **head,
                    "object": item.identity,
                    "phase": "intent",
                    "outcome": None,
                    "line": "",
                    "before": {},
                    "after": {},
                },
            )
            book.add(
                "action.object",
                {
                    **head,
                    "object": item.identity,
                    "phase": "outcome",
                    "outcome": "done",
                    "line": line,
                    "before": {},
                    "after": {},
                },
            )
        book.add("action.finished", {**result().as_json(), "changed": list(result().changed)}, 3.0)

    prose(
        "# database-failure\n\nFinds out why the database fails. See [the docs](https://docs.example.com/x).\n\n| you see | do |\n| --- | --- |\n| `unknown` | stop |"
    )
    cell('incident: str = ""\nmode: str = "act"')
    cell("run", views.run_card(card_facts()), 0.9, opened)
    prose("## Triage\n\n### 1. What is broken?\n\n*Healthy:* every line is `ok`.")
    cell(
        "run.check(machine.this_machine, site.health, traffic.requests)",
        views.findings(findings(), 60),
        8.2,
        asked(findings(), "check"),
    )
    prose("### 6. What changed?")
    cell(
        "run.timeline(changes.migrations, changes.deployments, changes.flags, changes.config, hours=24)",
        views.timeline(changes()),
        1.2,
    )
    prose("## Diagnose")
    cell(
        "run.diagnose()",
        views.causes(causes(), findings()),
        0.01,
        lambda: book.add("cause.ranked", {"causes": [c.as_json() for c in causes()]}),
    )
    prose("## Mitigate\n\n### 2. End sessions idle in a transaction\n\n**Warning:** cannot be undone.")
    cell("run.plan(actions.end_idle_transactions, older_than_seconds=idle_seconds)",
         views.plan_card(leak, mode=Mode.ACT, consent="type the count: 24"), 0.1, lambda: book.add("plan.made", leak.as_json()))  # fmt: skip
    cell("run.apply(actions.end_idle_transactions)", views.action_result(result(), leak), 3.4, applied)
    prose("## Verify")
    cell("run.verify()", views.findings(cured), 1.1, asked(cured, "verify"))
    cell("run.escalate()", views.escalation(escalation_facts()), 0.01)
    cell("run.close()", None, 0.01)
    book.add(
        "run.closed", {"status": "recovered", "exit_code": 0, "ended_at": iso(book.at), "seconds": 21.4, "reason": ""}
    )
    skeleton = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return summarize(book.entries), book.entries, draw_notebook(skeleton, book.entries)
