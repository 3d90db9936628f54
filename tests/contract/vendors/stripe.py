"""Stripe's API: its document is of version 2023-08-16, which is the one we ask for."""

import time

from runbook.clients.stripe import Stripe
from runbook.sandbox.twins import stripe as twins
from vendor_contract.recording import Contract

ENDPOINT = "/v1/webhook_endpoints/we_1AgencyPortal0000000000"
FORM = "application/x-www-form-urlencoded"


def play(stripe, sandbox):
    now = int(time.time())
    stripe.account()
    (endpoint,) = stripe.endpoints()
    stripe.endpoint(endpoint.endpoint_id)
    assert not stripe.set_enabled(endpoint.endpoint_id, enabled=False, key="contract-1").is_enabled
    assert stripe.set_enabled(endpoint.endpoint_id, enabled=True, key="contract-2").is_enabled
    found = stripe.events(types=["payment_intent.succeeded"], since=now - 86_400, until=now, delivered=True, most=3)
    event = found.rows[0].event_id
    stripe.event(event)
    assert stripe.payments(since=now - 86_400, until=now, most=3).rows
    stripe.payload(event)
    stripe.resend(event, endpoint.endpoint_id, key="contract-3")
    for path in (
        "/v1/events?colour=red",
        "/v1/events?type=a&types[]=b",
        "/v1/events?limit=101",
        "/v1/events?created[at]=1",
    ):
        assert stripe.door.text(path)[0] == 400
    for path in (
        "/v1/events/evt_none",
        "/v1/webhook_endpoints/we_none",
        "/v1/webhook_endpoints/we_1AgencyPreview000000000",
    ):
        assert stripe.door.text(path)[0] == 404
    assert sandbox.send("POST", ENDPOINT, b"description=Portal&metadata[team]=web", FORM) == 200
    assert sandbox.send("POST", ENDPOINT, b"enabled_events[]=payment_intent.succeeded", FORM) == 200
    assert sandbox.send("POST", ENDPOINT, b"disabled=perhaps", FORM) == 400


CONTRACTS = [
    Contract("stripe", ("stripe.openapi.json",), Stripe, (twins.VENDOR,), lambda systems: systems.stripe, play)
]
