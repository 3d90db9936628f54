"""Which feature flags changed lately, what do they serve, and would turning one off reach the applications?"""

from __future__ import annotations

from runbook.checks.changes import since_ms
from runbook.checks.database import not_used
from runbook.checks.frame import Answer, both, check
from runbook.clients.launchdarkly import FlagChange, FlagState
from runbook.model import Row, Status
from runbook.systems import Systems
from runbook.times import parse_iso

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
