"""Stripe: the right mode or nothing, pages to their end, an event to one endpoint and to no other."""

from __future__ import annotations

from typing import Any

import pytest
from calls_paying import ENDPOINT, EVENT, page
from runbook.errors import Fault, SystemFault
from runbook.testing import SECRETS, Asked, Says, World


@pytest.mark.parametrize(
    "key", ["sk_test_abc", "rk_test_abc", "pk_live_abc", "whsec_abc", "sk_live_", "rk_live_a b", "zzz"]
)
def test_a_key_of_the_other_mode_or_of_another_kind_is_refused_before_anything_is_asked(key: str) -> None:
    world = World(secrets={**SECRETS, "STRIPE_SECRET_KEY": key})
    with pytest.raises(SystemFault) as raised:
        world.systems.stripe.endpoints()
    assert raised.value.fault is Fault.AUTH and key not in str(raised.value)
    assert world.vendors["stripe"].asked == []


@pytest.mark.parametrize("route", ["GET /v1/webhook_endpoints", "GET /v1/events", "GET /v1/events/evt_1"])
def test_an_answer_of_the_other_mode_is_of_another_target(route: str) -> None:
    answers = {
        "GET /v1/webhook_endpoints": page(ENDPOINT | {"livemode": False}),
        "GET /v1/events": page(EVENT | {"livemode": False}),
        "GET /v1/events/evt_1": EVENT | {"livemode": False},
    }
    stripe = World(vendors={"stripe": {route: answers[route]}}).systems.stripe
    ask: Any = {"GET /v1/webhook_endpoints": stripe.endpoints, "GET /v1/events": stripe.events}
    with pytest.raises(SystemFault) as raised:
        ask.get(route, lambda: stripe.payload("evt_1"))()
    assert raised.value.fault is Fault.WRONG_TARGET


def test_a_list_is_read_to_its_end_and_comes_oldest_first() -> None:
    rows = [EVENT | {"id": f"evt_{number}"} for number in range(250, 0, -1)]

    def answer(asked: Asked) -> Any:
        ids = [row["id"] for row in rows]
        start = ids.index(asked.query["starting_after"]) + 1 if "starting_after" in asked.query else 0
        size = int(asked.query["limit"])
        return page(*rows[start : start + size], has_more=start + size < len(rows))

    world = World(vendors={"stripe": {"GET /v1/events": answer}})
    found = world.systems.stripe.events()
    assert ([one.event_id for one in found.rows], found.is_whole) == (
        [f"evt_{number}" for number in range(1, 251)],
        True,
    )
    newest = world.systems.stripe.events(most=120)
    assert (len(newest.rows), newest.rows[0].event_id, newest.is_whole) == (120, "evt_131", False)


@pytest.mark.parametrize("answer", [page(has_more=True), {"object": "list", "data": []}, page() | {"has_more": "no"}])
def test_a_list_that_does_not_say_whether_it_ends_is_unreadable(answer: Any) -> None:
    with pytest.raises(SystemFault) as raised:
        World(vendors={"stripe": {"GET /v1/events": answer}}).systems.stripe.events()
    assert raised.value.fault is Fault.UNREADABLE


def test_no_events_is_an_answer() -> None:
    assert World(vendors={"stripe": {"GET /v1/events": page()}}).systems.stripe.events().rows == ()


def test_what_the_vendor_would_misunderstand_is_not_sent() -> None:
    world = World()
    for question in (
        lambda: world.systems.stripe.resend("evt_1", "", key="key-1"),
        lambda: world.systems.stripe.resend("evt_1", "we_1", key=""),
        lambda: world.systems.stripe.set_enabled("we_1", True, key="k" * 256),
        lambda: world.systems.stripe.set_enabled("..", True, key="key-1"),
        lambda: world.systems.stripe.events(types=[f"type.{number}" for number in range(21)]),
    ):
        with pytest.raises(SystemFault) as raised:
            question()
        assert raised.value.fault is Fault.REJECTED
    assert world.vendors["stripe"].asked == []


def test_a_refusal_carries_the_request_id_and_which_quota_it_was() -> None:
    said = Says(429, {"error": {"type": "invalid_request_error", "message": "Request rate limit exceeded."}},
                {"request-id": "req_1", "stripe-rate-limited-reason": "endpoint-rate"})  # fmt: skip
    with pytest.raises(SystemFault) as raised:
        World(vendors={"stripe": {"GET /v1/account": said}}).systems.stripe.account()
    assert raised.value.request_id == "req_1" and "endpoint-rate" in raised.value.what
