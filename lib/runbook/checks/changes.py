"""What changed lately? Every row has ``at``, ``system``, ``what``, ``who`` and ``ref``: together they are a time line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from runbook.checks.database import not_used, read, source
from runbook.checks.frame import Answer, check
from runbook.model import Row, Status
from runbook.systems import Systems
from runbook.times import iso, parse_iso

HOURS = 24


@check(asks=("database",), required=False)
def migrations(systems: Systems, hours: int = HOURS) -> Answer:
    """Which migrations were written in the last hours, of those that were applied?"""
    rows = []
    for one in read(systems, "migrations"):
        if at := written_at(one["version"]):
            rows.append(change(at, "supabase", f"migration {one['name'] or one['version']}", "", one["version"]))
    return answer(rows, systems, hours, ("migration", "migrations"), f"{source(systems)}, by when they were written")


@check(asks=("vercel",), required=False)
def deployments(systems: Systems, hours: int = HOURS) -> Answer:
    """Which deployments went to production in the last hours?"""
    if systems.profile.vercel is None:
        return not_used("Vercel", systems)
    rows = [
        change(parse_iso(one.at), "vercel", f"deployment {one.state.lower()}: {one.message or one.commit}", one.creator,
               one.uid)
        for one in systems.vercel.deployments(since_ms(systems, hours))
    ]  # fmt: skip
    return answer(rows, systems, hours, ("deployment", "deployments"), "Vercel, deployments")


@check(asks=("launchdarkly",), required=False)
def flags(systems: Systems, hours: int = HOURS) -> Answer:
    """Which feature flags were changed in the last hours?"""
    if systems.profile.launchdarkly is None:
        return not_used("LaunchDarkly", systems)
    rows = [
        change(parse_iso(one.at), "launchdarkly", f"{one.what} {one.flag}" + (f": {one.comment}" if one.comment else ""),
               one.who, one.flag)
        for one in systems.launchdarkly.flag_changes(since_ms(systems, hours))
    ]  # fmt: skip
    return answer(rows, systems, hours, ("flag change", "flag changes"), "LaunchDarkly, audit log")


@check(asks=("vercel",), required=False)
def config(systems: Systems, hours: int = HOURS) -> Answer:
    """Which settings of the hosting were changed in the last hours?"""
    if systems.profile.vercel is None:
        return not_used("Vercel", systems)
    rows = [
        change(parse_iso(one.at), "vercel", one.what, one.who, one.uid)
        for one in systems.vercel.activity(since_ms(systems, hours))
        if "deployed" not in one.what  # deployments have their own check
    ]
    return answer(rows, systems, hours, ("change of settings", "changes of settings"), "Vercel, activity")


@check(asks=("vercel",), required=False)
def variables(systems: Systems, hours: int = HOURS) -> Answer:
    """Which variables of the site were set in the last hours? A build that is older does not have them yet."""
    if systems.profile.vercel is None:
        return not_used("Vercel", systems)
    rows = [
        change(parse_iso(one.updated_at), "vercel", f"variable {one.key} set for {', '.join(one.targets)}", "", one.key)
        for one in systems.vercel.variables()
    ]
    return answer(rows, systems, hours, ("variable", "variables"), "Vercel, environment variables")


def answer(rows: Sequence[Row], systems: Systems, hours: int, what: tuple[str, str], where: str) -> Answer:
    """The rows of the last hours, newest first. A change is no fault: always ok."""
    since = iso(systems.times.now() - timedelta(hours=hours))
    recent = sorted((row for row in rows if str(row["at"]) >= since), key=lambda row: str(row["at"]), reverse=True)
    told = f"{len(recent) or 'no'} {what[0] if len(recent) == 1 else what[1]} in {hours} h"
    if recent:
        told += f"; the newest at {recent[0]['at'][:16].replace('T', ' ')} UTC: {recent[0]['what']}"
    return Answer(Status.OK, told, len(recent), "changes", source=where, rows=recent,
                  facts={"newest_at": recent[0]["at"] if recent else None, "count": len(recent)})  # fmt: skip


def change(at: datetime, system: str, what: str, who: str, ref: str) -> dict[str, str]:
    """One row of the time line."""
    return {"at": iso(at), "system": system, "what": " ".join(what.split())[:160], "who": who, "ref": ref}


def written_at(version: str) -> datetime | None:
    """When a migration was written: its version is a time, yyyymmddhhmmss in UTC; None for other versions."""
    try:
        return datetime.strptime(version, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def since_ms(systems: Systems, hours: int) -> int:
    """So many hours ago, in epoch milliseconds, as Vercel and LaunchDarkly want it."""
    return int((systems.times.now() - timedelta(hours=hours)).timestamp() * 1000)
