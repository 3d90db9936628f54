"""Stripe's API: what it refuses, what it changes once, and whose data a key sees."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

ENDPOINT, TEST_ENDPOINT = "we_1AgencyPortal0000000000", "we_1AgencyPreview000000000"


def stripe(world: Any, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> Any:
    ours = {"Authorization": f"Bearer {world.secret('STRIPE_SECRET_KEY')}", "Stripe-Version": "2023-08-16",
            "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = urlencode(form).encode() if form is not None else None
    return world.ask("stripe", method, f"/v1{path}", body, headers={**ours, **named})


@pytest.mark.parametrize(
    ("method", "path", "form", "status", "code", "param"),
    [
        ("GET", "/webhook_endpoints?colour=red", None, 400, "parameter_unknown", "colour"),
        ("GET", "/events?created[at]=1", None, 400, "parameter_unknown", "created[at]"),
        ("GET", "/events?limit=0", None, 400, "parameter_invalid_integer", "limit"),
        ("GET", "/events?limit=ten", None, 400, "parameter_invalid_integer", "limit"),
        ("GET", "/events?delivery_success=no", None, 400, "parameter_invalid_boolean", "delivery_success"),
        ("GET", "/events?starting_after=evt_none", None, 400, "resource_missing", "starting_after"),
        ("GET", "/events/evt_none", None, 404, "resource_missing", "id"),
        ("POST", f"/webhook_endpoints/{ENDPOINT}", {"status": "enabled"}, 400, "parameter_unknown", "status"),
        ("POST", f"/webhook_endpoints/{ENDPOINT}", {"url": "portal"}, 400, "url_invalid", "url"),
        ("POST", "/events/evt_1/retry", {"webhook_endpoint": "we_none"}, 404, "resource_missing", "webhook_endpoint"),
    ],
)
def test_stripe_refuses_what_it_refuses(
    world: Any, method: str, path: str, form: Any, status: int, code: str, param: str
) -> None:
    before = len(world.changes())
    answer = stripe(world, method, path, form)
    error = answer.body["error"]
    assert (answer.status, error["type"], error["code"], error["param"]) == (
        status,
        "invalid_request_error",
        code,
        param,
    )
    assert answer.headers["request-id"] and world.changes(before) == []


def test_a_path_that_v1_knew_and_stripe_never_had_is_not_there(world: Any) -> None:
    assert stripe(world, "POST", "/events/evt_1/replay", {}).status == 404


def test_the_key_comes_as_bearer_or_as_the_user_of_basic_and_in_no_other_form(world: Any) -> None:
    key = world.secret("STRIPE_SECRET_KEY")
    forms = {f"Bearer {key}": 200, f"Basic {_basic(f'{key}:')}": 200, f"Basic {_basic(f'sk_test_x:{key}')}": 401, key: 401,
             "Bearer rk_live_other": 401, "Basic %": 401, "": 401}  # fmt: skip
    assert {form: stripe(world, "GET", "/account", Authorization=form).status for form in forms} == forms
    assert stripe(world, "GET", "/account", Stripe_Version="newest").status == 400


def test_a_key_of_test_mode_sees_another_world_that_looks_well(world: Any) -> None:
    test = {"Authorization": f"Bearer {world.secret('STRIPE_TEST_KEY')}"}
    assert stripe(world, "GET", "/account", **test).body["id"] == stripe(world, "GET", "/account").body["id"]
    (seen,) = stripe(world, "GET", "/webhook_endpoints", **test).body["data"]
    assert (seen["id"], seen["livemode"]) == (TEST_ENDPOINT, False)
    assert stripe(world, "GET", "/events", **test).body["data"] == []
    for key, uid in ((test, ENDPOINT), ({}, TEST_ENDPOINT)):
        answer = stripe(world, "GET", f"/webhook_endpoints/{uid}", **key)
        assert answer.status == 404 and "a similar object exists in" in answer.body["error"]["message"]


def test_an_endpoint_is_disabled_once_and_its_secret_is_never_told(world: Any) -> None:
    before = len(world.changes())
    for _ in range(2):
        answer = stripe(world, "POST", f"/webhook_endpoints/{ENDPOINT}", {"disabled": "true"})
        assert answer.body["status"] == "disabled" and "secret" not in answer.body
    assert [row["objects"] for row in world.changes(before)] == [[ENDPOINT]]


def test_a_change_with_the_same_key_is_made_once_and_answered_as_before(world: Any) -> None:
    def change(disabled: str) -> Any:
        return stripe(world, "POST", f"/webhook_endpoints/{ENDPOINT}", {"disabled": disabled}, Idempotency_Key="k1")

    first = change("true")
    assert stripe(world, "POST", f"/webhook_endpoints/{ENDPOINT}", {"disabled": "false"}).body["status"] == "enabled"
    assert change("true").body == first.body
    assert stripe(world, "GET", f"/webhook_endpoints/{ENDPOINT}").body["status"] == "enabled"
    other = change("false")
    assert (other.status, other.body["error"]["type"]) == (400, "idempotency_error")


def test_events_come_newest_first_by_time_type_and_page(world: Any) -> None:
    first = stripe(world, "GET", "/events?limit=3").body
    assert [one["id"] for one in first["data"]] == ["evt_40", "evt_39", "evt_38"] and first["has_more"]
    assert [one["id"] for one in stripe(world, "GET", "/events?limit=2&starting_after=evt_3").body["data"]] == [
        "evt_2",
        "evt_1",
    ]
    assert [one["id"] for one in stripe(world, "GET", "/events?limit=2&ending_before=evt_38").body["data"]] == [
        "evt_40",
        "evt_39",
    ]
    made = first["data"][1]["created"]
    assert [one["id"] for one in stripe(world, "GET", f"/events?created[gt]={made}").body["data"]] == ["evt_40"]
    assert len(stripe(world, "GET", "/events?types[]=charge.dispute.created&limit=100").body["data"]) == 0
    assert len(stripe(world, "GET", "/events?type=payment_intent.*&limit=100").body["data"]) == 40
    assert stripe(world, "GET", "/events?delivery_success=false").body["data"] == []


def test_payments_are_listed_like_events(world: Any) -> None:
    found = stripe(world, "GET", "/payment_intents?limit=2").body
    assert [one["id"] for one in found["data"]] == ["pi_40", "pi_39"] and found["has_more"]
    made = found["data"][0]["created"]
    assert [one["id"] for one in stripe(world, "GET", f"/payment_intents?created={made}").body["data"]] == ["pi_40"]
    assert len(stripe(world, "GET", "/payment_intents?customer=cus_7").body["data"]) == 1


def test_who_asks_too_often_is_told_which_quota_it_was(world: Any) -> None:
    answers = [stripe(world, "GET", "/account") for _ in range(60)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused and refused[0].headers["stripe-rate-limited-reason"] == "endpoint-rate"
    assert "stripe-rate-limited-reason" not in answers[0].headers


def _basic(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
