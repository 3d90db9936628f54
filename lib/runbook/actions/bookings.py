"""Bring bookings back: Cal.com's hook on again, and the bookings that it did not tell of handed to our own handler."""

from __future__ import annotations

from runbook.actions.frame import Action
from runbook.checks.bookings import (
    HOURS,
    SOURCE,
    WEBHOOKS_PAGE,
    held_since,
    hooks,
    missed_bookings,
    trigger_of,
)
from runbook.checks.frame import Answer
from runbook.checks.handing import CAL, hand_over, harmless, said, until_taken
from runbook.clients.calcom import Booking
from runbook.clients.stripe_rows import ENDPOINT_IDS
from runbook.errors import Refused
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

SET_SECONDS = 30.0
PULL_SECONDS = 60.0  # of one booking, and of the proof
EACH_SECONDS = 1.0  # one of two requests a second: Cal.com allows a key 120 a minute, and the site may use the same one
FREE = 20  # so many go at once


def preview_enable(systems: Systems, *, hook: str = "") -> Preview:
    """Our hooks that are not active; of the given ones, separated by commas, else of the user's own. Stripe's are none."""
    if hook.startswith(ENDPOINT_IDS):
        return Preview(_user(systems), (), (f"{hook} is Stripe's, and no hook",), target_was_given=True)
    found = hooks.function(systems).facts
    named = hook.split(",") if hook else []
    if strange := [one for one in named if one not in found["ours"]]:
        raise Refused(
            f"{strange[0]} is no hook at our handler's path",
            where="Cal.com",
            next_step="take one from the table of hooks",
        )
    off = [str(one) for one in found["inactive"] if not named or one in named]
    chosen = [one for one in off if one in found["own"]]
    others = tuple(f"{one}: not the user's own; switch it on at {WEBHOOKS_PAGE}" for one in off if one not in chosen)
    costs = (
        "Cal.com tells of what is booked from now on; of what was booked meanwhile it never does: pull it afterwards",
    )
    items = tuple(PlannedObject(one, {"now": "not active", "then": "active"}) for one in chosen)
    return Preview(_user(systems), items, costs if items else ("none of ours is switched off",), {"active": False}, others,
                   target_was_given=True)  # fmt: skip


def preview_disable(systems: Systems, *, hook: str) -> Preview:
    """Those of the named hooks, separated by commas, that are active."""
    items = tuple(
        PlannedObject(one, {"now": "active", "then": "not active"})
        for one in hook.split(",")
        if systems.calcom.webhook(one).is_active
    )
    costs = ("WARNING: of what is booked while it is off we are never told",)
    return Preview(_user(systems), items, costs, {"active": True}, target_was_given=True)


def change_enable(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Switch it on, if it is off."""
    return _switch(systems, item, active=True)


def change_disable(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Switch it off, if it is on."""
    return _switch(systems, item, active=False)


def same_hook(plan: Plan) -> dict[str, Json]:
    """What undo switches: the plan's hooks."""
    return {"hook": ",".join(item.identity for item in plan.objects)}


def verify_enable(systems: Systems, plan: Plan) -> Answer:
    """Cal.com says that it is active."""
    return _switched(systems, plan, active=True)


def verify_disable(systems: Systems, plan: Plan) -> Answer:
    """Cal.com says that it is not active."""
    return _switched(systems, plan, active=False)


def preview_pull(systems: Systems, *, hours: int = HOURS) -> Preview:
    """Every booking that the application does not hold as it is, oldest change first. Refused where our handler takes nothing."""
    found = missed_bookings(systems, hours)
    most = systems.policy.at_most["pull_bookings"]
    chosen, later = found.bookings[:most], found.bookings[most:]
    if not chosen:
        told = (f"all {found.asked} that changed in the last {hours} h are in our table",)
        return Preview(_user(systems), (), told, target_was_given=True)
    answer = hand_over(systems, harmless(systems, CAL), CAL)
    if not answer.is_taken:
        raise Refused(f"our handler does not take bookings: {said(answer)}", where="site",
                      next_step="mend that first, then plan again; nothing is lost meanwhile")  # fmt: skip
    costs = (
        f"our handler runs for each of {len(chosen)}: mails and calls to others that it makes are made",
        "each is handed over as it is now, once: what happened to it in between is not told",
    )
    left = [f"{len(later)} later ones: more than the {most} that policy allows in one plan"] if later else []
    left += [] if found.is_whole else [f"those that changed after the first {found.asked}"]
    return Preview(_user(systems), tuple(map(_object, chosen)), costs, {}, tuple(left), target_was_given=True)


def change_pull(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Hand it over as it is now, if the application does not hold it so by now."""
    if item.identity in held_since(systems, {item.identity: str(item.bound["changed"])}):
        return Changed(Outcome.UNCHANGED, f"{item.identity} is in our table already")
    if len(plan.objects) > FREE:
        systems.times.sleep(EACH_SECONDS)
    one, whole = systems.calcom.whole_booking(item.identity)
    trigger = trigger_of(one)
    if systems.profile.calcom is None or trigger not in systems.profile.calcom.triggers:
        return Changed(Outcome.UNCHANGED, f"{item.identity} is {one.status} now: nothing that we act on")
    answer = until_taken(systems, delivery(one, whole, trigger), CAL)
    if not answer.is_taken:
        # what it says may hold what it was sent: only its number is told
        return Changed(Outcome.FAILED, f"{item.identity}: our handler answers {answer.status_code or 'not in time'}")
    if answer.is_duplicate:
        return Changed(Outcome.UNCHANGED, f"{item.identity} came a moment ago")
    return Changed(Outcome.DONE, f"{item.identity} ({trigger}) handed over", {"status": answer.status_code})


def verify_pull(systems: Systems, plan: Plan) -> Answer:
    """The application holds each of them as it was when it was planned, or newer."""
    wanted = {item.identity: str(item.bound["changed"]) for item in plan.objects}
    missing = sorted(set(wanted) - held_since(systems, wanted))
    if missing:
        told = f"{len(missing)} of {len(wanted)} are not in our table, like {missing[0]}"
        return Answer(Status.CRITICAL, told, len(missing), "bookings", 0, SOURCE)
    return Answer(Status.OK, f"all {len(wanted)} are in our table", 0, "bookings", 0, SOURCE)


def delivery(one: Booking, whole: dict[str, Json], trigger: str) -> dict[str, Json]:
    """A booking as Cal.com would have told of it (calcom/cal.com, sendPayload.ts). Personal data, for our own handler alone."""
    people = whole.get("attendees")
    attendees = [
        {name: person.get(name) for name in ("name", "email", "timeZone", "phoneNumber") if person.get(name)}
        for person in (people if isinstance(people, list) else [])
        if isinstance(person, dict)
    ]
    payload = {
        "uid": one.uid, "bookingId": whole.get("id"), "title": whole.get("title"), "startTime": one.start,
        "endTime": one.end, "status": one.status.upper(), "eventTypeId": whole.get("eventTypeId"),
        "location": whole.get("location"), "metadata": whole.get("metadata"), "attendees": attendees,
        "responses": whole.get("bookingFieldsResponses"), "rescheduleUid": one.rescheduled_from or None,
        "cancellationReason": whole.get("cancellationReason"),
    }  # fmt: skip
    known = {name: value for name, value in payload.items() if value is not None}
    return {"triggerEvent": trigger, "createdAt": one.updated_at, "payload": known}


def _switch(systems: Systems, item: PlannedObject, *, active: bool) -> Changed:
    if systems.calcom.webhook(item.identity).is_active == active:
        return Changed(Outcome.UNCHANGED, f"{item.identity} is {_word(active)} already")
    now = systems.calcom.update_webhook(item.identity, active=active)
    return Changed(Outcome.DONE, f"{item.identity} is {_word(now.is_active)}", {"active": now.is_active})


def _switched(systems: Systems, plan: Plan, *, active: bool) -> Answer:
    others = [item.identity for item in plan.objects if systems.calcom.webhook(item.identity).is_active != active]
    told = f"{others[0]} is {_word(not active)}" if others else f"{plan.objects[0].identity} is {_word(active)}"
    return Answer(Status.CRITICAL if others else Status.OK, told, len(others), source="Cal.com, webhooks")


def _object(one: Booking) -> PlannedObject:
    shown = {"told as": trigger_of(one), "starts": one.start, "changed": one.updated_at}
    return PlannedObject(one.uid, shown, {"changed": one.updated_at})


def _user(systems: Systems) -> str:
    return systems.profile.calcom.user_id if systems.profile.calcom else ""


def _word(active: bool) -> str:
    return "active" if active else "not active"


enable_hook = Action(
    "enable_hook", "Have Cal.com tell our handler again", Danger.REVERSIBLE, "calcom",
    preview_enable, change_enable, verify_enable, SET_SECONDS, "disable_hook", same_hook, mends=False, at_once=True,
)  # fmt: skip
disable_hook = Action(
    "disable_hook", "Have Cal.com tell our handler nothing", Danger.REVERSIBLE, "calcom",
    preview_disable, change_disable, verify_disable, SET_SECONDS, "enable_hook", same_hook, mends=False,
)  # fmt: skip
pull_bookings = Action(
    "pull_bookings", "Hand the bookings that we were not told of to our own handler, oldest change first",
    Danger.SIDE_EFFECT, "calcom", preview_pull, change_pull, verify_pull, PULL_SECONDS,
    "cannot be undone: our handler has run", at_once=True,
)  # fmt: skip
EVERY = (enable_hook, disable_hook, pull_bookings)
