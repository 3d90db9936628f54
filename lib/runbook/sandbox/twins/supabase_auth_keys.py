"""Supabase's Management API: the keys that Auth signs with, and the third parties whose tokens the project takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import token
from runbook.sandbox.signing_in import FRONTEND
from runbook.sandbox.twins.clerk import jwk
from runbook.sandbox.twins.frame import Call, Reply
from runbook.sandbox.twins.supabase_door import project_route
from runbook.times import iso

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any


@project_route("GET", "/config/auth/signing-keys")
def signing_keys(world: World, call: Call) -> Reply:
    """One key in use, and the one that comes next."""
    at = iso(world.platform.created)
    return Reply({"keys": [
        {"id": _uuid(f"auth key {status}"), "algorithm": "ES256", "status": status, "public_jwk": None,
         "created_at": at, "updated_at": at}
        for status in ("in_use", "standby")
    ]})  # fmt: skip


@project_route("GET", "/config/auth/third-party-auth")
def third_parties(world: World, call: Call) -> Reply:
    """Clerk, with its keys as they were fetched last."""
    with world.lock:
        known = world.clerk.keys if world.clerk.known_to_supabase is None else world.clerk.known_to_supabase
        keys = [jwk(key) for key in known]
    at = iso(world.platform.created)
    return Reply([{
        "id": _uuid("third party clerk"), "type": "clerk", "oidc_issuer_url": f"https://{FRONTEND}", "jwks_url": None,
        "custom_jwks": None, "resolved_jwks": {"keys": keys}, "inserted_at": at, "updated_at": at, "resolved_at": at,
    }])  # fmt: skip


def _uuid(name: str) -> str:
    raw = token(name, 32)
    return "-".join((raw[:8], raw[8:12], "4" + raw[13:16], "a" + raw[17:20], raw[20:]))
