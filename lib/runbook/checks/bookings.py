"""Do Cal.com's bookings reach us: is the hook on and signed, does our handler take them, which were missed, do calendars answer?

Cal.com tells of a booking once, keeps no log of deliveries and sends none again. So what counts is the application's own table,
compared with the bookings that changed. Whoever booked is never read here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from runbook.checks import handing
from runbook.checks.database import not_used
from runbook.checks.frame import Answer, check
from runbook.checks.handing import site_of
from runbook.checks.judge import bar, judged
from runbook.checks.missed import GRACE, in_parts, no_table
from runbook.clients.calcom import Booking, Hook
from runbook.errors import Fault, SystemFault
from runbook.model import Row, Status
from runbook.profile import CalcomTarget
from runbook.systems import Systems
from runbook.times import iso, parse_iso

CALCOM = ("calcom",)
HOURS = 24
SECONDS = 8.0  # some pages of bookings, one after the other
SHOWN = 20
SLACK = timedelta(seconds=5)  # ours: Cal.com notes the time of a change in its own way, the application in its own
USER = "user"
SOURCE = "Cal.com's bookings, against the application's own table"
WEBHOOKS_PAGE = "app.cal.com/settings/developer/webhooks"
# What a booking in this state was told as (calcom/cal.com, WebhookTriggerEvents).
TRIGGERS = {
    "accepted": "BOOKING_CREATED", "cancelled": "BOOKING_CANCELLED", "pending": "BOOKING_REQUESTED",
    "rejected": "BOOKING_REJECTED",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Missed:
    """The bookings that the application does not hold as they are, the longest unchanged first. Not whole: there are later."""

    bookings: tuple[Booking, ...]
    asked: int
    is_whole: bool
    newest_is_missed: bool  # the newest that had its time: they still get lost


@check(asks=CALCOM, deadline_seconds=SECONDS)
def hooks(systems: Systems) -> Answer:
    """Is Cal.com's hook for our handler there, active and signed, and does it tell what we act on?"""
    target = systems.profile.calcom
    if target is None:
        return not_used("Cal.com", systems)
    found, unread = _every_hook(systems, target)
    ours = [(owner, one) for owner, one in found if _is_ours(systems, one)]
    told = {kind for _, one in ours if not _fault_of(one) for kind in one.triggers}
    untold = [kind for kind in target.triggers if kind not in told]
    faulty = [one for _, one in ours if _fault_of(one) and set(one.triggers) & set(untold)]
    rows: list[Row] = [
        {"hook": one.hook_id, "of": owner, "url": one.url, "active": one.is_active, "secret": one.has_secret,
         "own template": one.has_template, "ours": _is_ours(systems, one), "triggers": ", ".join(one.triggers)}
        for owner, one in found
    ]  # fmt: skip
    facts = {
        "inactive": [one.hook_id for one in faulty if not one.is_active],
        "unsigned": [one.hook_id for one in faulty if one.is_active and not one.has_secret],
        "template": [one.hook_id for one in faulty if one.is_active and one.has_secret and one.has_template],
        "untold": untold, "ours": [one.hook_id for _, one in ours], "unread": unread,
        "own": [one.hook_id for owner, one in ours if owner == USER],
    }  # fmt: skip
    source = "Cal.com, webhooks of " + ", ".join(["the user", *_others(target)])
    if not untold:
        names = ", ".join(one.hook_id for _, one in ours)
        return Answer(
            Status.OK, f"{names} active, signed, and told of everything we act on", 0, "hooks", 0, source, rows, facts
        )
    if faulty:
        one = next((each for each in faulty if not each.is_active), faulty[0])
        return Answer(Status.CRITICAL, f"{one.hook_id} {_fault_of(one)}", len(faulty), "hooks", 0, source, rows, facts)
    if unread:
        said = f"no hook that we may read tells of {', '.join(untold)}; not read: {', '.join(unread)}"
        return Answer(Status.UNKNOWN, said, len(untold), "triggers", 0, source, rows, facts)
    path = site_of(systems).cal_path
    said = (
        f"no hook of ours tells of {', '.join(untold)}"
        if ours
        else f"none of Cal.com's {len(found)} hooks is at {path}"
    )
    return Answer(Status.CRITICAL, said, len(untold), "triggers", 0, source, rows, facts)


@check(asks=("site",))
def hook_answers(systems: Systems) -> Answer:
    """Does our handler of Cal.com's webhooks refuse what is not signed, and take what is?"""
    if systems.profile.site is None or systems.profile.calcom is None:
        return not_used("Cal.com", systems)
    return handing.answered(systems, handing.CAL)


@check(asks=CALCOM)
def calendars(systems: Systems) -> Answer:
    """Can Cal.com read the calendars that are connected?"""
    if systems.profile.calcom is None:
        return not_used("Cal.com", systems)
    found = systems.calcom.calendars()
    rows: list[Row] = [
        {"calendar": one.kind, "credential": one.credential_id, "readable": one.is_readable} for one in found
    ]
    broken = [f"{one.kind} (credential {one.credential_id})" for one in found if not one.is_readable]
    source, facts = "Cal.com, calendars", {"broken": broken}
    if broken:
        told = f"{', '.join(broken)} cannot be read: bookings do not reach it, and who is busy looks free"
        return Answer(Status.CRITICAL, told, len(broken), "calendars", 0, source, rows, facts)
    if not found:
        return Answer(
            Status.WARNING, "none is connected: who is busy looks free", 0, "calendars", 0, source, rows, facts
        )
    return Answer(Status.OK, f"all {len(found)} can be read", 0, "calendars", 0, source, rows, facts)


@check(asks=("calcom", "database"), deadline_seconds=SECONDS)
def missed(systems: Systems, hours: int = HOURS) -> Answer:
    """Which bookings does our application not hold as they are now?"""
    if systems.profile.calcom is None:
        return not_used("Cal.com", systems)
    threshold, now = systems.policy.threshold("missed_bookings"), systems.times.now()
    found = missed_bookings(systems, hours)
    late = [one for one in found.bookings if now - parse_iso(one.updated_at) > GRACE]
    facts = {"count": len(late), "newest_is_missed": found.newest_is_missed}
    rows: list[Row] = [
        {"booking": one.uid, "status": one.status, "starts": one.start, "changed": one.updated_at}
        for one in late[:SHOWN]
    ]
    cut = "" if found.is_whole else f"; only the first {found.asked} were looked at"
    if not late:
        told = f"all {found.asked} that changed in the last {hours} h are in our table{cut}"
        status = Status.OK if found.is_whole else Status.UNKNOWN
        return Answer(status, told, 0, "bookings", bar(threshold), SOURCE, rows, facts)
    first = late[0].updated_at[:16].replace("T", " ")
    told = f"{len(late)} of {found.asked} are not in our table as they are, the oldest changed {first}{cut}"
    return Answer(judged(len(late), threshold), told, len(late), "bookings", bar(threshold), SOURCE, rows, facts)


@check(required=False)
def status_page(systems: Systems) -> Answer:
    """Does Cal.com's status page report something?"""
    if systems.profile.calcom is None:
        return not_used("Cal.com", systems)
    said = systems.status_pages["calcom"].summary()
    facts, source = {"indicator": said.indicator}, "the vendor's status page"
    if said.indicator == "none":  # OpenStatus writes so also for a state that it does not know
        return Answer(Status.OK, "reports nothing; a green page proves nothing", 0, "reports", 0, source, facts=facts)
    return Answer(Status.WARNING, f"reports {said.indicator}: {said.description}", 1, "reports", 0, source, facts=facts)


def missed_bookings(systems: Systems, hours: int) -> Missed:
    """The bookings that changed lately, were told of with a trigger that we act on, and are not in the application's table."""
    target = systems.profile.calcom
    acted_on = target.triggers if target is not None else ()
    now = systems.times.now()
    found = systems.calcom.bookings(iso(now - timedelta(hours=hours)))
    known = [one for one in found.rows if trigger_of(one) in acted_on]
    held = held_bookings(systems, known)
    lost = tuple(one for one in known if one.uid not in held)
    had_time = [one for one in known if now - parse_iso(one.updated_at) > GRACE]
    return Missed(lost, len(known), found.is_whole, bool(had_time) and had_time[-1] in lost)


def held_bookings(systems: Systems, bookings: Sequence[Booking]) -> set[str]:
    """Those of these bookings that the application's table holds as of their last change, or a later one."""
    return held_since(systems, {one.uid: one.updated_at for one in bookings})


def held_since(systems: Systems, changed: dict[str, str]) -> set[str]:
    """The same, by uid and the moment of the last change."""
    database = systems.profile.database
    if database is None or not database.bookings_table:
        raise no_table("bookings_table", "bookings")
    rows = in_parts(systems, "held_bookings", database.bookings_table, list(changed))
    at = {str(row["uid"]): float(row["updated"] or 0.0) for row in rows}
    return {uid for uid, moment in changed.items()
            if uid in at and at[uid] >= (parse_iso(moment) - SLACK).timestamp()}  # fmt: skip


def trigger_of(one: Booking) -> str:
    """What Cal.com told of a booking as it is now; empty for a state that we do not know."""
    if one.status == "accepted" and one.rescheduled_from:
        return "BOOKING_RESCHEDULED"
    return TRIGGERS.get(one.status, "")


def _every_hook(systems: Systems, target: CalcomTarget) -> tuple[list[tuple[str, Hook]], list[str]]:
    """Every list that our key may read: whose it is, with each hook; and the lists that it may not."""
    client, organization = systems.calcom, systems.calcom.me().organization_id
    found = [(USER, one) for one in client.webhooks()]
    unread = []
    lists: list[tuple[str, Callable[[], list[Hook]]]] = [
        (f"event type {one}", partial(client.event_type_webhooks, one)) for one in target.event_types
    ]
    lists += (
        [(f"organization {organization}", partial(client.organization_webhooks, organization))] if organization else []
    )
    for owner, asked in lists:
        try:
            found += [(owner, one) for one in asked()]
        except SystemFault as fault:
            if fault.fault not in (Fault.PERMISSION, Fault.NOT_FOUND):
                raise
            unread.append(owner)  # whoever is no administrator there is refused
    return found, unread


def _others(target: CalcomTarget) -> list[str]:
    return [*(f"event type {one}" for one in target.event_types), "the organization"]


def _fault_of(one: Hook) -> str:
    """Why nothing that we can read comes from a hook; empty when it does."""
    if not one.is_active:
        return "is not active: who books meanwhile is never told to us, not even later"
    if not one.has_secret:
        return "has no secret: what it sends is not signed, and our handler must refuse it"
    return "has a payload template of its own: our handler cannot read what it sends" if one.has_template else ""


def _is_ours(systems: Systems, one: Hook) -> bool:
    """Whether a hook is at our handler's path, on one of our domains where the profile names them."""
    url, domains = urlsplit(one.url), systems.profile.vercel.domains if systems.profile.vercel else ()
    return url.path == site_of(systems).cal_path and (not domains or url.hostname in domains)
