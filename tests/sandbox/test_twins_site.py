"""The company's own site: real leads, real signatures, its own words when the database is away."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any

import pytest


def signed(secret: str, body: bytes, stamp: int) -> str:
    return f"t={stamp},v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"


def test_the_contact_form_makes_a_lead_in_the_real_database(world: Any) -> None:
    assert "<form" in world.ask("site", "GET", "/contact").body
    answer = world.ask(
        "site",
        "POST",
        "/contact",
        b"email=eva%40example.test&message=Hello",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status == 201
    with world.connect() as us:
        assert us.execute(
            "select email, message from public.leads where id = %s", (answer.body["lead"],)
        ).fetchone() == ("eva@example.test", "Hello")
    row = world.rows(system="site", path="/contact", change=True)[-1]
    assert row["objects"] == [f"lead_{answer.body['lead']}"]
    assert world.ask("site", "POST", "/contact", {"message": "no address"}).status == 422


def test_pages_answer_and_the_portal_has_its_own_address(world: Any) -> None:
    assert "Agency" in world.ask("site", "GET", "/").body
    assert "Sign in" in world.ask("portal", "GET", "/portal/login").body
    assert world.ask("portal", "GET", "/login").status == 200
    assert world.ask("site", "GET", "/portal/search?q=lead1").body["found"] > 0
    assert world.ask("site", "GET", "/nothing").status == 404


def test_a_stripe_event_counts_once_and_only_with_a_fresh_true_signature(world: Any) -> None:
    secret, now = world.secret("STRIPE_WEBHOOK_SECRET"), int(time.time())
    event = json.dumps({"id": f"evt_{time.time_ns()}", "type": "payment_intent.succeeded"}).encode()

    def post(signature: str, body: bytes = event) -> Any:
        return world.ask("site", "POST", "/api/webhooks/stripe", body, headers={"Stripe-Signature": signature})

    assert post(signed(secret, event, now)).body == {"received": True, "duplicate": False}
    assert post(signed(secret, event, now)).body == {"received": True, "duplicate": True}
    assert post(signed(secret, event, now - 600)).status == 400
    assert post(signed("whsec_wrong", event, now)).status == 400
    assert post(signed(secret, event, now), event + b" ").status == 400
    assert post("").status == 400
    assert post(f"{signed('whsec_old', event, now)},{signed(secret, event, now).split(',')[1]}").status == 200


def test_a_cal_event_needs_its_signature(world: Any) -> None:
    body = json.dumps(
        {"triggerEvent": "PING", "createdAt": "2026-01-05T03:00:00Z", "payload": {"n": time.time_ns()}}
    ).encode()
    good = hmac.new(world.secret("CALCOM_WEBHOOK_SECRET").encode(), body, hashlib.sha256).hexdigest()
    assert world.ask("site", "POST", "/api/webhooks/cal", body, headers={"X-Cal-Signature-256": good}).status == 200
    assert world.ask("site", "POST", "/api/webhooks/cal", body, headers={"X-Cal-Signature-256": "0" * 64}).status == 400


@pytest.mark.parametrize(("password", "status"), [("right", 200), ("wrong", 401)])
def test_the_auth_test_signs_the_test_user_in(world: Any, password: str, status: int) -> None:
    given = world.secret("AUTH_TEST_PASSWORD") if password == "right" else "wrong"
    assert (
        world.ask("site", "POST", "/api/auth/test", {"email": world.secret("AUTH_TEST_USER"), "password": given}).status
        == status
    )
    assert world.ask("site", "GET", "/api/auth/test").status == 200


def test_the_site_gives_its_connections_back(world: Any) -> None:
    assert world.health() == 200
    with world.connect() as us:
        world.until(
            lambda: (
                us.execute("select count(*) from pg_stat_activity where application_name = 'agency-web'").fetchone()
                == (0,)
            )
        )


def test_a_connection_that_postgres_ended_is_replaced(world: Any) -> None:
    assert world.health() == 200
    world.supabase(
        "POST",
        "/database/query",
        {"query": "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'agency-web'"},
    )
    assert world.health() == 200
