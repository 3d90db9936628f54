"""Cal.com's API v2: me, webhooks, bookings, calendars. Bearer key; bookings in the shape of the version that is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from runbook.sandbox.deliveries import is_web_address
from runbook.sandbox.scheduling import EVENT_TYPE, ORGANIZATION, Booking, Hook
from runbook.sandbox.twins.calcom_shapes import (
    booking_body,
    calendar_body,
    error_body,
    hook_body,
    me_body,
    old_booking_body,
)
from runbook.sandbox.twins.frame import Call, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
PER_MINUTE = 120  # of an API key (cal.com/docs, API v2, introduction)
BOOKINGS_VERSION = "2024-08-13"
OLDER_VERSIONS = ("", "2024-04-15")  # without a version the oldest answers
MOST_HOOKS, MOST_BOOKINGS = 250, 250
CALENDARS = ("apple", "google", "office365")
SORTS = {"sortStart": "start", "sortEnd": "end", "sortCreated": "created", "sortUpdatedAt": "updated"}
BOUNDS = {"afterStart": "start", "afterCreatedAt": "created", "afterUpdatedAt": "updated",
          "beforeEnd": "end", "beforeCreatedAt": "created", "beforeUpdatedAt": "updated"}  # fmt: skip


def refused(call: Call, status: int, message: str) -> Refusal:
    """A refusal says which path it was."""
    return Refusal(status, message, path=call.path)


def _authorize(world: World, call: Call) -> None:
    kind, _, given = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not given:
        raise refused(call, 401, "No authentication method provided. Either pass an API key as 'Bearer' header.")
    if not given.startswith("cal_") or not world.opens("CALCOM_API_KEY", given):
        raise refused(call, 401, "Your api key is not valid")


def _unmatched(call: Call) -> Refusal:
    """404, or 410 for all of v1, which was shut on 2026-04-08 (issues of several integrations)."""
    if call.path.startswith("/v1/"):
        return refused(call, 410, "API v1 has been discontinued. Please migrate to API v2.")
    return refused(call, 404, f"Cannot {call.method} {call.path}")


def _quota(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    return {"X-RateLimit-Limit-Default": str(most), "X-RateLimit-Remaining-Default": str(remaining),
            "X-RateLimit-Reset-Default": str(int(left) + 1)}  # fmt: skip


VENDOR = Vendor("calcom", _authorize, error_body, Limit(PER_MINUTE, 60.0, _quota), unmatched=_unmatched)


def success(data: Json, **more: Json) -> Reply:
    """What was asked for, in its envelope."""
    return Reply({"status": "success", "data": data, **more})


@VENDOR.route("GET", "/v2/me")
def me(world: World, call: Call) -> Reply:
    """Whose key it is."""
    return success(me_body())


@VENDOR.route("GET", "/v2/webhooks")
def webhooks(world: World, call: Call) -> Reply:
    """The user's own."""
    return _hooks(world, call, "user")


@VENDOR.route("GET", "/v2/event-types/{owner}/webhooks")
def event_type_webhooks(world: World, call: Call) -> Reply:
    """Those of one event type."""
    if call.params["owner"] != str(EVENT_TYPE):
        raise refused(call, 404, f"Event type with id {call.params['owner']} not found")
    return _hooks(world, call, "event-type")


@VENDOR.route("GET", "/v2/organizations/{owner}/webhooks")
def organization_webhooks(world: World, call: Call) -> Reply:
    """Those of our organization; another one is nobody's business."""
    if call.params["owner"] != str(ORGANIZATION):
        raise refused(call, 403, f"User is not a member of the organization with id {call.params['owner']}")
    return _hooks(world, call, "organization")


@VENDOR.route("GET", "/v2/webhooks/{hook}")
def webhook(world: World, call: Call) -> Reply:
    """One of the user's own."""
    with world.lock:
        return success(hook_body(_hook(world, call)))


@VENDOR.route("PATCH", "/v2/webhooks/{hook}")
def update_webhook(world: World, call: Call) -> Reply:
    """Change one of the user's own. Names that are not known are dropped, as the vendor's validation does."""
    body = call.json()
    if not isinstance(body, dict):
        raise refused(call, 400, "Invalid JSON")
    kinds = {"active": bool, "subscriberUrl": str, "triggers": list, "secret": str, "payloadTemplate": str}
    for name, kind in kinds.items():
        if name in body and not isinstance(body[name], kind):
            raise refused(call, 400, f"{name} must be a {kind.__name__}")
    if "subscriberUrl" in body and not is_web_address(body["subscriberUrl"]):
        raise refused(call, 400, "subscriberUrl must be a URL address")
    with world.lock:
        one = _hook(world, call)
        before = hook_body(one)
        one.active, one.url = body.get("active", one.active), body.get("subscriberUrl", one.url)
        one.triggers, one.secret = tuple(body.get("triggers", one.triggers)), body.get("secret", one.secret)
        one.template = body.get("payloadTemplate", one.template)
        after = hook_body(one)
    changed = after != before
    return Reply({"status": "success", "data": after}, change=changed, objects=(str(one.uid),) if changed else ())


@VENDOR.route("GET", "/v2/bookings")
def bookings(world: World, call: Call) -> Reply:
    """Bookings by time, sorted and paged."""
    take, skip = _number(call, "take", 100, 1, MOST_BOOKINGS), _number(call, "skip", 0, 0, 1_000_000)
    with world.lock:
        rows = [one for one in world.calcom.bookings if _within(call, one)]
    for name, field in SORTS.items():
        if name in call.query:
            if call.one(name) not in ("asc", "desc"):
                raise refused(call, 400, f'{name} must be either "asc" or "desc".')
            rows.sort(key=attrgetter(field), reverse=call.one(name) == "desc")
    shown, left = rows[skip : skip + take], max(0, len(rows) - skip - take)
    if not _wants_new(call):
        old = {"bookings": [old_booking_body(one) for one in shown], "totalCount": len(rows), "nextCursor": None}
        return success(old)
    return success([booking_body(one) for one in shown], pagination={
        "totalItems": len(rows), "remainingItems": left, "returnedItems": len(shown), "itemsPerPage": take,
        "currentPage": skip // take + 1, "totalPages": -(-len(rows) // take), "hasNextPage": left > 0,
        "hasPreviousPage": skip > 0,
    })  # fmt: skip


@VENDOR.route("GET", "/v2/bookings/{booking}")
def booking(world: World, call: Call) -> Reply:
    """One booking, by its uid: its number is none."""
    with world.lock:
        one = next((each for each in world.calcom.bookings if each.uid == call.params["booking"]), None)
        if one is None:
            raise refused(call, 404, f"Booking with uid={call.params['booking']} was not found in the database")
        return success(booking_body(one) if _wants_new(call) else old_booking_body(one))


@VENDOR.route("GET", "/v2/calendars")
def calendars(world: World, call: Call) -> Reply:
    """What is connected."""
    return success(calendar_body(world.calcom.calendar_complaint))


@VENDOR.route("GET", "/v2/calendars/{calendar}/check")
def check_calendar(world: World, call: Call) -> Reply:
    """Whether one works: 400 for one that was never connected, 401 for one whose credential is dead."""
    if call.params["calendar"] not in CALENDARS:
        raise refused(call, 400, f"Invalid calendar type, available calendars are: {', '.join(CALENDARS)}")
    if call.params["calendar"] != "google":
        raise refused(call, 400, f"Credentials for {call.params['calendar']}_calendar not found.")
    if world.calcom.calendar_complaint:
        raise refused(call, 401, world.calcom.calendar_complaint)
    return Reply({"status": "success"})


def _hooks(world: World, call: Call, owner: str) -> Reply:
    take, skip = _number(call, "take", MOST_HOOKS, 1, MOST_HOOKS), _number(call, "skip", 0, 0, 1_000_000)
    with world.lock:
        rows = [hook_body(one) for one in world.calcom.hooks.values() if one.owner == owner]
    return success(rows[skip : skip + take])


def _hook(world: World, call: Call) -> Hook:
    uid = call.params["hook"]
    found = world.calcom.hooks.get(int(uid)) if re.fullmatch(r"[0-9]{1,9}", uid) else None
    if found is None or found.owner != "user":
        raise refused(call, 404, f"Webhook ({uid}) not found")
    return found


def _wants_new(call: Call) -> bool:
    """Whether the version asked for is the new one; 404 for one that never was."""
    version = call.headers.get("cal-api-version", "")
    if version not in (BOOKINGS_VERSION, *OLDER_VERSIONS):
        raise refused(call, 404, f"Cannot {call.method} {call.path}")
    return version == BOOKINGS_VERSION


def _within(call: Call, one: Booking) -> bool:
    for name, field in BOUNDS.items():
        if name in call.query:
            try:
                bound = datetime.fromisoformat(call.one(name))
                inside = getattr(one, field) >= bound if name.startswith("after") else getattr(one, field) <= bound
            except (ValueError, TypeError):
                raise refused(call, 400, f"{name} must be a valid ISO 8601 date string") from None
            if not inside:
                return False
    return True


def _number(call: Call, name: str, default: int, least: int, most: int) -> int:
    given = call.one(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", given) or not least <= int(given) <= most:
        raise refused(call, 400, f"{name} must be a number from {least} to {most}")
    return int(given)
