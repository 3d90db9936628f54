"""Stripe's API: whose key it is, the webhook endpoints, the events and how many endpoints still owe an answer to each.

There is no log of deliveries in the API, and no way to send everything again: an event is handed to our own handler, or sent
again to one endpoint, which has no document but is what the vendor's own command line calls (stripe/stripe-cli,
events_resend.go). Events of the time in which an endpoint was disabled are never sent to it (docs.stripe.com/workbench/webhooks).
A test key answers every question well, with other data: a key of the other mode is refused before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runbook.clients.http import HttpDoor
from runbook.clients.shapes import fields, items, needed, segment, shape, unreadable
from runbook.clients.stripe_rows import (
    Account,
    Endpoint,
    Event,
    Events,
    Payments,
    read_endpoint,
    read_event,
    read_payment,
)  # fmt: skip
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

API_VERSION = "2023-08-16"  # of the document that we are held to; without it the account's own version answers
KEY = re.compile(r"(sk|rk)_(live|test)_[A-Za-z0-9]+")
PAGE = 100  # the most a list gives at once
MOST_TYPES = 20
LONGEST_KEY = 255  # of an idempotency key (docs.stripe.com/api/idempotent_requests)


class Stripe:
    """One account, in one mode."""

    def __init__(
        self, url: str, key: str, mode: str, *, times: Times, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._mode = mode
        found = KEY.fullmatch(key)
        if found is None:
            raise _wrong_key("STRIPE_SECRET_KEY is no secret or restricted key (sk_… or rk_…)")
        if found[2] != mode:
            raise _wrong_key(f"STRIPE_SECRET_KEY is a {found[2]} key, this environment is {mode}")
        headers = {"Authorization": f"Bearer {key}", "Stripe-Version": API_VERSION}
        self.door = HttpDoor(url, system="stripe", times=times, headers=headers, transport=transport)

    def account(self) -> Account:
        """Whose key ours is. It says nothing of the mode."""
        data = self.door.read("/v1/account").data
        fields(data, "stripe", "account")
        with shape("stripe", "account"):
            return Account(needed(data, "id"), data.get("charges_enabled") is True)

    def endpoints(self) -> list[Endpoint]:
        """The webhook endpoints of our mode, those that are disabled too; those made as event destinations are not here."""
        rows, _ = self._list("/v1/webhook_endpoints", {}, "endpoints", most=1000)
        with shape("stripe", "endpoints"):
            return [read_endpoint(self._ours(row)) for row in rows]

    def endpoint(self, endpoint_id: str) -> Endpoint:
        """One webhook endpoint."""
        data = self.door.read(f"/v1/webhook_endpoints/{segment('stripe', endpoint_id)}").data
        fields(data, "stripe", "endpoint")
        with shape("stripe", "endpoint"):
            return read_endpoint(self._ours(data))

    def set_enabled(self, endpoint_id: str, enabled: bool, *, key: str) -> Endpoint:
        """Enable or disable an endpoint. What was made while it was disabled is not sent to it: hand that over afterwards.

        ``key``: what Stripe answered to it first, a 500 too, it answers for a day, whatever became of the endpoint since.
        """
        form = {"disabled": "false" if enabled else "true"}
        data = self._change(f"/v1/webhook_endpoints/{segment('stripe', endpoint_id)}", form, key)
        fields(data, "stripe", "endpoint")
        with shape("stripe", "endpoint"):
            return read_endpoint(self._ours(data))

    def events(
        self, *, types: Sequence[str] = (), since: int | None = None, until: int | None = None,
        delivered: bool | None = None, most: int = 10_000,
    ) -> Events:  # fmt: skip
        """The events made between two moments (epoch seconds), of at most the last 30 days.

        ``delivered`` false: those that at least one endpoint, of all, has not answered well; it cannot be asked for one
        endpoint. What was made while the endpoint was disabled was owed to nobody and is not among them.
        """
        if len(types) > MOST_TYPES:
            raise SystemFault(f"at most {MOST_TYPES} types at once", system="stripe", fault=Fault.REJECTED)
        params: dict[str, Any] = {"types[]": list(types), **_between(since, until)}
        if delivered is not None:
            params["delivery_success"] = "true" if delivered else "false"
        rows, is_whole = self._list("/v1/events", params, "events", most=most)
        with shape("stripe", "events"):
            return Events(tuple(read_event(self._ours(row)) for row in reversed(rows)), is_whole)

    def event(self, event_id: str) -> Event:
        """One event as it stands now."""
        with shape("stripe", "event"):
            return read_event(self.payload(event_id))

    def payload(self, event_id: str) -> dict[str, Json]:
        """The whole event, as Stripe would send it: personal data, for our own handler and nobody else."""
        data = self.door.read(f"/v1/events/{segment('stripe', event_id)}").data
        fields(data, "stripe", "event", "id")
        with shape("stripe", "event"):
            return dict(self._ours(data))

    def resend(self, event_id: str, endpoint_id: str, *, key: str) -> Event:
        """Send one event again to one endpoint: a side effect, our handler runs. ``key``: with the same one it is sent once."""
        path = f"/v1/events/{segment('stripe', event_id)}/retry"
        if not endpoint_id:  # without one the vendor sends it to its own command line's listeners
            raise SystemFault("an event is sent again to one endpoint", system="stripe", fault=Fault.REJECTED)
        data = self._change(path, {"webhook_endpoint": endpoint_id}, key)
        fields(data, "stripe", "event")
        with shape("stripe", "event"):
            return read_event(self._ours(data))

    def payments(self, *, since: int | None = None, until: int | None = None, most: int = 10_000) -> Payments:
        """The payments begun between two moments (epoch seconds), whatever became of them.

        Listed and not searched: in an outage the search is up to an hour behind (Stripe's OpenAPI document says so of it).
        """
        rows, is_whole = self._list("/v1/payment_intents", _between(since, until), "payments", most=most)
        with shape("stripe", "payments"):
            return Payments(tuple(read_payment(self._ours(row)) for row in reversed(rows)), is_whole)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _list(
        self, path: str, params: Mapping[str, Any], what: str, *, most: int
    ) -> tuple[list[dict[str, Json]], bool]:
        """The rows of a list, newest first, page by page; and whether they are all."""
        rows: list[dict[str, Json]] = []
        more: dict[str, Any] = {}
        while True:
            limit = min(PAGE, most - len(rows))
            data, has_more = fields(
                self.door.read(path, {**params, "limit": limit, **more}).data, "stripe", what, "data", "has_more"
            )
            page = items(data, "stripe", what)
            if not isinstance(has_more, bool) or (has_more and not page):
                raise unreadable("stripe", f"{what}: the answer does not say whether there are more")
            rows += page
            if not has_more or len(rows) >= most:
                return rows, not has_more
            with shape("stripe", what):
                more = {"starting_after": needed(page[-1], "id")}

    def _change(self, path: str, form: Mapping[str, str], key: str) -> Json:
        if not 0 < len(key) <= LONGEST_KEY:
            raise SystemFault(f"an idempotency key has 1 to {LONGEST_KEY} characters", system="stripe",
                              fault=Fault.REJECTED)  # fmt: skip
        return self.door.write_keyed("POST", path, form=form, headers={"Idempotency-Key": key}).data

    def _ours(self, row: dict[str, Json]) -> dict[str, Json]:
        """A row of our mode. WRONG_TARGET for the other's: it would look healthy."""
        if not isinstance(live := row["livemode"], bool):
            raise TypeError("livemode")
        if (mode := "live" if live else "test") != self._mode:
            raise SystemFault(
                f"the answer is of {mode} mode, this environment is {self._mode}",
                system="stripe", fault=Fault.WRONG_TARGET, next_step="put this environment's key into STRIPE_SECRET_KEY",
            )  # fmt: skip
        return row


def _between(since: int | None, until: int | None) -> dict[str, int]:
    return {f"created[{name}]": at for name, at in (("gte", since), ("lt", until)) if at is not None}


def _wrong_key(what: str) -> SystemFault:
    return SystemFault(what, system="stripe", fault=Fault.AUTH, next_step="set the key of this environment's mode")
