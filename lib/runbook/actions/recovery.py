"""Bring the whole database back to a moment: everything written after it is lost, and nothing takes that back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runbook.actions import project
from runbook.actions.frame import Action
from runbook.actions.keeping import keep_damaged_tables
from runbook.checks.database import read
from runbook.checks.frame import Answer
from runbook.checks.recovery import MOMENT_HELP, deleted, digests, lost_words, moment_of, replicas_of
from runbook.errors import Refused
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

Row = Mapping[str, Any]
Rows = Sequence[Row]
BUDGET_SECONDS = 7200.0  # minutes to hours, by size (Supabase docs, Backups); nobody promises
SOURCE = "Management API, project and health; Postgres, row counts and checksums before and after"


def preview(systems: Systems, *, recover_to: str = "") -> Preview:
    """The moment to go back to, and what is lost by that; refused where the vendor would refuse."""
    the_add_on_is_bought(systems.supabase.backups())
    moment = moment_of(recover_to)
    if moment is None:
        raise Refused("no moment to go back to is given", where="recover_to",
                      next_step=f"the last second before the damage, {MOMENT_HELP}")  # fmt: skip
    may_begin(systems, moment)
    tables = digests(systems, moment)
    megabytes = sum(row["bytes"] for row in read(systems, "sizes")) / 1e6
    minutes = (systems.times.now() - moment).total_seconds() / 60
    costs = (
        f"everything written in the last {minutes:.0f} min is lost, also what is written until it begins; {lost_words(tables)}",
        f"the whole project is offline for minutes to hours, by size ({megabytes:,.0f} MB); nobody promises a time",
        "files in Storage do not come back: only what the database says of them does",
        "passwords of roles you made yourself may have to be set again",
    )
    ref, then = _ref(systems), f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    bound: dict[str, Json] = {
        "unix": int(moment.timestamp()), "tables": tables, "constraints": read(systems, "constraints")[0],
        "damaged": list(deleted.function(systems).facts["damaged"]),
    }  # fmt: skip
    item = PlannedObject(f"{ref}@{then}", {"now": f"{systems.times.now():%Y-%m-%dT%H:%M:%SZ}", "then": then}, bound)
    before = {"started_at": project.started_at(systems)}
    return Preview(ref, (item,), costs, before, left_alone=("Storage: its files are in no backup of the database",))


def the_add_on_is_bought(said: Mapping[str, Any]) -> None:
    """Refuse without point-in-time recovery."""
    if not said["pitr_enabled"]:
        raise Refused(
            "point-in-time recovery is not bought, and buying it now does not help this incident", where="Supabase",
            next_step="Database, Backups: restore the newest daily backup to a new project",
        )  # fmt: skip


def may_begin(systems: Systems, moment: datetime) -> None:
    """Refuse what the vendor would: no add-on, a moment outside the window, a replica in the way (docs, Backups)."""
    said: dict[str, Any] = systems.supabase.backups()
    the_add_on_is_bought(said)
    earliest, latest = said["earliest_unix"], said["latest_unix"]
    if earliest is None or latest is None or not earliest <= moment.timestamp() <= latest:
        inside = " to ".join(f"{datetime.fromtimestamp(one, UTC):%Y-%m-%dT%H:%M:%SZ}" if one is not None else "unknown"
                             for one in (earliest, latest))  # fmt: skip
        raise Refused(f"{moment:%Y-%m-%dT%H:%M:%SZ} is outside the recovery window", where="recover_to",
                      next_step=f"choose a moment from {inside}")  # fmt: skip
    if names := replicas_of(systems):
        raise Refused(f"a read replica is in the way: {', '.join(names)}", where="Supabase",
                      next_step="remove every read replica in the dashboard, then plan again")  # fmt: skip


def change(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Ask for the restore, unless one is under way or Postgres has started anew since the plan."""
    status = systems.supabase.project().status
    if status in project.ON_ITS_WAY:
        return Changed(Outcome.UNCHANGED, f"the project is {status}: wait, do not restore it again")
    seen, now = plan.before.get("started_at"), project.started_at(systems)
    if seen and now and now != seen:
        return Changed(Outcome.UNCHANGED, f"Postgres was restarted or restored since the plan, at {now}")
    unix = int(item.bound["unix"])
    try:
        may_begin(systems, datetime.fromtimestamp(unix, UTC))
    except Refused as no:
        return Changed(Outcome.FAILED, str(no))
    systems.supabase.restore_to(unix)
    return Changed(Outcome.DONE, f"ordered the restore of project {item.identity.replace('@', ' to ')}")


def verify(systems: Systems, plan: Plan) -> Answer:
    """Healthy three times in a row; then every table against the plan's counts and checksums, and every constraint."""
    healthy = project.verify(systems, plan)
    if healthy.status is not Status.OK:
        return healthy
    was = plan.objects[0].bound
    now = digests(systems, datetime.fromtimestamp(int(was["unix"]), UTC))
    missing, told = compared(was["tables"], now, was["damaged"])
    constraints = read(systems, "constraints")[0]
    if constraints != was["constraints"]:
        missing.append(f"{constraints['constraints']} constraints, {was['constraints']['constraints']} before")
    if missing:
        told = f"{healthy.summary}; not whole: {'; '.join(missing)}"
        return Answer(Status.CRITICAL, told, len(missing), "tables", 0, SOURCE)
    told = f"{healthy.summary}; {told}; all {constraints['constraints']} constraints are there"
    return Answer(Status.OK, told, len(now), "tables", source=SOURCE)


def compared(before: Rows, now: Rows, damaged: Sequence[str]) -> tuple[list[str], str]:
    """What is missing, and in words what became of each table: back, rows lost and how many, or untouched."""
    after = {row["table_name"]: row for row in now}
    missing, back, lost, unsure, same = [], [], [], [], 0
    for was in before:
        name = was["table_name"]
        found = after.get(name)
        if found is None:
            missing.append(f"{name} is gone")
            continue
        if name in damaged:
            back.append(f"{name} {was['rows']} → {found['rows']} rows")
        if was["digest"] is not None and was["digest"] == found["digest"]:
            same += 1
        elif (gone := rows_gone(was, found)) is not None:
            lost.append(f"{name} {gone}{', exactly those written since' if gone == was['after'] else ''}")
        else:
            unsure.append(name)
    told = [f"back: {', '.join(back) or 'no table'}", f"rows lost: {', '.join(lost) or 'none'}",
            f"{same} tables untouched by checksum"]  # fmt: skip
    if unsure:
        told.append(f"cannot be compared, look at them: {', '.join(unsure)}")
    return missing, "; ".join(told)


def rows_gone(was: Row, found: Row) -> int | None:
    """How many rows are not there any more as they were; None where it cannot be told.

    Row by row in a small table. In a larger one only where all that is gone was written after the moment, by its checksum.
    """
    if was["each"] is not None and found["each"] is not None:
        return (Counter(was["each"].split()) - Counter(found["each"].split())).total()
    if was["digest_until"] is not None and was["digest_until"] == found["digest"]:
        return int(was["after"])
    return None


def _ref(systems: Systems) -> str:
    return systems.profile.supabase.project_ref if systems.profile.supabase else ""


restore_to_moment = Action(
    "restore_to_moment", "Restore the whole database to a moment", Danger.DESTRUCTIVE, "supabase",
    preview, change, verify, BUDGET_SECONDS, "cannot be undone: what was written after the moment is lost",
    follow_up="Compare Storage, payments and bookings with the vendors: what they were told after the moment is not in "
    "the database any more.",
)  # fmt: skip
EVERY = (keep_damaged_tables, restore_to_moment)
