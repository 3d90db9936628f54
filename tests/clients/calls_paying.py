"""The calls of the system that takes the money."""

from __future__ import annotations

from calls import MS, SECRET, Call
from runbook.clients.stripe_rows import Account, Endpoint, Event, Events, Payment, Payments

AT, SECONDS = "2026-01-05T03:00:00.000Z", MS // 1000
ENDPOINT = {
    "id": "we_1", "object": "webhook_endpoint", "api_version": None, "application": None, "created": SECONDS,
    "description": None, "enabled_events": ["payment_intent.succeeded", "charge.dispute.created"], "livemode": True,
    "metadata": {}, "secret": SECRET, "status": "disabled", "url": "https://portal.agency.test/api/webhooks/stripe",
}  # fmt: skip
READ_ENDPOINT = Endpoint(
    "we_1", "https://portal.agency.test/api/webhooks/stripe", False, ("payment_intent.succeeded", "charge.dispute.created"),
    "", AT,
)  # fmt: skip
EVENT = {
    "id": "evt_1", "object": "event", "api_version": "2023-08-16", "created": SECONDS, "livemode": True, "pending_webhooks": 1,
    "data": {"object": {"id": "pi_1", "object": "payment_intent", "receipt_email": SECRET, "amount": 4900}},
    "request": {"id": None, "idempotency_key": None}, "type": "payment_intent.succeeded",
}  # fmt: skip
READ_EVENT = Event("evt_1", "payment_intent.succeeded", AT, 1, "pi_1", "2023-08-16", "")


def page(*rows: object, has_more: bool = False) -> dict[str, object]:
    return {"object": "list", "data": list(rows), "has_more": has_more, "url": "/v1/events"}


CALLS = {
    "stripe.account": Call(
        "stripe", lambda s: s.stripe.account(), "GET /v1/account",
        {"id": "acct_test", "object": "account", "charges_enabled": True, "email": SECRET}, Account("acct_test", True),
    ),
    "stripe.endpoints": Call(
        "stripe", lambda s: s.stripe.endpoints(), "GET /v1/webhook_endpoints", page(ENDPOINT), [READ_ENDPOINT], {"limit": "100"},
    ),
    "stripe.endpoint": Call(
        "stripe", lambda s: s.stripe.endpoint("we_1"), "GET /v1/webhook_endpoints/we_1", ENDPOINT, READ_ENDPOINT,
    ),
    "stripe.set_enabled": Call(
        "stripe", lambda s: s.stripe.set_enabled("we_1", False, key="key-1"), "POST /v1/webhook_endpoints/we_1", ENDPOINT,
        READ_ENDPOINT, is_change=True, is_keyed=True, body={"disabled": "true"},
    ),
    "stripe.events": Call(
        "stripe",
        lambda s: s.stripe.events(types=["payment_intent.succeeded"], since=SECONDS - 60, until=SECONDS + 60, delivered=False),
        "GET /v1/events", page(EVENT | {"id": "evt_2"}, EVENT),
        Events((READ_EVENT, Event("evt_2", "payment_intent.succeeded", AT, 1, "pi_1", "2023-08-16", "")), True),
        {"types[]": "payment_intent.succeeded", "created[gte]": str(SECONDS - 60), "created[lt]": str(SECONDS + 60),
         "delivery_success": "false", "limit": "100"},
    ),
    "stripe.event": Call("stripe", lambda s: s.stripe.event("evt_1"), "GET /v1/events/evt_1", EVENT, READ_EVENT),
    "stripe.payments": Call(
        "stripe", lambda s: s.stripe.payments(since=SECONDS - 60, until=SECONDS + 60), "GET /v1/payment_intents",
        page({"id": "pi_1", "object": "payment_intent", "amount": 4900, "currency": "eur", "created": SECONDS, "livemode": True,
              "status": "succeeded", "customer": "cus_1", "receipt_email": SECRET, "client_secret": SECRET}),
        Payments((Payment("pi_1", "succeeded", 4900, "eur", AT, "cus_1"),), True),
        {"created[gte]": str(SECONDS - 60), "created[lt]": str(SECONDS + 60), "limit": "100"},
    ),
    "stripe.resend": Call(
        "stripe", lambda s: s.stripe.resend("evt_1", "we_1", key="key-1"), "POST /v1/events/evt_1/retry", EVENT, READ_EVENT,
        is_change=True, is_keyed=True, body={"webhook_endpoint": "we_1"},
    ),
}  # fmt: skip
