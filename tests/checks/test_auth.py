"""Sign-ins against vendors that say little, or something else: what cannot be told is unknown, never green."""

from __future__ import annotations

from typing import Any

import pytest
from runbook.checks import auth, clerk, sign_in_variables, sign_ins
from runbook.checks.frame import Check
from runbook.errors import Fault
from runbook.model import Finding, Status
from runbook.profile import Profile
from runbook.sandbox.session_tokens import SigningKey, publishable_key, thumbprint
from runbook.sandbox.twins.clerk import jwk
from runbook.testing import PROJECT, TEAM, Asked, Says, World

NOW_MS = 1_767_582_000_000  # the fake clock's now
WEEK_MS = 7 * 86_400_000
OURS, OTHER = SigningKey("ins_ours"), SigningKey("ins_other")
EVERY = [
    one
    for module in (auth, clerk, sign_in_variables, sign_ins)
    for one in vars(module).values()
    if isinstance(one, Check)
]
SHOWN = {"display_config": {"instance_environment_type": "production"}, "maintenance_mode": False}


def signed_in(*weeks: int, site: Any = None) -> World:
    """A Clerk at which so many signed in now, a week ago, two weeks ago …"""

    def count(asked: Asked) -> Any:
        return {"total_count": weeks[round((NOW_MS - int(asked.query["last_sign_in_at_before"])) / WEEK_MS)]}

    return World(
        vendors={"clerk": {"GET /v1/users/count": count}, "site": {"POST /api/auth/test": site or {"clerk": "ok"}}}
    )


@pytest.mark.parametrize("check", EVERY, ids=str)
def test_what_is_not_used_is_ok_and_says_so(check: Check) -> None:
    finding = World(profile=Profile("small")).check(check)
    assert finding.status is Status.OK and "environment small" in finding.summary


@pytest.mark.parametrize(
    ("weeks", "status", "missing"),
    [
        ((15, 15, 14, 16, 15), Status.OK, 0), ((40, 15, 14, 16, 15), Status.OK, 0), ((8, 15, 15, 15, 15), Status.WARNING, 7),
        ((2, 15, 14, 16, 15), Status.WARNING, 13), ((0, 20, 20, 0, 20), Status.WARNING, 20),
        ((0, 20, 20, 0, 0), Status.UNKNOWN, None), ((0, 0, 0, 0, 0), Status.UNKNOWN, None), ((0, 4, 4, 4, 4), Status.UNKNOWN, None),
    ],
)  # fmt: skip
def test_sign_ins_are_compared_with_at_least_three_weeks(weeks: Any, status: Status, missing: int | None) -> None:
    finding = signed_in(*weeks).check(sign_ins.recent)
    assert (finding.status, finding.facts["missing"]) == (status, missing)
    assert finding.facts["seen"] == weeks[0]
    if status is Status.UNKNOWN:
        assert "too few to compare with" in finding.summary


def test_customers_who_get_a_token_and_are_refused_by_our_site_are_counted() -> None:
    refused = signed_in(15, 15, 15, 15, 15, site=Says(401, {"clerk": "token-invalid-signature"})).check(sign_ins.recent)
    assert (refused.status, refused.facts["refused"], refused.facts["missing"]) == (Status.WARNING, 15, 0)
    assert "our site refuses every one of them (token-invalid-signature)" in refused.summary
    for silent in (Fault.TIMEOUT, Says(503, {"clerk": "clerk-unreachable"}), Says(401, {"clerk": "ok"})):
        assert signed_in(15, 15, 15, 15, 15, site=silent).check(sign_ins.recent).facts["refused"] == 0


def keys(backend: SigningKey, frontend: SigningKey, said: Any) -> Finding:
    return World(
        vendors={
            "clerk": {"GET /v1/jwks": {"keys": [jwk(backend)]}},
            "clerk_frontend": {"GET /.well-known/jwks.json": {"keys": [jwk(frontend)]}},
            "site": {"POST /api/auth/test": said},
        }
    ).check(clerk.pinned_key)


def test_the_builds_key_is_compared_with_the_one_that_signs() -> None:
    good = {"clerk": "ok", "pinned_key": thumbprint(OURS.pem), "token_kid": "ins_ours"}
    assert keys(OURS, OURS, good).status is Status.OK
    stale = keys(OTHER, OTHER, Says(401, good | {"clerk": "token-invalid-signature", "token_kid": "ins_other"}))
    assert (stale.status, stale.facts["is_stale"], stale.facts["token_is_foreign"]) == (Status.CRITICAL, True, False)
    foreign = keys(OURS, OURS, good | {"token_kid": "ins_other"})
    assert foreign.facts["token_is_foreign"] is True
    assert keys(OURS, OTHER, good).status is Status.CRITICAL
    for silent in ({}, Says(404, text="<h1>"), Says(text="fine")):
        assert keys(OURS, OURS, silent).status is Status.UNKNOWN


def page(text: str, status: int = 200) -> Finding:
    domain = {
        "name": "agency.test",
        "frontend_api_url": "https://clerk.agency.test",
        "proxy_url": None,
        "cname_targets": [],
    }
    return World(
        vendors={
            "clerk": {"GET /v1/domains": {"data": [domain], "total_count": 1}},
            "site": {"GET /portal/login": Says(status, text=text)},
        }
    ).check(clerk.login_page)


def test_the_sign_in_page_is_compared_with_the_instance() -> None:
    assert page("x " * 100_000 + publishable_key("clerk.agency.test")).status is Status.OK
    other = page(f"<script data-clerk-publishable-key={publishable_key('calm-1.clerk.accounts.dev', 'test')}>")
    assert (other.status, other.facts["is_other"], other.facts["kind"]) == (Status.CRITICAL, True, "test")
    assert page("pk_live_%%%").status is Status.UNKNOWN
    assert page("<h1>Sign in").status is Status.UNKNOWN
    assert page(publishable_key("clerk.agency.test"), 500).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"clerk": "ok"}, Status.OK), (Says(text="<h1>It works"), Status.OK), (Says(401, {"error": "no"}), Status.CRITICAL),
        (Says(503), Status.CRITICAL), (Fault.TIMEOUT, Status.CRITICAL), (Says(404), Status.UNKNOWN), (Says(405), Status.UNKNOWN),
    ],
)  # fmt: skip
def test_our_own_test_counts_by_its_status(said: Any, status: Status) -> None:
    assert World(vendors={"site": {"POST /api/auth/test": said}}).check(auth.our_test).status is status


@pytest.mark.parametrize(
    ("said", "status", "layer"),
    [
        (Says(500, {"error_code": "unexpected_failure", "msg": "Database error"}), Status.CRITICAL, "database"),
        (Says(503, {"message": "upstream connect error"}), Status.CRITICAL, "service"), (Fault.TIMEOUT, Status.CRITICAL, "service"),
        (Says(400, {"error_code": "invalid_credentials", "msg": "Invalid login credentials"}), Status.WARNING, "test user"),
    ],
)  # fmt: skip
def test_a_refused_token_says_which_layer(said: Any, status: Status, layer: str) -> None:
    finding = World(vendors={"supabase_auth": {"POST /auth/v1/token": said}}).check(auth.supabase_sign_in)
    assert (finding.status, finding.facts["layer"]) == (status, layer)


def test_auth_without_any_way_to_sign_in_is_no_health() -> None:
    routes = {
        "GET /auth/v1/health": {"name": "GoTrue", "version": "v2"},
        "GET /auth/v1/settings": {"disable_signup": True, "external": {"email": False}},
    }
    finding = World(vendors={"supabase_auth": routes}).check(auth.supabase_health)
    assert finding.status is Status.CRITICAL and "every way to sign in is switched off" in finding.summary


@pytest.mark.parametrize(
    ("ours", "shown", "status"),
    [("production", "production", Status.OK), ("development", "production", Status.CRITICAL), ("development", "development", Status.WARNING)],
)  # fmt: skip
def test_a_development_key_is_seen(ours: str, shown: str, status: Status) -> None:
    said = {"id": "ins_test", "environment_type": ours, "allowed_origins": []}
    environment = SHOWN | {"display_config": {"instance_environment_type": shown}}
    world = World(vendors={"clerk": {"GET /v1/instance": said}, "clerk_frontend": {"GET /v1/environment": environment}})
    assert world.check(clerk.instance).status is status


def test_a_frontend_in_maintenance_is_down() -> None:
    world = World(vendors={"clerk_frontend": {
        "GET /v1/health": {"status": "healthy"}, "GET /v1/environment": SHOWN | {"maintenance_mode": True}}})  # fmt: skip
    assert world.check(clerk.frontend).status is Status.CRITICAL


def test_a_given_user_is_looked_at_beside_those_who_signed_in_last() -> None:
    session = {
        "id": "sess_1",
        "user_id": "user_far",
        "status": "active",
        "created_at": NOW_MS,
        "last_active_at": NOW_MS,
    }
    world = World(vendors={"clerk": {
        "GET /v1/users": [{"id": "user_1", "last_sign_in_at": NOW_MS}],
        "GET /v1/sessions": lambda asked: [session] * 12 if asked.query["user_id"] == "user_far" else [],
    }})  # fmt: skip
    assert world.check(sign_ins.loops).status is Status.OK
    finding = world.check(sign_ins.loops, user="user_far")
    assert (finding.status, finding.facts["user"], finding.facts["sessions"]) == (Status.CRITICAL, "user_far", 12)


def variables(**set_at: int) -> Finding:
    """Variables of production, by when each was set; the live build was made at 1,000."""
    envs = [
        {
            "id": key,
            "key": key,
            "type": "sensitive",
            "target": ["production"],
            "createdAt": at,
            "updatedAt": at,
            "value": "",
        }
        for key, at in set_at.items()
    ]
    live = {"id": "dpl_1", "uid": "dpl_1", "name": "site", "createdAt": 1000, "created": 1000, "readyState": "READY",
            "target": "production", "creator": {"username": "mira"}, "meta": {}}  # fmt: skip
    return World(
        vendors={
            "vercel": {
                f"GET /v9/projects/{PROJECT}": {"id": PROJECT, "name": "site", "accountId": TEAM,
                                               "targets": {"production": {"id": "dpl_1"}}},
                "GET /v10/projects/*/env": {"envs": envs}, "GET /v13/deployments/dpl_1": live,
            }
        }
    ).check(sign_in_variables.in_place)  # fmt: skip


def test_variables_that_are_missing_mistyped_or_newer_than_the_build_are_named() -> None:
    rest = {"CLERK_SECRET_KEY": 500, "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY": 500}
    assert variables(CLERK_JWT_KEY=500, **rest).status is Status.OK
    newer = variables(CLERK_JWT_KEY=2000, **rest)
    assert (newer.status, newer.facts["behind"]) == (Status.WARNING, ["CLERK_JWT_KEY"])
    slip = variables(CLERK_JWT_PUBLIC_KEY=500, **rest)
    assert (slip.status, slip.facts["missing"]) == (Status.CRITICAL, ["CLERK_JWT_KEY"])
    assert "CLERK_JWT_PUBLIC_KEY looks like a slip of it" in slip.summary
    assert "looks like" not in variables(STRIPE_SECRET=500, **rest).summary
    assert variables().status is Status.UNKNOWN
