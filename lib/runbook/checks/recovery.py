"""Could the data be brought back, to which moment, and what would that cost? Read only.

Point-in-time recovery reaches no moment before it was bought, and a restore takes the whole project offline and everything
that was written after its moment (Supabase docs, Backups).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from runbook.checks.database import DATABASE, SUPABASE, not_used, read, source
from runbook.checks.frame import Answer, check
from runbook.checks.judge import bar, judged, worst
from runbook.errors import Fault, SystemFault
from runbook.model import Status
from runbook.systems import Systems
from runbook.times import parse_iso

SOURCE = "Management API, backups"
LEAST_ROWS = 20  # ours: a share of fewer rows says nothing
MOST_BYTES = 200_000_000  # ours: a larger table is not read to the end within a question's time limit
MOMENT_HELP = "as 2026-11-23T14:03:07Z, in UTC"


@check(asks=DATABASE)
def deleted(systems: Systems) -> Answer:
    """Which tables have lost most of their rows?"""
    threshold = systems.policy.threshold("rows_deleted")
    found = [{**row, "percent": 100 * row["deleted"] / (row["live"] + row["deleted"])}
             for row in read(systems, "deleted_rows") if row["deleted"] >= LEAST_ROWS]  # fmt: skip
    status = worst(judged(row["percent"], threshold) for row in found)
    bad = [row for row in found if judged(row["percent"], threshold) is not Status.OK]
    told = "; ".join(f"{row['table_name']}: {row['deleted']:,} rows deleted, {row['live']:,} left" for row in bad[:4])
    most = max((row["percent"] for row in found), default=0.0)
    return Answer(
        status, told or "no table has lost many rows since the statistics began", round(most, 1), "%", bar(threshold),
        source(systems), rows=[{**row, "percent": round(row["percent"], 1)} for row in found[:20]],
        facts={"damaged": [row["table_name"] for row in bad], "bytes": {row["table_name"]: row["bytes"] for row in bad}},
    )  # fmt: skip


@check(asks=SUPABASE)
def window(systems: Systems, recover_to: str = "") -> Answer:
    """Which moments can be brought back, and is the one that is meant among them?"""
    if systems.profile.supabase is None:
        return not_used("Supabase", systems)
    said: dict[str, Any] = systems.supabase.backups()
    now = systems.times.now()
    if not said["pitr_enabled"]:
        return _without_the_add_on(said, now)
    if said["earliest_unix"] is None or said["latest_unix"] is None:
        return Answer(Status.UNKNOWN, "point-in-time recovery is on, its window is not said", source=SOURCE)
    earliest, latest = (datetime.fromtimestamp(said[name], UTC) for name in ("earliest_unix", "latest_unix"))
    told = f"any second from {earliest:%Y-%m-%d %H:%M:%S} to {latest:%Y-%m-%d %H:%M:%S} UTC"
    facts = {"pitr": True, "earliest": said["earliest_unix"], "latest": said["latest_unix"]}
    moment = moment_of(recover_to)
    if recover_to and moment is None:
        return Answer(
            Status.WARNING, f"{told}; {recover_to!r} is no moment: write it {MOMENT_HELP}", source=SOURCE, facts=facts
        )
    if moment is not None and not earliest <= moment <= latest:
        return Answer(Status.WARNING, f"{told}; {recover_to} is outside", source=SOURCE, facts=facts)
    return Answer(Status.OK, f"{told}{f'; {recover_to} is inside' if moment else ''}", source=SOURCE, facts=facts)


@check(asks=SUPABASE)
def replicas_in_the_way(systems: Systems) -> Answer:
    """Are there read replicas? All must be removed before a restore."""
    if systems.profile.supabase is None:
        return not_used("Supabase", systems)
    names = replicas_of(systems)
    told = f"remove them before a restore: {', '.join(names)}" if names else "no read replica is in the way"
    return Answer(Status.WARNING if names else Status.OK, told, len(names), "replicas", 0, "Management API, pooler",
                  facts={"replicas": names})  # fmt: skip


@check(asks=DATABASE, required=False, deadline_seconds=10.0)
def would_be_lost(systems: Systems, recover_to: str = "") -> Answer:
    """What was written after the moment, by table?"""
    moment = moment_of(recover_to)
    if moment is None:
        return Answer(Status.UNKNOWN, f"no moment is given: set recover_to, {MOMENT_HELP}", source=source(systems))
    rows = digests(systems, moment)
    minutes = (systems.times.now() - moment).total_seconds() / 60
    shown = [{"table": row["table_name"], "rows": row["rows"], "written_after": row["after"]} for row in rows]
    return Answer(
        Status.OK, f"{minutes:.0f} min of work: {lost_words(rows)}", sum(row["after"] or 0 for row in rows), "rows",
        source=source(systems), rows=shown,
    )  # fmt: skip


def moment_of(text: str) -> datetime | None:
    """The moment, to the second; None when the text is none or names no time zone."""
    try:
        return parse_iso(text.strip()).replace(microsecond=0)
    except ValueError:
        return None


def digests(systems: Systems, moment: datetime) -> list[dict[str, Any]]:
    """Every table: rows, those written after the moment, and digests before and after it."""
    return read(systems, "table_digests", moment=f"{moment:%Y-%m-%d %H:%M:%S}+00", most_bytes=MOST_BYTES)


def lost_words(rows: list[dict[str, Any]]) -> str:
    """What a restore takes, by table; tables that do not say when a row was written are named."""
    gone = [f"{row['table_name']} {row['after']}" for row in rows if row["after"]]
    silent = [row["table_name"] for row in rows if row["after"] is None]
    told = f"rows written since: {', '.join(gone)}" if gone else "no row that tells its time was written since"
    return f"{told}; cannot be counted: {', '.join(silent)}" if silent else told


def replicas_of(systems: Systems) -> list[str]:
    """The read replicas that the vendor knows. A fault when it names no primary either: that list is not the whole."""
    known = systems.supabase.pooler_configs()
    if not any(one.database_type == "PRIMARY" for one in known):
        raise SystemFault("pooler: the answer names no primary, so replicas cannot be told", system="supabase",
                          fault=Fault.UNREADABLE, next_step="look at the dashboard, Database, Replication")  # fmt: skip
    return [one.identifier for one in known if one.database_type != "PRIMARY"]


def _without_the_add_on(said: dict[str, Any], now: datetime) -> Answer:
    done = [parse_iso(row["inserted_at"]) for row in said["backups"] if row["status"] == "COMPLETED"]
    why = "point-in-time recovery is not bought, and buying it now does not help this incident"
    if not done:
        return Answer(Status.CRITICAL, f"{why}; there is no daily backup either", source=SOURCE, facts={"pitr": False})
    hours = (now - max(done)).total_seconds() / 3600
    told = f"{why}; the newest daily backup is of {max(done):%Y-%m-%d %H:%M} UTC: {hours:.1f} h would be lost"
    return Answer(Status.WARNING, told, round(hours, 1), "h", source=SOURCE, facts={"pitr": False, "hours_lost": hours})
