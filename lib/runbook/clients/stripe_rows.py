"""What is read of Stripe's answers: endpoints without their secret, events and payments without the people in them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from runbook.clients.shapes import inner, line, moment, needed, text, whole
from runbook.model import Json

ENDPOINT_IDS, EVENT_IDS = "we_", "evt_"  # how the ids of webhook endpoints and of events begin


@dataclass(frozen=True, slots=True)
class Account:
    """One account. ``can_charge`` false: Stripe itself has stopped its payments."""

    account_id: str
    can_charge: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One webhook endpoint, without its signing secret. ``types`` may be ``*``; no version: the account's own."""

    endpoint_id: str
    url: str
    is_enabled: bool
    types: tuple[str, ...]
    api_version: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Event:
    """One event, without what it is about but its id. ``pending``: endpoints that have not yet answered well."""

    event_id: str
    kind: str
    created_at: str
    pending: int
    object_id: str
    api_version: str
    account: str  # of a connected account, else empty


@dataclass(frozen=True, slots=True)
class Events:
    """Events, oldest first. Not whole: there are older ones that were not asked for."""

    rows: tuple[Event, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment, without who paid but an id. ``cents``: the smallest unit of its currency."""

    payment_id: str
    status: str
    cents: int
    currency: str
    created_at: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class Payments:
    """Payments, oldest first. Not whole: there are older ones that were not asked for."""

    rows: tuple[Payment, ...]
    is_whole: bool


def read_endpoint(row: dict[str, Json]) -> Endpoint:
    """One webhook endpoint."""
    status, types = needed(row, "status"), row["enabled_events"]
    if status not in ("enabled", "disabled") or not isinstance(types, list):
        raise TypeError("status")
    return Endpoint(
        needed(row, "id"), needed(row, "url"), status == "enabled", tuple(line(str(one)) for one in types),
        text(row, "api_version"), moment(whole(row, "created")),
    )  # fmt: skip


def read_event(row: dict[str, Json]) -> Event:
    """One event."""
    if (pending := whole(row, "pending_webhooks")) is None:
        raise KeyError("pending_webhooks")
    about = inner(inner(row, "data"), "object")
    return Event(
        needed(row, "id"), needed(row, "type"), moment(whole(row, "created")), pending, text(about, "id"),
        text(row, "api_version"), text(row, "account"),
    )  # fmt: skip


def read_payment(row: dict[str, Json]) -> Payment:
    """One payment."""
    if (cents := whole(row, "amount")) is None:
        raise KeyError("amount")
    return Payment(
        needed(row, "id"), needed(row, "status"), cents, needed(row, "currency"), moment(whole(row, "created")),
        text(row, "customer"),
    )  # fmt: skip
