"""Clerk's session tokens, real ones: signed RS256 with a private key, checked by its public half without a network.

The site checks them as Clerk's own libraries do with CLERK_JWT_KEY, and says no in their words (Clerk docs, manual JWT
verification).
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

TOKEN_SECONDS = 60  # the vendor's life of a session token
SKEW_SECONDS = 5  # that the vendor's libraries forgive
MODULUS_BYTES = 256


@functools.cache
def _private(kid: str) -> rsa.RSAPrivateKey:
    """One private key for each id, made when it is first asked for."""
    return rsa.generate_private_key(public_exponent=65537, key_size=8 * MODULUS_BYTES)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key by its id: what an instance signs tokens with."""

    kid: str

    @property
    def modulus(self) -> str:
        """256 bytes in base64url, as an RSA key of 2048 bits has them."""
        return base64url(_private(self.kid).public_key().public_numbers().n.to_bytes(MODULUS_BYTES, "big"))

    @property
    def pem(self) -> str:
        """The public half, as Clerk's dashboard shows it for CLERK_JWT_KEY."""
        public = _private(self.kid).public_key()
        return public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()  # fmt: skip

    def signed(self, claims: Mapping[str, Any]) -> str:
        """A token of these claims."""
        parts = ({"alg": "RS256", "kid": self.kid, "typ": "JWT"}, claims)
        text = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        return f"{text}.{base64url(_private(self.kid).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def session_token(self, frontend: str, origin: str, user: str, now: datetime) -> str:
        """What a browser gets for a session: short-lived, for one origin."""
        at = int(now.timestamp())
        return self.signed({
            "iss": f"https://{frontend}", "azp": origin, "sub": user, "sid": f"sess_of_{user}", "iat": at, "nbf": at - 10,
            "exp": at + TOKEN_SECONDS, "sts": "active", "v": 2,
        })  # fmt: skip


def complaint_of_token(token: str, pem: str, origins: Collection[str], now: datetime) -> str:
    """Why a token is refused by a pinned key; empty when it is taken."""
    if not pem:
        return "jwk-local-missing"
    try:
        public = serialization.load_pem_public_key(pem.encode())
    except ValueError:
        return "jwk-failed-to-resolve"
    text, _, signature = token.rpartition(".")
    try:
        header, claims = (json.loads(_raw(part)) for part in text.split("."))
    except ValueError:
        return "token-invalid"
    if header.get("alg") != "RS256" or not isinstance(public, rsa.RSAPublicKey):
        return "token-invalid-algorithm"
    try:
        public.verify(_raw(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return "token-invalid-signature"
    at = now.timestamp()
    if at > claims["exp"] + SKEW_SECONDS:
        return "token-expired"
    if at < claims["nbf"] - SKEW_SECONDS:
        return "token-not-active-yet"
    return "" if claims["azp"] in origins else "token-invalid-authorized-parties"


def kid_of(token: str) -> str:
    """The id of the key that a token says it was signed with."""
    return str(json.loads(_raw(token.partition(".")[0]))["kid"])


def thumbprint(pem: str) -> str:
    """The public key's fingerprint (RFC 7638), by which two copies are compared; empty where it is no RSA key."""
    try:
        public = serialization.load_pem_public_key(pem.encode())
    except ValueError:
        return ""
    if not isinstance(public, rsa.RSAPublicKey):
        return ""
    numbers = public.public_numbers()
    members = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    return base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def publishable_key(frontend: str, kind: str = "live") -> str:
    """The key that a page shows: it holds where the browser signs in (Clerk docs, how Clerk works)."""
    return f"pk_{kind}_{base64.b64encode(f'{frontend}$'.encode()).decode()}"


def frontend_of(publishable: str) -> str:
    """Where a browser signs in by this key; empty where it is none."""
    kind, _, encoded = publishable.rpartition("_")
    try:
        return base64.b64decode(encoded, validate=True).decode().removesuffix("$") if kind.startswith("pk_") else ""
    except ValueError:
        return ""


def base64url(raw: bytes) -> str:
    """As tokens have it, without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))
