"""What Stripe holds of the company: its webhook endpoints, and the events that it owes them. Part of the world's state.

An event is owed to the endpoints that were enabled for its type when it was made. One that was disabled then is owed nothing, and
one that is disabled when a try is due gets no further ones (docs.stripe.com/webhooks; stripe.com/docs/workbench/webhooks).
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from runbook.clients.signatures import sign_stripe
from runbook.sandbox.deliveries import STRIPE_AGENT, Sending
from runbook.sandbox.seeds import DOMAINS, token

Json = Any
ACCOUNT = "acct_1AgencySandbox000"
ENDPOINT, TEST_ENDPOINT = "we_1AgencyPortal0000000000", "we_1AgencyPreview000000000"
API_VERSION = "2023-08-16"
TYPES = ("payment_intent.succeeded", "payment_intent.payment_failed", "charge.dispute.created")
PAID_BEFORE, EURO_CENTS = 40, 4900  # payments before the world began; the application has them in its tables
# Stripe tries for three days, longer and longer apart, and disables what has failed for some nine (its mails to customers; the
# rule is not published). Here an hour is a second.
TRY_FOR, DISABLE_AFTER = timedelta(seconds=72), timedelta(seconds=216)
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 12.0


@dataclass(slots=True)
class Endpoint:
    """One webhook endpoint. ``failing_since``: nothing was delivered to it since then."""

    uid: str
    url: str
    created: datetime
    secret: str = field(repr=False)
    livemode: bool = True
    enabled: bool = True
    types: tuple[str, ...] = TYPES
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    failing_since: datetime | None = None

    def wants(self, kind: str) -> bool:
        """Whether an event of this type is for it."""
        return kind in self.types or "*" in self.types


@dataclass(slots=True)
class Delivery:
    """What one endpoint is owed of one event. ``due`` is None when it has it, or gets no further try."""

    endpoint: str
    due: datetime | None
    done: bool = False
    tries: int = 0
    status: int | None = None  # of the last answer


@dataclass(slots=True)
class Event:
    """One event and who is owed it."""

    uid: str
    kind: str
    created: datetime
    about: dict[str, Json]
    deliveries: list[Delivery] = field(default_factory=list)
    livemode: bool = True

    @property
    def pending(self) -> int:
        """How many endpoints have not answered it well."""
        return sum(not one.done for one in self.deliveries)


class StripeState:
    """One account. Events are kept oldest first."""

    def __init__(self, now: datetime, secret: str) -> None:
        old = now - timedelta(days=300)
        portal = f"https://{DOMAINS[2]}/api/webhooks/stripe"
        preview = f"https://preview.{DOMAINS[0]}/api/webhooks/stripe"
        self.endpoints = {one.uid: one for one in (
            Endpoint(ENDPOINT, portal, old, secret),
            Endpoint(TEST_ENDPOINT, preview, old, f"whsec_{token(secret)}", livemode=False),
        )}  # fmt: skip
        self.events: list[Event] = []
        self.answers: dict[str, tuple[Json, Json]] = {}  # by idempotency key: what was asked, what was answered
        for number in range(1, PAID_BEFORE + 1):
            paid = now - timedelta(hours=3 * (PAID_BEFORE - number) + 1)
            delivered = [Delivery(ENDPOINT, None, done=True, tries=1)]
            self.events.append(Event(f"evt_{number}", TYPES[0], paid, payment(number, paid), delivered))

    def make(self, kind: str, about: dict[str, Json], now: datetime) -> Event:
        """Something happened: every endpoint that is enabled for it is owed it at once."""
        uid = "evt_" + token(f"event {len(self.events)} {now.isoformat()}", 24)
        owed = [Delivery(one.uid, now) for one in self.endpoints.values()
                if one.livemode and one.enabled and one.wants(kind)]  # fmt: skip
        event = Event(uid, kind, now, about, owed)
        self.events.append(event)
        return event

    def refusals(self) -> list[int | None]:
        """What endpoints answered last to what they are still owed; None: nothing at all."""
        found = {delivery.status for event in self.events for delivery in event.deliveries if not delivery.done}
        return sorted(found, key=lambda status: status or 0)

    def owed(self, now: datetime) -> list[Sending]:
        """The tries whose time has come, each given once; an endpoint that is disabled now gets no further ones."""
        found = []
        for event in self.events:
            for delivery in event.deliveries:
                if delivery.due is not None and delivery.due <= now:
                    delivery.due, endpoint = None, self.endpoints[delivery.endpoint]
                    if endpoint.enabled:
                        body = json.dumps(event_body(event)).encode()
                        signed = {"stripe-signature": sign_stripe(endpoint.secret, body, now.timestamp())}
                        found.append(Sending(endpoint.url, body, {"user-agent": STRIPE_AGENT, **signed},
                                             functools.partial(self.heard, event, delivery)))  # fmt: skip
        return found

    def heard(self, event: Event, delivery: Delivery, status: int | None, now: datetime) -> None:
        """How a try went: done, or due again, or given up; an endpoint that fails for long is disabled."""
        endpoint = self.endpoints[delivery.endpoint]
        delivery.tries, delivery.status = delivery.tries + 1, status
        if status is not None and 200 <= status < 300:
            delivery.done, delivery.due, endpoint.failing_since = True, None, None
            return
        endpoint.failing_since = endpoint.failing_since or now
        pause = min(FIRST_PAUSE * 2 ** (delivery.tries - 1), LONGEST_PAUSE)
        again = now + timedelta(seconds=pause)
        delivery.due = again if again <= event.created + TRY_FOR and not delivery.done else None
        if now - endpoint.failing_since > DISABLE_AFTER:
            endpoint.enabled = False


def event_body(one: Event) -> Json:
    """An event, as the API shows it and as endpoints get it."""
    return {
        "id": one.uid, "object": "event", "api_version": API_VERSION, "created": int(one.created.timestamp()),
        "data": {"object": one.about}, "livemode": one.livemode, "pending_webhooks": one.pending,
        "request": {"id": None, "idempotency_key": None}, "type": one.kind,
    }  # fmt: skip


def payment(number: int | str, at: datetime, cents: int = EURO_CENTS) -> dict[str, Json]:
    """A payment that succeeded. The person is made up, and there to be left unread."""
    return {
        "id": f"pi_{number}", "object": "payment_intent", "amount": cents, "amount_received": cents, "currency": "eur",
        "capture_method": "automatic", "confirmation_method": "automatic", "created": int(at.timestamp()),
        "customer": f"cus_{number}", "livemode": True, "metadata": {}, "payment_method_types": ["card"],
        "receipt_email": f"customer{number}@example.test", "status": "succeeded",
    }  # fmt: skip
