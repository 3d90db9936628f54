"""Which feature flags changed lately, what do they serve, and would turning one off reach the applications?"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from runbook.checks.changes import since_ms
from runbook.checks.database import not_used
from runbook.checks.frame import Answer, both, check
from runbook.clients.launchdarkly import FlagChange, FlagState
from runbook.errors import Fault, SystemFault
from runbook.model import Row, Status
from runbook.systems import Systems
from runbook.times import parse_iso

MINUTE = timedelta(minutes=1)
USAGE = "LaunchDarkly, account usage (beta)"
SUSPECT_HOURS = 2  # ours: what was changed before has been seen to work
# On LaunchDarkly's status page these components deliver flags to applications; its "API" ones do not answer this API
# (field reports, 2026-08-18).
DELIVERY = (
    "Server-side Streaming API",
    "Client-side Streaming API",
    "Polling API",
    "SDK delivery",
    "Flag delivery network",
)


@check(asks=("launchdarkly",))
def changed(systems: Systems, hours: int = SUSPECT_HOURS) -> Answer:
    """Which flags were changed in the last hours, and what do they serve now?"""
    if systems.profile.launchdarkly is None:
        return not_used("LaunchDarkly", systems)
    changes, states = both(
        lambda: systems.launchdarkly.flag_changes(since_ms(systems, hours)), systems.launchdarkly.flags
    )
    known = {one.key: one for one in states}
    rows = [_row(one, known.get(one.key)) for one in changes]
    suspect = first_suspect(changes, known)
    source = "LaunchDarkly, audit log and flags"
    if not states:
        told = "lists no flag at all: the token sees none, or the project is another"
        return Answer(Status.UNKNOWN, told, len(rows), "changes", source=source, rows=rows, facts={"suspect": ""})
    if suspect is None:
        told = f"no flag that is on was changed in {hours} h"
        return Answer(Status.OK, told, len(rows), "changes", source=source, rows=rows, facts={"suspect": ""})
    minutes = (systems.times.now() - parse_iso(suspect.at)).total_seconds() / 60
    told = f"{suspect.key} {suspect.what} {minutes:.0f} min ago by {suspect.who}; it is on and serves {known[suspect.key].serves}"
    return Answer(
        Status.OK, told, len(rows), "changes", source=source, rows=rows,
        facts={"suspect": suspect.key, "name": suspect.flag, "minutes": round(minutes), "who": suspect.who},
    )  # fmt: skip


@check(required=False)
def delivery(systems: Systems) -> Answer:
    """Do flags reach the applications, as far as the vendor's status page tells?"""
    if systems.profile.launchdarkly is None:
        return not_used("LaunchDarkly", systems)
    summary = systems.status_pages["launchdarkly"].summary()
    ill = [one.name for one in summary.components if one.name in DELIVERY and one.status != "operational"]
    source = "LaunchDarkly's status page"
    if ill:
        told = f"reports trouble with {', '.join(ill)}: a flag turned off may not reach the applications"
        return Answer(Status.WARNING, told, len(ill), "components", 0, source, facts={"ill": ill})
    if not any(one.name in DELIVERY for one in summary.components):
        return Answer(Status.UNKNOWN, f"the page lists none of {', '.join(DELIVERY)}", source=source)
    return Answer(Status.OK, "reports nothing about the delivery of flags", 0, "components", 0, source)


@check(asks=("launchdarkly",), required=False)
def evaluations(systems: Systems, flag: str = "") -> Answer:
    """What did applications really get of the flag that was changed last, since then?"""
    if systems.profile.launchdarkly is None:
        return not_used("LaunchDarkly", systems)
    key = flag or next((one.key for one in systems.launchdarkly.flag_changes(since_ms(systems, SUSPECT_HOURS))), "")
    if not key:
        return Answer(Status.OK, f"no flag was changed in the last {SUSPECT_HOURS} h", source=USAGE)
    return evaluated(systems, systems.launchdarkly.flag(key))


def evaluated(systems: Systems, state: FlagState) -> Answer:
    """What applications got of a flag in the whole minutes since it was changed; unknown where nobody counts, or too soon."""
    since = parse_iso(state.changed_at).replace(second=0, microsecond=0) + MINUTE if state.changed_at else None
    if since is None:
        return Answer(Status.UNKNOWN, f"evaluations of {state.key}: since when it is so is not told", source=USAGE)
    if (ready := since + MINUTE) > systems.times.now():
        told = (
            f"evaluations of {state.key} are pending, they come by the whole minute: ask again at {ready:%H:%M:%S} UTC"
        )
        return Answer(Status.UNKNOWN, told, source=USAGE, facts={"pending": True})
    try:
        minutes = systems.launchdarkly.evaluations(state, int(since.timestamp() * 1000))
    except SystemFault as fault:
        if fault.fault is not Fault.PERMISSION:
            raise
        told = f"evaluations of {state.key} are not in this plan, or not for this token: they prove nothing here"
        return Answer(Status.UNKNOWN, told, source=USAGE)
    counts = Counter[str]()
    for one in minutes:
        if parse_iso(one.at) >= since:
            counts.update(one.counts)
    return _judged_evaluations(state, counts)


def _judged_evaluations(state: FlagState, counts: Counter[str]) -> Answer:
    total, right = counts.total(), counts[state.served_id]
    rows: list[Row] = [{"variation": state.values.get(uid, "not told"), "evaluations": n} for uid, n in counts.items()]
    if not total or not state.served_id or counts[""]:
        why = "nobody asked for it" if not total else "which of them is what it should be cannot be told"
        told = f"{total} evaluations of {state.key} since it was changed: {why}"
        return Answer(Status.UNKNOWN, told, total, "evaluations", source=USAGE, rows=rows)
    told = f"{right} of {total} evaluations of {state.key} since it was changed got {state.values[state.served_id]}"
    if right == total or state.on:  # one that is on may have rules that give others something else
        return Answer(Status.OK, told, total, "evaluations", source=USAGE, rows=rows)
    told += ": to the others the change has not come"
    return Answer(Status.CRITICAL, told, total - right, "evaluations", 0, USAGE, rows)


def first_suspect(changes: list[FlagChange], known: dict[str, FlagState]) -> FlagChange | None:
    """The newest change of a flag that is on now: what is off serves nobody."""
    return next((one for one in changes if (state := known.get(one.key)) is not None and state.on), None)


def _row(one: FlagChange, state: FlagState | None) -> Row:
    return {
        "at": one.at, "flag": one.key or one.flag, "what": one.what, "who": one.who,
        "now": "" if state is None else f"{'on' if state.on else 'off'}, serves {serves(state)}",
    }  # fmt: skip


def serves(state: FlagState) -> str:
    """What everybody gets now, in a word."""
    if state.on:
        return state.serves
    return state.off_serves or "the fallback in each application's code"
