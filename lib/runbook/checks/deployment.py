"""What serves production, on every domain, and what it could go back to."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta

from runbook.checks.changes import written_at
from runbook.checks.database import not_used, read
from runbook.checks.frame import Answer, both, check
from runbook.checks.judge import bar, judged
from runbook.clients.vercel_rows import Deployment, VercelProject
from runbook.errors import SystemFault
from runbook.model import Row, Status
from runbook.systems import Systems
from runbook.times import parse_iso

VERCEL = ("vercel",)
WINDOW_MINUTES = 5  # ours: the first visitors after a move; a second proof with a time of its own


@check(asks=VERCEL)
def live(systems: Systems) -> Answer:
    """Which deployment is production, how old is it, and do new ones go live by themselves?"""
    if systems.profile.vercel is None:
        return not_used("Vercel", systems)
    project, canary = both(systems.vercel.project, systems.vercel.rolling_release)
    shown = next((one for one in recent(systems) if one.uid == project.production_deployment), None)
    told = [
        describe(shown, systems.times.now()) if shown else f"{project.production_deployment} (not among the newest)"
    ]
    if canary:
        told.append(f"a rolling release gives a part of the traffic to {canary}")
    if not project.auto_assigns:
        told.append("new deployments do not go live by themselves until somebody promotes")
    status = Status.WARNING if canary or not project.auto_assigns else Status.OK
    return Answer(
        status, "; ".join(told), project.production_deployment, source="Vercel, project",
        facts={"uid": project.production_deployment, "canary": canary, "auto_assigns": project.auto_assigns,
               "age_seconds": age_seconds(shown, systems.times.now()) if shown else None,
               "message": shown.message if shown else ""},
    )  # fmt: skip


@check(asks=VERCEL)
def domains(systems: Systems) -> Answer:
    """Does every domain serve the deployment that is production?"""
    if systems.profile.vercel is None:
        return not_used("Vercel", systems)
    production = systems.vercel.project().production_deployment
    rows: list[Row] = [
        {"domain": domain, "serves": uid, "production": production} for domain, uid in served(systems).items()
    ]
    other = [row for row in rows if row["serves"] != production]
    if not other:
        return Answer(
            Status.OK, f"all {len(rows)} domains serve {production}", 0, "domains", 0, "Vercel, aliases", rows
        )
    told = f"{other[0]['domain']} serves {other[0]['serves']}, production is {production}"
    more = f" (and {len(other) - 1} more)" if len(other) > 1 else ""
    return Answer(Status.CRITICAL, told + more, len(other), "domains", 0, "Vercel, aliases", rows,
                  facts={"left_behind": [str(row["domain"]) for row in other]})  # fmt: skip


@check(asks=VERCEL, required=False)
def candidates(systems: Systems) -> Answer:
    """Which deployments can production go back to, and what else would go back with the code?"""
    if systems.profile.vercel is None:
        return not_used("Vercel", systems)
    now = systems.times.now()
    found, project = both(systems.vercel.rollback_candidates, systems.vercel.project)
    good = last_good(found, project, recent(systems))
    applied = applied_migrations(systems)
    rows: list[Row] = [
        {"deployment": one.uid, "age_hours": round(age_seconds(one, now) / 3600, 1), "commit": one.commit[:7],
         "by": one.creator, "message": one.message, "migrations_since": since_word(migrations_since(applied, one))}
        for one in found[:8]
    ]  # fmt: skip
    if good is None:
        return Answer(Status.WARNING, "there is no earlier deployment to go back to", len(found), "candidates",
                      source="Vercel, deployments", rows=rows, facts={"last_good": ""})  # fmt: skip
    return Answer(Status.OK, f"the last good one is {describe(good, now)}", len(found), "candidates",
                  source="Vercel, deployments", rows=rows, facts={"last_good": good.uid})  # fmt: skip


@check(asks=VERCEL, required=False, deadline_seconds=10.0)
def error_rate(systems: Systems, window_minutes: int = WINDOW_MINUTES) -> Answer:
    """Do all visitors get few errors in the minutes after production was moved? Pending until they are over."""
    if systems.profile.vercel is None:
        return not_used("Vercel", systems)
    threshold, source = systems.policy.threshold("error_rate"), f"Tinybird, the last {window_minutes} min"
    move = systems.vercel.project().last_move
    if move is None:
        return Answer(Status.OK, "production was not moved: there is nothing to wait for", source="Vercel, project")
    over = parse_iso(move.at) + timedelta(minutes=window_minutes)
    left = (over - systems.times.now()).total_seconds()
    if left > 0:
        told = (
            f"pending: {left:.0f} of {60 * window_minutes} s since the move are left; ask again at {over:%H:%M:%S} UTC"
        )
        return Answer(Status.UNKNOWN, told, source=source, facts={"pending": True})
    if systems.profile.tinybird is None:
        return Answer(Status.UNKNOWN, "the window is over, and nothing here counts visitors' requests", source=source)
    seen = systems.tinybird.requests(window_minutes)
    if seen.count < threshold.enough:
        return Answer(Status.UNKNOWN, f"too few: {seen.count} of {threshold.enough} requests", source=source)
    percent = 100 * seen.failed / seen.count
    told = f"{seen.failed} of {seen.count} requests of visitors failed, since the move and {-left:.0f} s more"
    return Answer(judged(percent, threshold), told, round(percent, 1), "%", bar(threshold), source)


def served(systems: Systems) -> dict[str, str]:
    """The deployment that each domain of the profile serves, all asked at once."""
    names = systems.profile.vercel.domains if systems.profile.vercel else ()
    if not names:
        return {}
    with ThreadPoolExecutor(len(names)) as pool:
        asked = [pool.submit(copy_context().run, systems.vercel.alias, name) for name in names]
        return {name: one.result() for name, one in zip(names, asked, strict=True)}


def left_behind(systems: Systems, uid: str) -> list[str]:
    """The domains that serve something else."""
    return [name for name, serves in served(systems).items() if serves != uid]


def recent(systems: Systems) -> list[Deployment]:
    """The newest production deployments, whatever became of them."""
    return systems.vercel.deployments(0, limit=50)


def last_good(
    found: Sequence[Deployment], project: VercelProject, newest: Sequence[Deployment]
) -> Deployment | None:  # fmt: skip
    """The newest candidate that is older than what is live now."""
    live_at = next((one.at for one in newest if one.uid == project.production_deployment), None)
    older = [one for one in found if live_at is None or one.at < live_at]
    return max(older, key=lambda one: one.at, default=None)


def applied_migrations(systems: Systems) -> list[Row] | None:
    """The database's migrations, newest first; None when nobody can tell."""
    if systems.profile.database is None:
        return []
    try:
        return list(read(systems, "migrations"))
    except SystemFault:
        return None


def migrations_since(applied: Sequence[Row] | None, one: Deployment) -> list[str] | None:
    """Those that were written after a deployment was built; None when nobody can tell."""
    if applied is None:
        return None
    built = parse_iso(one.at)
    return [f"{row['version']} {row['name']}".strip() for row in applied
            if (at := written_at(str(row["version"]))) is not None and at > built]  # fmt: skip


def since_word(found: Sequence[str] | None) -> str:
    """How many migrations, in a word."""
    return "cannot tell" if found is None else str(len(found))


def describe(one: Deployment, now: datetime) -> str:
    """A deployment in a few words."""
    return f"{one.uid} ({hours(age_seconds(one, now))} old, {one.creator}: {one.message or one.commit[:7]})"


def age_seconds(one: Deployment, now: datetime) -> float:
    """How long ago it was created."""
    return (now - parse_iso(one.at)).total_seconds()


def hours(seconds: float) -> str:
    """An age in minutes or hours."""
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
