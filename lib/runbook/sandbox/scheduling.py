"""What Cal.com holds of the company: its webhooks and its bookings. Part of the world's state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from runbook.sandbox.seeds import DOMAINS, token

USER, ORGANIZATION, EVENT_TYPE = 4711, 77, 101
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
    """One user in one organization. ``calendar_complaint``: what is wrong with the calendar's credential; empty when it works."""

    def __init__(self, now: datetime, secret: str) -> None:
        here = f"https://{DOMAINS[2]}/api/webhooks/cal"
        self.hooks = {one.uid: one for one in (
            Hook(9001, here, TRIGGERS, secret),
            Hook(9002, here, ("MEETING_ENDED",), secret, "event-type"),
            Hook(9003, here, ("OOO_CREATED",), secret, "organization"),
        )}  # fmt: skip
        self.calendar_complaint = ""
        self.bookings = [
            Booking(number, f"bk_{number}", now + timedelta(hours=number), made, made)
            for number in range(1, BOOKED_BEFORE + 1)
            for made in (now - timedelta(hours=3 * (BOOKED_BEFORE - number) + 2),)
        ]

    def book(self, now: datetime) -> Booking:
        """Somebody books a call."""
        number = len(self.bookings) + 1
        uid = token(f"booking {number} {now.isoformat()}", 22)
        self.bookings.append(Booking(number, uid, now + timedelta(days=2), now, now))
        return self.bookings[-1]
