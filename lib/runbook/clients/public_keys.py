"""Public keys as a JWKS lists them: by id, by fingerprint, and written as the PEM that Clerk's libraries take. Pure.

Read by a whitelist: the schema allows private members in a JWKS.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

from runbook.clients.shapes import fields, items, needed, shape, text
from runbook.model import Json

LONGEST = 2000  # characters of a modulus: 342 for RSA with 2048 bits
RSA_ENCRYPTION = bytes.fromhex("06092a864886f70d0101010500")  # its object id and no parameters (RFC 3279)
SEQUENCE, INTEGER, BIT_STRING = 0x30, 0x02, 0x03


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that session tokens are signed with: its id, and what a pinned copy of it must agree with."""

    kid: str
    kind: str
    algorithm: str
    modulus: str  # of an elliptic key its x
    exponent: str = ""

    @property
    def thumbprint(self) -> str:
        """Its fingerprint (RFC 7638), the same for each copy of the key; empty for a key that is not RSA."""
        if self.kind != "RSA":
            return ""
        members = {"e": self.exponent, "kty": "RSA", "n": self.modulus}
        return _base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())

    @property
    def pem(self) -> str:
        """The key as CLERK_JWT_KEY holds it (SubjectPublicKeyInfo, RFC 5280); empty for a key that is not RSA."""
        if self.kind != "RSA":
            return ""
        key = _der(SEQUENCE, _integer(self.modulus) + _integer(self.exponent))
        whole = _der(SEQUENCE, _der(SEQUENCE, RSA_ENCRYPTION) + _der(BIT_STRING, b"\0" + key))
        lines = base64.encodebytes(whole).decode().replace("\n", "")
        body = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
        return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"


def keys_of(data: Json, system: str) -> list[PublicKey]:
    """The keys of a JWKS."""
    (rows,) = fields(data, system, "keys", "keys")
    with shape(system, "keys"):
        return [
            PublicKey(
                needed(row, "kid"), needed(row, "kty"), text(row, "alg"),
                text(row, "n" if "n" in row else "x", LONGEST), text(row, "e"),
            )
            for row in items(rows, system, "keys")
        ]  # fmt: skip


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _integer(encoded: str) -> bytes:
    """A number of a JWK. A leading zero says that it is not negative."""
    raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).lstrip(b"\0")
    return _der(INTEGER, (b"\0" if raw[:1] >= b"\x80" else b"") + raw)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
