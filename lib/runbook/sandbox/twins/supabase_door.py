"""Who may ask Supabase's Management API, how it refuses, how often one may ask; its routes are in ``supabase``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import PROJECT_REF
from runbook.sandbox.twins.frame import Call, Handler, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
# docs: api rate limits; 120 a minute per user, project and endpoint, 30 for usage; the reset is seconds left
PER_MINUTE, USAGE_PER_MINUTE = 120, 30


def _authorize(world: World, call: Call) -> None:
    kind, _, given = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not given:
        raise Refusal(401, "Unauthorized")
    if not given.startswith(("sbp_", "sbp_oauth_")):  # project keys (anon, service_role, sb_…) are no management tokens
        raise Refusal(401, "JWT could not be decoded" if given.count(".") == 2 else "Invalid access token")
    if not world.opens("SUPABASE_API_KEY", given):
        raise Refusal(401, "Unauthorized")
    if call.method != "GET" and world.platform.refuses_changes and "read-only" not in call.path:
        raise Refusal(503, "Service temporarily unavailable, please try again later")


def _error(refusal: Refusal, request_id: str) -> Json:
    message = "ThrottlerException: Too Many Requests" if refusal.status == 429 else refusal.message
    return {"message": message, **refusal.extra}


def _limits(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    return {
        "X-RateLimit-Limit": str(most), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(int(left) + 1),
    }  # fmt: skip


VENDOR = Vendor(
    "supabase", _authorize, _error, Limit(PER_MINUTE, 60.0, _limits),
    headers=lambda request_id: {"sb-request-id": request_id, "server": "cloudflare"},
    unmatched=lambda call: Refusal(404, f"Cannot {call.method} {call.path}"),
)  # fmt: skip


def project_route(method: str, path: str, *, limit: int | None = None) -> Callable[[Handler], Handler]:
    """A route below one project; a ref that is no ref is 400, one that is not ours 404."""

    def register(handler: Handler) -> Handler:
        def checked(world: World, call: Call) -> Reply:
            if not re.fullmatch(r"[a-z]{20}", call.params["ref"]):
                raise Refusal(400, "ref: Invalid string: must match pattern /^[a-z]{20}$/")
            if call.params["ref"] != PROJECT_REF:
                raise Refusal(404, "Project not found")
            return handler(world, call)

        return VENDOR.route(method, f"/v1/projects/{{ref}}{path}", limit=limit)(checked)

    return register


def body_of(call: Call, known: Mapping[str, type | tuple[type, ...]]) -> dict[str, Json]:
    """The JSON body with only known fields of known types; 400 as the vendor's validator says it."""
    body = call.json()
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid input: expected object, received undefined")
    if stray := sorted(set(body) - set(known)):
        raise Refusal(400, f'Unrecognized key: "{stray[0]}"')
    for name, value in body.items():
        if not isinstance(value, known[name]) or (isinstance(value, bool) and known[name] is int):
            raise Refusal(400, f"{name}: Invalid input")
    return body
