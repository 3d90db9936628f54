"""Webhook signatures: made as the vendors make them, and refused for every reason they are refused for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from runbook.clients.signatures import complaint_of_cal, complaint_of_stripe, sign_cal, sign_stripe

AT, SECRET, BODY = 1_767_582_000, "whsec_c2FuZGJveA", b'{"id":"evt_1","object":"event"}'
# made with openssl dgst -sha256 -hmac, over "1767582000.<body>" and over the body
V1 = "a90043d1ba96bc400de68147a0560aa82809d1bea83d570c8c32e04c3b261f40"
CAL = "cd313c202e713d0a0f14ce71c579d3814890eda4748f5a7d828a3846d3adf852"
OTHER = "0" * 64


def test_signatures_are_those_that_openssl_makes() -> None:
    assert sign_stripe(SECRET, BODY, AT + 0.9) == f"t={AT},v1={V1}"
    assert sign_cal("cal-secret", BODY) == CAL
    assert sign_cal("", BODY) == "no-secret-provided"


@pytest.mark.parametrize(
    ("header", "body", "now", "complaint"),
    [
        (f"t={AT},v1={V1}", BODY, AT, ""),
        (f"t={AT},v1={V1}", BODY, AT + 300, ""),
        (f"t={AT},v1={V1}", BODY, AT - 60, ""),  # the vendor's library minds only the past
        (f"t={AT},v1={OTHER},v1={V1}", BODY, AT, ""),  # a secret is being rotated
        (f"t={AT}, v0={OTHER}, v1={V1}", BODY, AT, ""),
        (f"t={AT},v1={V1}", BODY, AT + 301, "older"),
        (f"t={AT},v1={OTHER}", BODY, AT, "not of this secret"),
        (f"t={AT},v1={V1}", BODY + b" ", AT, "not of this secret"),
        (f"t={AT + 1},v1={V1}", BODY, AT, "not of this secret"),
        (f"t={AT},v0={V1}", BODY, AT, "no signature"),
        (f"v1={V1}", BODY, AT, "no signature"),
        (f"t=x,v1={V1}", BODY, AT, "no signature"),
        ("", BODY, AT, "no signature"),
    ],
)
def test_a_signature_of_stripe_is_good_or_says_why_not(header: str, body: bytes, now: int, complaint: str) -> None:
    found = complaint_of_stripe(SECRET, header, body, now)
    assert complaint in found and bool(found) is bool(complaint)


@pytest.mark.parametrize(
    ("secret", "header", "complaint"),
    [
        ("cal-secret", CAL, ""),
        ("other", CAL, "not of this secret"),
        ("", CAL, "not of this secret"),
        ("cal-secret", "", "no signature"),
        ("cal-secret", "no-secret-provided", "no signature"),
        ("no-secret", OTHER, "not of this secret"),
    ],
)
def test_a_signature_of_cal_is_good_or_says_why_not(secret: str, header: str, complaint: str) -> None:
    found = complaint_of_cal(secret, header, BODY)
    assert complaint in found and bool(found) is bool(complaint)


def test_without_a_secret_of_ours_nothing_is_good() -> None:
    assert complaint_of_stripe("", sign_stripe("", BODY, AT), BODY, AT)


@given(some.text(), some.binary(), some.floats(0, 2**32))
def test_no_header_makes_the_check_fall(header: str, body: bytes, now: float) -> None:
    assert complaint_of_stripe(SECRET, header, body, now)
    assert complaint_of_cal(SECRET, header, body)


@given(some.text(min_size=1), some.binary(), some.integers(0, 2**32))
def test_what_was_signed_is_good(secret: str, body: bytes, at: int) -> None:
    assert complaint_of_stripe(secret, sign_stripe(secret, body, at), body, at) == ""
    assert complaint_of_cal(secret, sign_cal(secret, body), body) == ""
