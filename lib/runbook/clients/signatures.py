"""Webhook signatures as the vendors make and check them. Pure: bytes, secrets and times in, texts out."""

from __future__ import annotations

import hashlib
import hmac

STRIPE_SECONDS = 300  # how old a signature may be (stripe-python, _webhook.py)
UNSIGNED_CAL = "no-secret-provided"  # what Cal.com sends in place of a signature (calcom/cal.com, sendPayload.ts)


def sign_stripe(secret: str, body: bytes, at: float) -> str:
    """The header ``Stripe-Signature`` for a body sent at a moment (epoch seconds). The key is the whole ``whsec_…``."""
    stamp = str(int(at))
    return f"t={stamp},v1={_hex(secret, stamp.encode() + b'.' + body)}"


def complaint_of_stripe(secret: str, header: str, body: bytes, now: float) -> str:
    """What is wrong with a signature; empty when it is good.

    One of several ``v1`` is enough (a secret is being rotated), other schemes do not count, and it must not be old: each try of
    the vendor is signed anew.
    """
    pairs = [part.strip().partition("=") for part in header.split(",")]
    stamp = next((value for name, _, value in pairs if name == "t"), "")
    given = [value for name, _, value in pairs if name == "v1"]
    if not (stamp.isascii() and stamp.isdecimal()) or not given:
        return "no signature"
    expected = _hex(secret, stamp.encode() + b"." + body)
    if not secret or not any(_same(one, expected) for one in given):
        return "the signature is not of this secret and body"
    return "" if now - int(stamp) <= STRIPE_SECONDS else f"the signature is older than {STRIPE_SECONDS} s"


def sign_cal(secret: str, body: bytes) -> str:
    """The header ``X-Cal-Signature-256`` for a body. It holds no time: a delivery is known again by what is in it."""
    return _hex(secret, body) if secret else UNSIGNED_CAL


def complaint_of_cal(secret: str, header: str, body: bytes) -> str:
    """What is wrong with a signature; empty when it is good."""
    if header in ("", UNSIGNED_CAL):
        return "no signature"
    return "" if secret and _same(header, _hex(secret, body)) else "the signature is not of this secret and body"


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
