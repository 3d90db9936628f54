"""Two keys of one secret side by side at their vendor, the end of one, and who used it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

LOGS = "select log_attributes['request.cf.country'] as country, count(*) as n from logs where source = 'edge_logs' group by 1"
AUTH = "/auth/v1/settings"


def window(sql: str = LOGS, hours: float = 1) -> str:
    until = datetime.now(UTC) + timedelta(minutes=1)
    times = {
        "iso_timestamp_start": (until - timedelta(hours=hours)).isoformat(),
        "iso_timestamp_end": until.isoformat(),
    }
    return f"/analytics/endpoints/logs?{urlencode({'sql': sql, **times})}"


def opens(world: Any, name: str) -> int:
    status: int = world.ask("supabase_auth", "GET", AUTH, headers={"apikey": world.secret(name)}).status
    return status


def test_the_leaked_key_and_the_new_one_both_work_until_one_is_ended_by_its_id(world: Any) -> None:
    world.break_({"secret_leaked": {}})
    assert (opens(world, "SUPABASE_SERVICE_KEY"), opens(world, "SUPABASE_SERVICE_KEY_OLD")) == (200, 200)
    keys = {one["id"]: one for one in world.supabase("GET", "/api-keys").body if one["type"] == "secret"}
    assert len(keys) == 2 and all(
        one["api_key"] not in world.secret("SUPABASE_SERVICE_KEY_OLD") for one in keys.values()
    )
    (old,) = [one for one in keys.values() if world.secret("SUPABASE_SERVICE_KEY_OLD").startswith(one["prefix"])]
    before = len(world.changes())
    assert world.supabase("DELETE", f"/api-keys/{old['id']}?was_compromised=true&reason=out").status == 200
    assert [row["objects"] for row in world.changes(before)] == [[old["id"]]]
    assert (opens(world, "SUPABASE_SERVICE_KEY"), opens(world, "SUPABASE_SERVICE_KEY_OLD")) == (200, 401)
    assert world.supabase("DELETE", f"/api-keys/{old['id']}").status == 404
    world.control("POST", "repair", {})
    assert opens(world, "SUPABASE_SERVICE_KEY") == 200
    assert "SUPABASE_SERVICE_KEY_OLD" not in world.described["secrets"]


def test_the_gateways_log_is_asked_in_clickhouse_and_knows_the_stranger(world: Any) -> None:
    world.break_({"secret_leaked": {"used": True}})
    said = world.supabase("GET", window()).body
    assert {"country": "RO", "n": 3} in [{**row, "n": int(row["n"])} for row in said["result"]]
    assert "stranger" not in str(said)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select nothing from logs", "nothing"),
        ("drop table logs", "SELECT"),
        ("select 1 from logs; select 2", "SELECT"),
    ],
)
def test_a_query_that_fails_is_200_with_an_error_inside(world: Any, sql: str, says: str) -> None:
    answer = world.supabase("GET", window(sql))
    assert answer.status == 200 and says in answer.body["error"]


def test_more_than_a_day_of_the_log_is_refused(world: Any) -> None:
    assert world.supabase("GET", window(hours=25)).status == 400


def test_what_a_token_changed_stands_in_the_audit_log_under_its_id(world: Any) -> None:
    world.break_({"secret_leaked": {"secret": "LD_API_KEY", "used": True}})
    ask = lambda path, name: world.ask("launchdarkly", "GET", path, headers={"Authorization": world.secret(name)})  # noqa: E731
    leaked, new = (ask("/api/v2/caller-identity", name).body["tokenId"] for name in ("LD_API_KEY_OLD", "LD_API_KEY"))
    (newest, *_) = ask("/api/v2/auditlog", "LD_API_KEY").body["items"]
    assert leaked != new and newest["token"]["_id"] == leaked
    headers = {"Authorization": world.secret("LD_API_KEY")}
    assert world.ask("launchdarkly", "DELETE", f"/api/v2/tokens/{leaked}", headers=headers).status == 204
    assert ask("/api/v2/caller-identity", "LD_API_KEY_OLD").status == 401


def test_a_new_key_may_be_refused_or_of_another_account(world: Any) -> None:
    def account(**leak: str) -> Any:
        world.break_({"secret_leaked": {"secret": "STRIPE_SECRET_KEY", **leak}})
        headers = {"Authorization": f"Bearer {world.secret('STRIPE_SECRET_KEY')}"}
        return world.ask("stripe", "GET", "/v1/account", headers=headers)

    assert account(new="refused").status == 401
    assert account(new="elsewhere").body["id"] != account(new="good").body["id"]
