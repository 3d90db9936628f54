"""Clerk's backend API: instance, keys, domains, users, sessions. By secret key, with a version by header or query."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import DOMAINS, millis, token
from runbook.sandbox.session_tokens import SigningKey
from runbook.sandbox.signing_in import ClerkUser
from runbook.sandbox.twins.clerk_shapes import connection, domain, session, user
from runbook.sandbox.twins.frame import Call, Handler, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
VERSIONS = ("2026-05-12", "2025-11-10", "2025-04-10", "2025-03-12", "2024-10-01", "2021-02-05")
PER_TEN_SECONDS = 1000  # of a production instance; the keys have no limit (clerk.com/docs, rate limits)
STATUSES = ("abandoned", "active", "ended", "expired", "removed", "replaced", "revoked")
DEFAULT_LIMIT, MOST = 10, 500
ORDERS: Mapping[str, Callable[[ClerkUser], datetime]] = {  # of users, as far as this world knows them
    "created_at": lambda one: one.created, "last_sign_in_at": lambda one: one.last_sign_in,
    "last_active_at": lambda one: one.last_sign_in,
}  # fmt: skip
WHEN_SIGNED_IN = {"last_sign_in_at_after", "last_sign_in_at_before"}


def _authorize(world: World, call: Call) -> None:
    kind, _, given = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not given:
        raise Refusal(401, "Invalid authentication", code="authentication_invalid")
    if not world.opens("CLERK_API_KEY", given):
        raise Refusal(401, "The provided Clerk Secret Key is invalid.", code="clerk_key_invalid")
    header, query = call.headers.get("clerk-api-version"), call.query.get("__clerk_api_version")
    if header is not None and query is not None:
        raise Refusal(400, "The API version was given by header and by query", code="api_version_conflict")
    if (header or call.one("__clerk_api_version", VERSIONS[0])) not in VERSIONS:
        raise Refusal(400, "The API version is not known", code="api_version_invalid")


def error_body(refusal: Refusal, request_id: str) -> Json:
    """Clerk's errors, with the trace id in the body."""
    message = "Too many requests. Please try again in a bit." if refusal.status == 429 else refusal.message
    code = "too_many_requests" if refusal.status == 429 else refusal.code
    trace = token(f"trace {message}", 32)
    return {
        "errors": [{"message": message, "long_message": message, "code": code, "meta": {}}],
        "clerk_trace_id": trace,
    }


def limits(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    """Only a Retry-After, in seconds (clerk.com/docs, rate limits)."""
    return {} if remaining else {"Retry-After": str(int(left) + 1)}


def not_there(call: Call) -> Refusal:
    """What a path that nobody serves gets."""
    return Refusal(404, "The URL was not found.", code="resource_not_found")


VENDOR = Vendor("clerk", _authorize, error_body, Limit(PER_TEN_SECONDS, 10.0, limits), unmatched=not_there)


def known_query(*names: str) -> Callable[[Handler], Handler]:
    """A handler that takes these parameters; 422 for another, as Clerk has it."""

    def wrap(handler: Handler) -> Handler:
        def checked(world: World, call: Call) -> Reply:
            if stray := sorted(set(call.query) - {*names, "__clerk_api_version"}):
                said = f"{stray[0]} is not a valid parameter for this request."
                raise Refusal(422, said, code="form_param_unknown")
            return handler(world, call)

        return checked

    return wrap


@VENDOR.route("GET", "/v1/instance")
def instance(world: World, call: Call) -> Reply:
    """Whose key it is."""
    return Reply({
        "object": "instance", "id": world.clerk.instance_id, "environment_type": world.clerk.environment_type,
        "allowed_origins": list(world.clerk.allowed_origins), "workspace_id": None,
    })  # fmt: skip


@VENDOR.route("GET", "/v1/jwks", limit=1_000_000)
def jwks(world: World, call: Call) -> Reply:
    """The keys that sign tokens now."""
    with world.lock:
        return Reply({"keys": [jwk(key) for key in world.clerk.keys]})


@VENDOR.route("GET", "/v1/domains")
def domains(world: World, call: Call) -> Reply:
    """The instance's one domain."""
    return Reply({"data": [domain(DOMAINS[0])], "total_count": 1})


@VENDOR.route("GET", "/v1/enterprise_connections")
@known_query("limit", "offset", "organization_id", "active")
def connections(world: World, call: Call) -> Reply:
    """Customers' own sign-ins."""
    with world.lock:
        rows = [connection(one, world.clerk.now) for one in world.clerk.connections]
    return Reply({"data": page(call, rows), "total_count": len(rows)})


@VENDOR.route("GET", "/v1/users/count")
@known_query("query", "email_address", "user_id", *WHEN_SIGNED_IN)
def count_users(world: World, call: Call) -> Reply:
    """How many users there are, by their last sign-in."""
    now = world.times.now()
    after, before = moment(call, "last_sign_in_at_after"), moment(call, "last_sign_in_at_before")
    with world.lock:
        found = world.clerk.signed_in(after or now - timedelta(days=20 * 365), before or now + timedelta(days=1), now)
    return Reply({"object": "total_count", "total_count": found})


@VENDOR.route("GET", "/v1/users")
@known_query("query", "email_address", "user_id", "limit", "offset", "order_by", *WHEN_SIGNED_IN)
def users(world: World, call: Call) -> Reply:
    """Users by what somebody typed."""
    words, wanted = call.one("query").lower(), set(call.query.get("user_id", []))
    order = call.one("order_by", "-created_at")
    if order.lstrip("+-") not in ORDERS:
        raise Refusal(422, f"order_by must be one of {', '.join(ORDERS)}", code="form_param_value_invalid")
    with world.lock:
        every = sorted(world.clerk.users.values(), key=ORDERS[order.lstrip("+-")], reverse=order.startswith("-"))
        found = [
            user(one) for one in every
            if words in f"{one.uid} {one.email}".lower() and (not wanted or one.uid in wanted)
        ]  # fmt: skip
    return Reply(page(call, found))


@VENDOR.route("GET", "/v1/users/{user}")
def one_user(world: World, call: Call) -> Reply:
    """One user."""
    with world.lock:
        found = world.clerk.users.get(call.params["user"])
        if found is None:
            raise Refusal(404, "not found", code="resource_not_found")
        return Reply(user(found))


@VENDOR.route("GET", "/v1/sessions")
@known_query("client_id", "user_id", "status", "paginated", "limit", "offset")
def sessions(world: World, call: Call) -> Reply:
    """Sessions of one user: a bare list. One of user and client must be named."""
    wanted, status = call.one("user_id"), call.one("status")
    if not wanted and not call.one("client_id"):
        raise Refusal(422, "user_id or client_id must be included.", code="form_param_missing")
    if status and status not in STATUSES:
        raise Refusal(422, f"status must be one of {', '.join(STATUSES)}", code="form_param_value_invalid")
    with world.lock:
        found = [
            session(one) for one in world.clerk.sessions.values() if one.user == wanted and status in ("", one.status)
        ]
    return Reply(page(call, found))


@VENDOR.route("POST", "/v1/sessions/{session}/revoke")
def revoke(world: World, call: Call) -> Reply:
    """End one session; a second time changes nothing."""
    with world.lock:
        found = world.clerk.sessions.get(call.params["session"])
        if found is None:
            raise Refusal(404, "Session not found", code="resource_not_found")
        changed, found.status = found.status == "active", "revoked"
        return Reply(session(found), change=changed, objects=(found.uid,) if changed else ())


def jwk(key: SigningKey) -> Json:
    """A public key as a JWKS holds it."""
    return {"use": "sig", "kty": "RSA", "kid": key.kid, "alg": "RS256", "n": key.modulus, "e": "AQAB"}


def page(call: Call, rows: list[Json]) -> list[Json]:
    """One page of a list."""
    limit, offset = call.one("limit", str(DEFAULT_LIMIT)), call.one("offset", "0")
    if not limit.isdigit() or not 1 <= int(limit) <= MOST or not offset.isdigit():
        raise Refusal(422, f"limit must be between 1 and {MOST}", code="form_param_value_invalid")
    return rows[int(offset) : int(offset) + int(limit)]


def moment(call: Call, name: str) -> datetime | None:
    """A parameter in epoch milliseconds."""
    given = call.one(name)
    if not given:
        return None
    if not given.isdigit() or int(given) > millis(datetime(2100, 1, 1, tzinfo=UTC)):
        raise Refusal(422, f"{name} must be a time in milliseconds", code="form_param_type_invalid")
    return datetime.fromtimestamp(int(given) / 1000, UTC)
