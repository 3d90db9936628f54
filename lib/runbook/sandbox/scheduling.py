"""What Cal.com holds of the company: its webhooks and its bookings. Part of the world's state."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from runbook.clients.signatures import sign_cal
from runbook.sandbox.deliveries import CAL_AGENT, Sending
from runbook.sandbox.seeds import DOMAINS, token
from runbook.times import iso

USER, ORGANIZATION, EVENT_TYPE = 4711, 77, 101
PERSONAL_HOOK = 9001
BOOKED_BEFORE = 40  # bookings that the application has in its tables
TRIGGERS = ("BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED")


@dataclass(slots=True)
class Hook:
    """One webhook; without a secret its deliveries are not signed. ``owner``: whose list it is in."""

    uid: int
    url: str
    triggers: tuple[str, ...]
    secret: str = field(repr=False)
    owner: Literal["user", "event-type", "organization"] = "user"
    active: bool = True
    template: str | None = None


@dataclass(slots=True)
class Booking:
    """One booking; who booked is made up."""

    number: int
    uid: str
    start: datetime
    created: datetime
    updated: datetime
    status: Literal["accepted", "cancelled", "pending", "rejected"] = "accepted"

    @property
    def end(self) -> datetime:
        """Half an hour later."""
        return self.start + timedelta(minutes=30)


class CalcomState:
    """One user in one organization. ``calendar_complaint``: what is wrong with the calendar's credential; empty when it works.

    ``began``: when the application got the bookings of before; they have not changed since, whenever the world is repaired.
    """

    def __init__(self, now: datetime, secret: str, began: datetime) -> None:
        here = f"https://{DOMAINS[2]}/api/webhooks/cal"
        self.hooks = {one.uid: one for one in (
            Hook(PERSONAL_HOOK, here, TRIGGERS, secret),
            Hook(9002, here, ("MEETING_ENDED",), secret, "event-type"),
            Hook(9003, here, ("OOO_CREATED",), secret, "organization"),
        )}  # fmt: skip
        self.calendar_complaint = ""
        self.owing = self.told = 0  # deliveries so far, and those that were answered or not: each is sent once
        self._outbox: list[Sending] = []
        self.bookings = [
            Booking(number, f"bk_{number}", now + timedelta(hours=number), made, made)
            for number in range(1, BOOKED_BEFORE + 1)
            for made in (began - timedelta(hours=3 * (BOOKED_BEFORE - number) + 2),)
        ]

    def book(self, now: datetime) -> Booking:
        """Somebody books a call: the webhooks that are active then are told, once, however they answer."""
        number = len(self.bookings) + 1
        uid = token(f"booking {number} {now.isoformat()}", 22)
        made = Booking(number, uid, now + timedelta(days=2), now, now)
        self.bookings.append(made)
        self._tell(TRIGGERS[0], made)
        return made

    def cancel(self, uid: str, now: datetime) -> None:
        """Whoever booked calls off."""
        (one,) = (each for each in self.bookings if each.uid == uid)
        one.status, one.updated = "cancelled", now
        self._tell(TRIGGERS[2], one)

    def _tell(self, trigger: str, one: Booking) -> None:
        for hook in self.hooks.values():
            if hook.active and trigger in hook.triggers:
                body = hook.template.encode() if hook.template else delivered(trigger, one)
                headers = {"user-agent": CAL_AGENT, "x-cal-signature-256": sign_cal(hook.secret, body)}
                self._outbox.append(Sending(hook.url, body, headers, self._heard))
                self.owing += 1

    def owed(self, now: datetime) -> list[Sending]:
        """What is to be sent, given once."""
        found, self._outbox = self._outbox, []
        return found

    def _heard(self, status: int | None, now: datetime) -> None:
        self.told += 1


def delivered(trigger: str, one: Booking) -> bytes:
    """What a webhook is sent of a booking (calcom/cal.com, sendPayload.ts)."""
    mail = f"customer{one.number}@example.test"
    payload = {
        "type": "call", "title": f"Call with Customer {one.number}", "startTime": iso(one.start), "endTime": iso(one.end),
        "uid": one.uid, "bookingId": one.number, "status": one.status.upper(), "eventTypeId": EVENT_TYPE,
        "attendees": [{"name": f"Customer {one.number}", "email": mail, "timeZone": "Europe/Berlin"}],
    }  # fmt: skip
    return json.dumps({"triggerEvent": trigger, "createdAt": iso(one.updated), "payload": payload}).encode()
