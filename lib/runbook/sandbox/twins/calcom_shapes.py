"""How Cal.com writes bookings, webhooks, calendars and refusals. Personal data is made up, and there to be left unread."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from runbook.sandbox.scheduling import EVENT_TYPE, ORGANIZATION, USER, Booking, Hook
from runbook.sandbox.twins.frame import Refusal
from runbook.times import iso

Json = Any
OWNERS = {"user": ("userId", USER), "event-type": ("eventTypeId", EVENT_TYPE), "organization": ("teamId", ORGANIZATION)}
EXCEPTIONS = {400: "BadRequestException", 401: "UnauthorizedException", 403: "ForbiddenException", 404: "NotFoundException",
              429: "ThrottlerException"}  # fmt: skip


def error_body(refusal: Refusal, request_id: str) -> Json:
    """Cal.com's refusals (calcom/cal.com, apps/api/v2, http-exception.filter.ts)."""
    message = "ThrottlerException: Too Many Requests" if refusal.status == 429 else refusal.message
    code = EXCEPTIONS.get(refusal.status, "InternalServerErrorException")
    where = {"path": refusal.extra["path"]} if "path" in refusal.extra else {}
    return {
        "status": "error",
        "timestamp": iso(datetime.now(UTC)),
        **where,
        "error": {"code": code, "message": message},
    }


def me_body() -> Json:
    """The user, as a key of its own sees it."""
    return {
        "id": USER, "username": "agency", "email": "hello@agency.test", "name": "Agency", "avatarUrl": None, "bio": None,
        "timeFormat": 24, "defaultScheduleId": 1, "weekStart": "Monday", "timeZone": "Europe/Berlin",
        "organizationId": ORGANIZATION,
    }  # fmt: skip


def hook_body(one: Hook) -> Json:
    """A webhook, its secret included: the vendor gives it to whoever may read the webhook."""
    name, owner = OWNERS[one.owner]
    body = {
        "id": one.uid, name: owner, "subscriberUrl": one.url, "active": one.active, "triggers": list(one.triggers),
        "payloadTemplate": one.template or "",
    }  # fmt: skip
    return body | ({"secret": one.secret} if one.secret else {})


def booking_body(one: Booking) -> Json:
    """A booking in the shape of version 2024-08-13."""
    host = {"id": USER, "name": "Agency", "email": "hello@agency.test", "displayEmail": "hello@agency.test",
            "username": "agency", "timeZone": "Europe/Berlin"}  # fmt: skip
    mail = f"customer{one.number}@example.test"
    attendee = {"name": f"Customer {one.number}", "email": mail, "displayEmail": mail, "timeZone": "Europe/Berlin",
                "language": "de", "absent": False}  # fmt: skip
    return {
        "id": one.number, "uid": one.uid, "title": f"Call with Customer {one.number}", "description": "",
        "hosts": [host], "status": one.status, "start": iso(one.start), "end": iso(one.end), "duration": 30,
        "eventTypeId": EVENT_TYPE, "eventType": {"id": EVENT_TYPE, "slug": "call"}, "location": "integrations:daily",
        "absentHost": False, "createdAt": iso(one.created), "updatedAt": iso(one.updated), "metadata": {},
        "attendees": [attendee], "guests": [], "bookingFieldsResponses": {"name": attendee["name"], "email": mail},
    }  # fmt: skip


def old_booking_body(one: Booking) -> Json:
    """The same in the shape that comes when no version is asked for: other names, and no error."""
    return {
        "id": one.number, "uid": one.uid, "title": f"Call with Customer {one.number}", "startTime": iso(one.start),
        "endTime": iso(one.end), "status": one.status.upper(), "eventType": {"id": EVENT_TYPE, "slug": "call"},
    }  # fmt: skip


def calendar_body(complaint: str) -> Json:
    """The one calendar that is connected; a broken one has an error in place of its calendars."""
    integration = {
        "name": "Google Calendar", "description": "Google Calendar", "type": "google_calendar", "variant": "calendar",
        "categories": ["calendar"], "logo": "icon.svg", "publisher": "Cal.com", "slug": "google-calendar",
        "url": "https://cal.com/", "email": "help@cal.com", "locationOption": None,
    }  # fmt: skip
    mine = {"externalId": "hello@agency.test", "integration": "google_calendar", "name": "Agency", "primary": True,
            "readOnly": False, "email": "hello@agency.test", "isSelected": True, "credentialId": 31}  # fmt: skip
    connected = {"integration": integration, "credentialId": 31, "delegationCredentialId": None}
    connected |= {"error": {"message": complaint}} if complaint else {"primary": mine, "calendars": [mine]}
    destination = {
        "id": {}, "integration": "google_calendar", "externalId": "hello@agency.test", "primaryEmail": "hello@agency.test",
        "userId": USER, "eventTypeId": None, "credentialId": 31, "name": "Agency", "primary": True, "readOnly": False,
        "email": "hello@agency.test", "integrationTitle": "Google Calendar",
    }  # fmt: skip
    return {"connectedCalendars": [connected], "destinationCalendar": destination}
