"""Supabase Auth at the project's own address: health, settings, sign-in. A sign-in really asks the database, health does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runbook.sandbox.seeds import PROJECT_REF, token
from runbook.sandbox.twins.frame import Call, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit
from runbook.sandbox.twins.supabase_keys import note
from runbook.times import iso

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
TOKEN_SECONDS = 3600  # the vendor's default life of a token
SIGN_INS_PER_5_MINUTES = 150  # the vendor's default for the token call, per address
WAYS = ("anonymous_users", "apple", "azure", "email", "github", "google", "phone")
PROJECT_KEYS = ("SUPABASE_ANON_KEY", "SUPABASE_SERVICE_KEY")
GRANTS = ("password", "refresh_token", "id_token", "pkce", "web3")


def _authorize(world: World, call: Call) -> None:
    """The gateway's part: a key of the project, public or secret; its errors have a shape of their own."""
    given = call.headers.get("apikey", "")
    if not given:
        raise Refusal(401, "No API key found in request", hint="No `apikey` request header or url param was found.")
    is_good = any(world.opens(name, given) for name in PROJECT_KEYS)
    note(world, call, given, 200 if is_good else 401)
    if not is_good:
        raise Refusal(401, "Invalid API key", hint="Double check your Supabase `anon` or `service_role` API key.")
    if "auth" in world.sessions.cut:  # the vendor lost the service
        raise Refusal(503, "upstream connect error or disconnect/reset before headers")


def _error(refusal: Refusal, request_id: str) -> Json:
    if refusal.status == 429:
        return {"code": 429, "error_code": "over_request_rate_limit", "msg": "Request rate limit reached"}
    if not refusal.code:
        return {"message": refusal.message, **refusal.extra}
    return {"code": refusal.status, "error_code": refusal.code, "msg": refusal.message}


def _limits(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    """Nothing is said."""
    return {}


VENDOR = Vendor(
    "supabase_auth", _authorize, _error, Limit(1000, 60.0, _limits),
    headers=lambda request_id: {"sb-request-id": request_id, "server": "cloudflare"},
    unmatched=lambda call: Refusal(404, "no Route matched with those values"),
)  # fmt: skip


@VENDOR.route("GET", "/auth/v1/health")
def health(world: World, call: Call) -> Reply:
    """It runs; the database is not asked."""
    return Reply(
        {"version": "v2.189.0", "name": "GoTrue", "description": "GoTrue is a user registration and authentication API"}
    )


@VENDOR.route("GET", "/auth/v1/settings")
def settings(world: World, call: Call) -> Reply:
    """What visitors may do."""
    return Reply({
        "external": {way: way == "email" for way in WAYS}, "disable_signup": False, "mailer_autoconfirm": False,
        "phone_autoconfirm": False, "sms_provider": "twilio", "saml_enabled": False,
    })  # fmt: skip


@VENDOR.route("POST", "/auth/v1/token", limit=SIGN_INS_PER_5_MINUTES, window_seconds=300.0)
def sign_in(world: World, call: Call) -> Reply:
    """A session for who knows the password, if Auth's own connection to the real database answers. No change of anybody's."""
    grant, body = call.one("grant_type"), call.json()
    if grant not in GRANTS:
        raise Refusal(400, "unsupported_grant_type", code="unsupported_grant_type")
    if grant != "password":
        raise Refusal(400, "Invalid Refresh Token: Refresh Token Not Found", code="refresh_token_not_found")
    if not isinstance(body, dict):
        raise Refusal(400, "Could not read request body as JSON", code="bad_json")
    email, password = str(body.get("email") or ""), str(body.get("password") or "")
    if not email:
        raise Refusal(400, "missing email or phone", code="validation_failed")
    if world.sessions.serves("auth"):
        raise Refusal(500, "Database error querying schema", code="unexpected_failure")
    known = (world.secret("AUTH_TEST_USER"), world.secret("AUTH_TEST_PASSWORD"))
    if not all(
        hmac.compare_digest(one.encode(), other.encode()) and one
        for one, other in zip(known, (email, password), strict=True)
    ):
        raise Refusal(400, "Invalid login credentials", code="invalid_credentials")
    now = world.times.now()
    expires = int(now.timestamp()) + TOKEN_SECONDS
    user = {"id": _uuid(email), "aud": "authenticated", "role": "authenticated", "email": email, "last_sign_in_at": iso(now),
            "app_metadata": {"provider": "email", "providers": ["email"]}, "user_metadata": {}, "identities": [],
            "created_at": iso(world.platform.created), "updated_at": iso(now)}  # fmt: skip
    claims = {"iss": f"https://{PROJECT_REF}.supabase.co/auth/v1", "sub": user["id"], "aud": "authenticated", "exp": expires,
              "role": "authenticated", "session_id": _uuid(f"{email} {now}")}  # fmt: skip
    return Reply({
        "access_token": _jwt(claims, world.secret("SUPABASE_SERVICE_KEY")), "token_type": "bearer",
        "expires_in": TOKEN_SECONDS, "expires_at": expires, "refresh_token": token(f"refresh {email} {now}", 22), "user": user,
    })  # fmt: skip


def _jwt(claims: Mapping[str, Json], secret: str) -> str:
    parts = [_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signed = ".".join(parts)
    return f"{signed}.{_base64(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _uuid(name: str) -> str:
    raw = token(f"uuid {name}", 32)
    return "-".join((raw[:8], raw[8:12], "4" + raw[13:16], "a" + raw[17:20], raw[20:]))
