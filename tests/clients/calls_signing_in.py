"""The calls of the systems that let people in."""

from __future__ import annotations

from calls import MS, SECRET, Call
from runbook.clients.clerk import Domain, Frontend, Instance, Session, SingleSignOn, User
from runbook.clients.public_keys import PublicKey
from runbook.clients.supabase_auth import AuthHealth, AuthSettings, SignedIn

AT = "2026-01-05T03:00:00.000Z"
PRIVATE = {"d": SECRET, "p": SECRET, "q": SECRET, "k": SECRET}
KEYS = {"keys": [
    {"kid": "ins_1", "kty": "RSA", "alg": "RS256", "use": "sig", "n": "n" * 342, "e": "AQAB", **PRIVATE},
    {"kid": "ins_2", "kty": "EC", "alg": "ES256", "use": "sig", "crv": "P-256", "x": "x1", "y": "y1", "d": SECRET},
]}  # fmt: skip
READ_KEYS = [PublicKey("ins_1", "RSA", "RS256", "n" * 342, "AQAB"), PublicKey("ins_2", "EC", "ES256", "x1")]
USER = {
    "id": "user_1", "object": "user", "first_name": SECRET, "email_addresses": [{"email_address": SECRET}], "banned": False,
    "locked": True, "last_sign_in_at": MS, "private_metadata": {"x": SECRET},
}  # fmt: skip
READ_USER = User("user_1", False, True, AT)
SESSION = {
    "object": "session", "id": "sess_1", "user_id": "user_1", "client_id": "client_1", "status": "active",
    "created_at": MS, "last_active_at": MS, "expire_at": MS, "abandon_at": MS, "updated_at": MS,
    "latest_activity": {"object": "session_activity", "id": "a", "device_type": "desktop", "is_mobile": False,
                        "browser_name": "Firefox", "ip_address": SECRET, "city": SECRET, "country": "DE"},
}  # fmt: skip
READ_SESSION = Session("sess_1", "user_1", "active", AT, AT, "Firefox desktop", "DE")

CALLS = {
    "clerk.instance": Call(
        "clerk", lambda s: s.clerk.instance(), "GET /v1/instance",
        {"object": "instance", "id": "ins_test", "environment_type": "production", "allowed_origins": ["https://agency.test"]},
        Instance("ins_test", "production", ("https://agency.test",)),
    ),
    "clerk.keys": Call("clerk", lambda s: s.clerk.keys(), "GET /v1/jwks", KEYS, READ_KEYS),
    "clerk.domains": Call(
        "clerk", lambda s: s.clerk.domains(), "GET /v1/domains",
        {"data": [{"object": "domain", "id": "dmn", "name": "agency.test", "is_satellite": False, "proxy_url": None,
                   "frontend_api_url": "https://clerk.agency.test",
                   "cname_targets": [{"host": "clerk.agency.test", "value": "frontend-api.clerk.services", "required": True}]}],
         "total_count": 1},
        [Domain("agency.test", False, "https://clerk.agency.test", "",
                (("clerk.agency.test", "frontend-api.clerk.services"),))],
    ),
    "clerk.single_sign_ons": Call(
        "clerk", lambda s: s.clerk.single_sign_ons(), "GET /v1/enterprise_connections",
        {"data": [{"id": "e", "name": "Big", "provider": "saml_okta", "active": True,
                   "oauth_config": {"client_id": SECRET}}], "total_count": 1},
        [SingleSignOn("Big", "saml_okta", True)], {"limit": "500"},
    ),
    "clerk.signed_in": Call(
        "clerk", lambda s: s.clerk.signed_in(MS - 900_000, MS), "GET /v1/users/count",
        {"object": "total_count", "total_count": 14}, 14,
        {"last_sign_in_at_after": str(MS - 900_000), "last_sign_in_at_before": str(MS)},
    ),
    "clerk.find_users": Call(
        "clerk", lambda s: s.clerk.find_users("ada@customer.test"), "GET /v1/users", [USER], [READ_USER],
        {"query": "ada@customer.test", "limit": "10"}, may_be_empty=True,
    ),
    "clerk.last_signed_in": Call(
        "clerk", lambda s: s.clerk.last_signed_in(), "GET /v1/users", [USER], [READ_USER],
        {"order_by": "-last_sign_in_at", "limit": "10"}, may_be_empty=True,
    ),
    "clerk.user": Call("clerk", lambda s: s.clerk.user("user_1"), "GET /v1/users/user_1", USER, READ_USER),
    "clerk.sessions": Call(
        "clerk", lambda s: s.clerk.sessions("user_1"), "GET /v1/sessions", [SESSION], [READ_SESSION],
        {"user_id": "user_1", "status": "active", "limit": "500"}, may_be_empty=True,
    ),
    "clerk.revoke": Call(
        "clerk", lambda s: s.clerk.revoke("sess_1"), "POST /v1/sessions/sess_1/revoke", SESSION | {"status": "revoked"},
        Session("sess_1", "user_1", "revoked", AT, AT, "Firefox desktop", "DE"), is_change=True,
    ),
    "clerk_frontend.healthy": Call(
        "clerk_frontend", lambda s: s.clerk_frontend.healthy(), "GET /v1/health", {"status": "healthy"}, True,
    ),
    "clerk_frontend.environment": Call(
        "clerk_frontend", lambda s: s.clerk_frontend.environment(), "GET /v1/environment",
        {"display_config": {"instance_environment_type": "production", "application_name": "Agency"}, "maintenance_mode": False,
         "auth_config": {}},
        Frontend("production", False),
    ),
    "clerk_frontend.keys": Call(
        "clerk_frontend", lambda s: s.clerk_frontend.keys(), "GET /.well-known/jwks.json", KEYS, READ_KEYS,
    ),
    "supabase_auth.health": Call(
        "supabase_auth", lambda s: s.supabase_auth.health(), "GET /auth/v1/health",
        {"version": "v2.189.0", "name": "GoTrue", "description": "x"}, AuthHealth("GoTrue", "v2.189.0"),
    ),
    "supabase_auth.settings": Call(
        "supabase_auth", lambda s: s.supabase_auth.settings(), "GET /auth/v1/settings",
        {"external": {"email": True, "google": True, "phone": False}, "disable_signup": False, "saml_enabled": True,
         "sms_provider": SECRET},
        AuthSettings(False, True, ("email", "google")),
    ),
    "supabase_auth.sign_in": Call(
        "supabase_auth", lambda s: s.supabase_auth.sign_in(), "POST /auth/v1/token",
        {"access_token": SECRET, "refresh_token": SECRET, "token_type": "bearer", "expires_in": 3600,
         "user": {"id": "u1", "email": SECRET}},
        SignedIn("u1", 3600), {"grant_type": "password"}, {"email": "smoke@agency.test", "password": "test-password"},
    ),
}  # fmt: skip
