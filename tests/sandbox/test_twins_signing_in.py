"""The twins that let people in: real sessions, the vendors' refusals."""

from __future__ import annotations

import time
from typing import Any

import pytest


def clerk(world: Any, method: str, path: str, **headers: str) -> Any:
    ours = {"Authorization": f"Bearer {world.secret('CLERK_API_KEY')}", "Clerk-API-Version": "2026-05-12"}
    return world.ask("clerk", method, f"/v1{path}", headers={**ours, **headers})


def somebody(world: Any) -> str:
    return str(clerk(world, "GET", "/users?query=bo@").body[0]["id"])


def test_a_revoked_session_is_gone_and_the_neighbours_are_not(world: Any) -> None:
    before, user = len(world.changes()), somebody(world)
    ours = clerk(world, "GET", f"/sessions?user_id={user}&status=active").body
    assert len(ours) == 2
    for _ in range(2):
        assert clerk(world, "POST", f"/sessions/{ours[0]['id']}/revoke").body["status"] == "revoked"
    left = clerk(world, "GET", f"/sessions?user_id={user}&status=active").body
    assert [one["id"] for one in left] == [ours[1]["id"]]
    assert [row["objects"] for row in world.changes(before)] == [[ours[0]["id"]]]


def test_sign_ins_are_counted_by_window(world: Any) -> None:
    now = int(time.time() * 1000)
    for weeks in range(5):
        before = now - weeks * 7 * 86_400_000
        found = clerk(
            world, "GET", f"/users/count?last_sign_in_at_after={before - 900_000}&last_sign_in_at_before={before}"
        )
        assert 14 <= found.body["total_count"] <= 16
    long_ago = now - 300 * 86_400_000
    window = f"last_sign_in_at_after={long_ago}&last_sign_in_at_before={long_ago + 900_000}"
    assert clerk(world, "GET", f"/users/count?{window}").body["total_count"] == 0


def test_both_ways_to_the_keys_give_the_same_ones(world: Any) -> None:
    keys = clerk(world, "GET", "/jwks").body
    assert world.ask("clerk_frontend", "GET", "/.well-known/jwks.json").body == keys
    assert [set(key) for key in keys["keys"]] == [{"use", "kty", "kid", "alg", "n", "e"}]
    assert clerk(world, "GET", "/instance").body["environment_type"] == "production"
    shown = world.ask("clerk_frontend", "GET", "/v1/environment").body["display_config"]
    assert shown["instance_environment_type"] == "production"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/sessions", 422, "form_param_missing"), ("GET", "/sessions?user_id=u&status=on", 422, "form_param_value_invalid"),
        ("GET", "/users?limit=501", 422, "form_param_value_invalid"), ("GET", "/users?colour=red", 422, "form_param_unknown"),
        ("GET", "/users/count?last_sign_in_at_after=2026-01-05", 422, "form_param_type_invalid"),
        ("GET", "/users/user_nobody", 404, "resource_not_found"), ("POST", "/sessions/sess_no/revoke", 404, "resource_not_found"),
        ("GET", "/instance?__clerk_api_version=2026-05-12", 400, "api_version_conflict"),
        ("DELETE", "/webhooks/svix", 404, "resource_not_found"),
    ],
)  # fmt: skip
def test_clerk_refuses_what_it_refuses(world: Any, method: str, path: str, status: int, code: str) -> None:
    before = len(world.changes())
    answer = clerk(world, method, path)
    assert (answer.status, answer.body["errors"][0]["code"]) == (status, code) and answer.body["clerk_trace_id"]
    assert world.changes(before) == []


def test_clerk_wants_its_secret_key_and_a_version_it_knows(world: Any) -> None:
    assert clerk(world, "GET", "/instance", Authorization="").body["errors"][0]["code"] == "authentication_invalid"
    for wrong in ("sk_live_no", world.secret("SUPABASE_ANON_KEY")):
        answer = clerk(world, "GET", "/instance", Authorization=f"Bearer {wrong}")
        assert (answer.status, answer.body["errors"][0]["code"]) == (401, "clerk_key_invalid")
    assert clerk(world, "GET", "/instance", **{"Clerk-API-Version": "1999-01-01"}).status == 400


def auth(world: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
    ours = {"apikey": world.secret("SUPABASE_ANON_KEY")}
    return world.ask("supabase_auth", method, f"/auth/v1{path}", body, headers={**ours, **headers})


def sign_in(world: Any, **other: str) -> Any:
    body = {"email": world.secret("AUTH_TEST_USER"), "password": world.secret("AUTH_TEST_PASSWORD"), **other}
    return auth(world, "POST", "/token?grant_type=password", body)


def test_auth_is_healthy_without_its_database_and_signs_nobody_in(world: Any) -> None:
    assert sign_in(world).body["expires_in"] == 3600
    world.break_("postgres_stopped")
    assert auth(world, "GET", "/health").status == 200
    answer = sign_in(world)
    assert (answer.status, answer.body["error_code"]) == (500, "unexpected_failure")


def test_auth_that_the_vendor_lost_answers_nothing(world: Any) -> None:
    world.break_("vendor_outage")
    assert (auth(world, "GET", "/health").status, sign_in(world).status) == (503, 503)


def test_auth_refuses_a_missing_key_a_wrong_password_and_another_grant(world: Any) -> None:
    for key in ("", "sb_publishable_no"):
        answer = auth(world, "GET", "/settings", apikey=key)
        assert (answer.status, set(answer.body)) == (401, {"message", "hint"})
    wrong = sign_in(world, password="no")
    assert (wrong.status, wrong.body["error_code"]) == (400, "invalid_credentials")
    assert sign_in(world, email="").body["error_code"] == "validation_failed"
    assert auth(world, "POST", "/token?grant_type=magic", {}).body["error_code"] == "unsupported_grant_type"
    assert auth(world, "POST", "/token?grant_type=password", b"{").body["error_code"] == "bad_json"
    assert auth(world, "GET", "/users").status == 404
