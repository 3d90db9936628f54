"""Session tokens are real: what a right key takes, every wrong one refuses, and why; our own PEM is the vendor's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from runbook.clients.public_keys import PublicKey, keys_of
from runbook.sandbox.session_tokens import (
    SigningKey,
    complaint_of_token,
    frontend_of,
    kid_of,
    publishable_key,
    thumbprint,
)
from runbook.sandbox.twins.clerk import jwk

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
KEY, OTHER = SigningKey("ins_one"), SigningKey("ins_two")
ORIGIN = "https://portal.agency.test"
TOKEN = KEY.session_token("clerk.agency.test", ORIGIN, "user_1", NOW)


@pytest.mark.parametrize("kid", [f"ins_{number}" for number in range(6)])
def test_the_pem_and_the_fingerprint_made_of_a_jwks_are_those_of_the_key(kid: str) -> None:
    """Several keys: a modulus and an exponent may begin with a high bit."""
    key = SigningKey(kid)
    (read,) = keys_of({"keys": [jwk(key)]}, "clerk")
    assert (read.pem, read.thumbprint) == (key.pem, thumbprint(key.pem))


def test_a_key_that_is_not_rsa_has_neither() -> None:
    read = PublicKey("ins_1", "EC", "ES256", "x1")
    assert (read.pem, read.thumbprint) == ("", "")


@pytest.mark.parametrize(
    ("pem", "origin", "later", "why"),
    [
        (KEY.pem, ORIGIN, 0, ""), (KEY.pem, ORIGIN, 64, ""), (KEY.pem, ORIGIN, 66, "token-expired"),
        (KEY.pem, ORIGIN, -16, "token-not-active-yet"), (KEY.pem, "https://agency.test", 0, "token-invalid-authorized-parties"),
        (OTHER.pem, ORIGIN, 0, "token-invalid-signature"), ("", ORIGIN, 0, "jwk-local-missing"),
        (KEY.pem[:200], ORIGIN, 0, "jwk-failed-to-resolve"), ("not a key", ORIGIN, 0, "jwk-failed-to-resolve"),
    ],
)  # fmt: skip
def test_a_token_is_taken_or_refused_for_a_reason(pem: str, origin: str, later: int, why: str) -> None:
    assert complaint_of_token(TOKEN, pem, {origin}, NOW + timedelta(seconds=later)) == why


def test_what_was_changed_in_a_token_is_seen() -> None:
    head, body, signature = TOKEN.split(".")
    other = KEY.session_token("clerk.agency.test", ORIGIN, "user_2", NOW).split(".")[1]
    assert complaint_of_token(f"{head}.{other}.{signature}", KEY.pem, {ORIGIN}, NOW) == "token-invalid-signature"
    assert complaint_of_token("nonsense", KEY.pem, {ORIGIN}, NOW) == "token-invalid"
    assert kid_of(TOKEN) == "ins_one" and body


def test_a_publishable_key_says_where_browsers_sign_in() -> None:
    assert frontend_of(publishable_key("clerk.agency.test")) == "clerk.agency.test"
    assert publishable_key("clerk.agency.test").startswith("pk_live_")
    for wrong in ("", "pk_live_", "sk_live_abc", "pk_live_%%%"):
        assert frontend_of(wrong) == ""
