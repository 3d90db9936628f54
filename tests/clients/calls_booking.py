"""The calls of the system that people book with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calls import SECRET, Call
from runbook.clients.calcom import Booking, Bookings, Calendar, CalUser, Hook
from runbook.systems import Systems

SINCE = "2026-01-05T02:00:00.000Z"
URL = "https://portal.agency.test/api/webhooks/cal"
HOOK = {
    "id": 9001, "userId": 4711, "subscriberUrl": URL, "active": True, "triggers": ["BOOKING_CREATED", "BOOKING_CANCELLED"],
    "payloadTemplate": None, "secret": SECRET,
}  # fmt: skip
READ_HOOK = Hook("9001", URL, True, ("BOOKING_CREATED", "BOOKING_CANCELLED"), True, False)
BOOKING = {
    "id": 1, "uid": "bk_1", "title": SECRET, "status": "accepted", "start": "2026-01-06T09:00:00.000Z",
    "end": "2026-01-06T09:30:00.000Z", "createdAt": SINCE, "updatedAt": SINCE, "eventTypeId": 101,
    "eventType": {"id": 101, "slug": "call"}, "attendees": [{"name": SECRET, "email": SECRET}], "rescheduledToUid": "bk_2",
}  # fmt: skip
READ_BOOKING = Booking(
    "bk_1", "accepted", "2026-01-06T09:00:00.000Z", "2026-01-06T09:30:00.000Z", SINCE, "101", "", "bk_2"
)


def success(data: object, **more: object) -> dict[str, object]:
    return {"status": "success", "data": data, **more}


def hooks(path: str, ask: Callable[[Systems], Any]) -> Call:
    return Call("calcom", ask, f"GET {path}", success([HOOK]), [READ_HOOK], {"take": "250", "skip": "0"})


CALLS = {
    "calcom.me": Call(
        "calcom", lambda s: s.calcom.me(), "GET /v2/me",
        success({"id": 4711, "username": "agency", "email": SECRET, "organizationId": 77}), CalUser("4711", "77"),
    ),
    "calcom.webhooks": hooks("/v2/webhooks", lambda s: s.calcom.webhooks()),
    "calcom.event_type_webhooks": hooks(
        "/v2/event-types/101/webhooks", lambda s: s.calcom.event_type_webhooks("101")
    ),
    "calcom.organization_webhooks": hooks(
        "/v2/organizations/77/webhooks", lambda s: s.calcom.organization_webhooks("77")
    ),
    "calcom.webhook": Call(
        "calcom", lambda s: s.calcom.webhook("9001"), "GET /v2/webhooks/9001", success(HOOK), READ_HOOK,
    ),
    "calcom.update_webhook": Call(
        "calcom", lambda s: s.calcom.update_webhook("9001", active=True, url=URL), "PATCH /v2/webhooks/9001", success(HOOK),
        READ_HOOK, is_change=True, body={"active": True, "subscriberUrl": URL},
    ),
    "calcom.bookings": Call(
        "calcom", lambda s: s.calcom.bookings(SINCE), "GET /v2/bookings",
        success([BOOKING], pagination={"totalItems": 1, "hasNextPage": False}), Bookings((READ_BOOKING,), True),
        {"afterUpdatedAt": SINCE, "sortUpdatedAt": "asc", "take": "100", "skip": "0"},
    ),
    "calcom.booking": Call(
        "calcom", lambda s: s.calcom.booking("bk_1"), "GET /v2/bookings/bk_1", success(BOOKING), READ_BOOKING,
    ),
    "calcom.calendars": Call(
        "calcom", lambda s: s.calcom.calendars(), "GET /v2/calendars",
        success({"connectedCalendars": [
            {"integration": {"type": "google_calendar"}, "credentialId": 31, "calendars": [{"email": SECRET}]},
            {"integration": {"type": "office365_calendar"}, "credentialId": 32, "error": {"message": "expired"}}],
            "destinationCalendar": None}),
        [Calendar("google_calendar", "31", True), Calendar("office365_calendar", "32", False)],
    ),
}  # fmt: skip
