"""Webhooks against a Stripe and a handler that say little, or something else: what cannot be told is unknown, never green."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from runbook.checks import webhooks
from runbook.checks.frame import Check
from runbook.checks.missed import money
from runbook.errors import Fault
from runbook.model import Status
from runbook.profile import Profile
from runbook.testing import PROFILE, SECRETS, Asked, Says, World

NOW = 1_767_582_000  # the fake clock's now, in seconds
PAID = "payment_intent.succeeded"
HANDLER = "POST /api/webhooks/stripe"
EVERY = [one for one in vars(webhooks).values() if isinstance(one, Check)]
assert PROFILE.database is not None
TABLES = replace(
    PROFILE,
    database=replace(PROFILE.database, events_table="public.processed_events", given_table="public.entitlements"),
)


def endpoint(**changes: Any) -> dict[str, Any]:
    return {"id": "we_1", "object": "webhook_endpoint", "url": "https://agency.test/api/webhooks/stripe", "status": "enabled",
            "enabled_events": [PAID], "api_version": None, "created": NOW - 90_000, "livemode": True} | changes  # fmt: skip


def event(number: int, age: float, kind: str = PAID) -> dict[str, Any]:
    return {"id": f"evt_{number}", "object": "event", "type": kind, "created": NOW - int(age), "livemode": True,
            "pending_webhooks": 1, "data": {"object": {"id": f"pi_{number}"}}}  # fmt: skip


def payment(number: int, age: float, **changes: Any) -> dict[str, Any]:
    return {"id": f"pi_{number}", "object": "payment_intent", "status": "succeeded", "amount": 4900, "amount_received": 4900,
            "currency": "eur", "created": NOW - int(age), "livemode": True, "customer": f"cus_{number}"} | changes  # fmt: skip


def listed(rows: list[dict[str, Any]], has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": rows, "has_more": has_more}


def stripe(profile: Profile = TABLES, database: Any = None, **routes: Any) -> World:
    paths = {"endpoints": "webhook_endpoints", "events": "events", "payments": "payment_intents"}
    given = {f"GET /v1/{paths[name]}": listed(rows) for name, rows in routes.items()}
    return World(vendors={"stripe": given}, database=database or {}, profile=profile)


def handler(unsigned: Any, signed: Any) -> World:
    """A handler that answers this to what has no signature, and that to what has one."""

    def answer(asked: Asked) -> Any:
        return signed if "stripe-signature" in {name.lower() for name in asked.headers} else unsigned

    secrets = SECRETS | {"STRIPE_WEBHOOK_SECRET": "whsec_test"}
    return World(vendors={"site": {HANDLER: answer}}, secrets=secrets, profile=TABLES)


@pytest.mark.parametrize("check", EVERY, ids=str)
def test_what_is_not_used_is_ok_and_says_so(check: Check) -> None:
    finding = World(profile=Profile("small")).check(check)
    assert finding.status is Status.OK and "environment small" in finding.summary


@pytest.mark.parametrize(
    ("rows", "status", "says"),
    [
        ([endpoint()], Status.OK, "we_1 is enabled"),
        ([endpoint(enabled_events=["*"])], Status.OK, "we_1 is enabled"),
        ([], Status.CRITICAL, "none of Stripe's 0 endpoints"),
        ([endpoint(url="https://elsewhere.test/api/webhooks/stripe")], Status.CRITICAL, "none of Stripe's 1"),
        ([endpoint(url="https://agency.test/hooks")], Status.CRITICAL, "none of Stripe's 1"),
        ([endpoint(status="disabled")], Status.CRITICAL, "we_1 is disabled"),
        ([endpoint(enabled_events=["charge.refunded"])], Status.CRITICAL, f"no endpoint of ours gets {PAID}"),
        ([endpoint(), endpoint(id="we_2", status="disabled")], Status.CRITICAL, "we_2 is disabled"),
        ([endpoint(livemode=False)], Status.UNKNOWN, "mode"),
    ],
)
def test_an_endpoint_is_ours_enabled_and_gets_what_we_act_on(rows: Any, status: Status, says: str) -> None:
    finding = stripe(endpoints=rows).check(webhooks.endpoints)
    assert finding.status is status and says in finding.summary


def test_the_oldest_of_what_waits_says_when_stripe_gives_it_up() -> None:
    finding = stripe(events=[event(2, 60), event(1, 50 * 3600)]).check(webhooks.undelivered)
    assert (finding.status, finding.facts["count"], finding.facts["hours_left"]) == (Status.WARNING, 2, 22.0)
    assert stripe(events=[event(1, 5)]).check(webhooks.undelivered).status is Status.OK  # still on its way


def test_what_the_application_has_not_noted_is_missed_whatever_stripe_thinks() -> None:
    handled = {"handled_events": [{"event_id": "evt_1"}]}
    finding = stripe(events=[event(2, 60), event(1, 120)], database=handled).check(webhooks.unhandled)
    assert (finding.status, finding.facts["count"], finding.facts["newest_is_missed"]) == (Status.CRITICAL, 1, True)
    older = {"handled_events": [{"event_id": "evt_2"}]}
    assert stripe(events=[event(2, 60), event(1, 120)], database=older).check(webhooks.unhandled).facts == {
        "count": 1, "newest_is_missed": False,
    }  # fmt: skip
    young = stripe(events=[event(1, 5)], database={"handled_events": []}).check(webhooks.unhandled)
    assert young.status is Status.OK


def test_without_the_applications_tables_nobody_is_counted_and_nothing_is_green() -> None:
    world = stripe(PROFILE, events=[event(1, 60)], payments=[payment(1, 60)])
    for check, field in ((webhooks.unhandled, "events_table"), (webhooks.customers, "given_table")):
        finding = world.check(check)
        assert finding.status is Status.UNKNOWN and f"database.{field}" in finding.summary


def test_whoever_paid_and_got_nothing_is_counted_once_with_what_was_paid() -> None:
    paid = [
        payment(4, 60),
        payment(3, 61, customer="cus_4"),
        payment(2, 62, status="requires_payment_method"),
        payment(1, 63),
    ]
    given = {"given_payments": [{"payment_id": "pi_1", "times": 1}]}
    finding = stripe(payments=paid, database=given).check(webhooks.customers)
    assert (finding.status, finding.facts["customers_hurt"]) == (Status.CRITICAL, 1)
    assert "98.00 EUR" in finding.summary


def test_what_was_given_twice_is_said_before_what_was_not_given() -> None:
    given = {"given_payments": [{"payment_id": "pi_1", "times": 2}]}
    finding = stripe(payments=[payment(2, 60), payment(1, 61)], database=given).check(webhooks.customers)
    assert finding.status is Status.CRITICAL and "pi_1" in finding.summary and "more than once" in finding.summary


@pytest.mark.parametrize(
    ("cents", "currency", "shown"),
    [(490_000, "eur", "4,900.00 EUR"), (4900, "jpy", "4,900 JPY"), (0, "usd", "0.00 USD")],
)
def test_an_amount_is_in_the_smallest_unit_of_its_currency(cents: int, currency: str, shown: str) -> None:
    assert money(cents, currency) == shown


TAKEN = {"received": True}
CHALLENGE = Says(403, text="<h1>Checking", headers={"x-vercel-mitigated": "challenge"})


@pytest.mark.parametrize(
    ("unsigned", "signed", "status", "fact"),
    [
        (Says(400), TAKEN, Status.OK, ""),
        (TAKEN, TAKEN, Status.CRITICAL, "forgeable"),
        (Says(400), Says(400), Status.CRITICAL, "refuses_ours"),
        (Says(400), Says(401), Status.CRITICAL, "refuses_ours"),
        (Says(400), Says(500), Status.CRITICAL, "fails"),
        (Says(404), Says(404), Status.CRITICAL, "missing"),
        (CHALLENGE, CHALLENGE, Status.CRITICAL, "wall"),
        (Says(308, headers={"location": "/x/"}), Says(308, headers={"location": "/x/"}), Status.CRITICAL, "redirect"),
        (Says(400), Fault.TIMEOUT, Status.CRITICAL, "slow"),
        (Fault.TIMEOUT, Fault.TIMEOUT, Status.CRITICAL, ""),
        (Fault.DOWN, Fault.DOWN, Status.UNKNOWN, "none"),
    ],
)
def test_our_handler_refuses_what_is_not_signed_and_takes_what_is(
    unsigned: Any, signed: Any, status: Status, fact: str
) -> None:
    finding = handler(unsigned, signed).check(webhooks.endpoint_answers)
    assert finding.status is status, finding.summary
    if status is not Status.UNKNOWN:
        names = ("forgeable", "redirect", "wall", "refuses_ours", "missing", "fails", "slow")
        assert [name for name in names if finding.facts[name]] == ([fact] if fact else [])
