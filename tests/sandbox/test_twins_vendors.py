"""The twins answer in the vendors' shapes and refuse what the vendors refuse."""

from __future__ import annotations

from typing import Any

import pytest

REF = "sandboxsandboxsandbo"


def shape(value: Any) -> Any:
    """The names and types of a JSON value; of a list, those of its first item."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", {"id": "str", "ref": "str", "organization_id": "str", "organization_slug": "str", "name": "str", "region": "str", "created_at": "str", "status": "str",
              "database": {"host": "str", "version": "str", "postgres_engine": "str", "release_channel": "str"}}),
        ("/health?services=db", [{"name": "str", "healthy": "bool", "status": "str"}]),
        ("/health?services=rest", [{"name": "str", "healthy": "bool", "status": "str", "info": {"db_schema": "str"}}]),
        ("/config/database/pooler", [{"identifier": "str", "database_type": "str", "is_using_scram_auth": "bool", "db_user": "str", "db_host": "str", "db_port": "int", "db_name": "str",
                                      "connection_string": "str", "connectionString": "str", "default_pool_size": "int", "max_client_conn": "int", "pool_mode": "str"}]),
        ("/config/database/postgres", {}),
        ("/database/backups", {"region": "str", "walg_enabled": "bool", "pitr_enabled": "bool", "physical_backup_data": {},
                               "backups": [{"id": "int", "is_physical_backup": "bool", "status": "str", "inserted_at": "str"}]}),
        ("/database/migrations", [{"version": "str", "name": "str"}]),
        ("/config/disk", {"attributes": {"type": "str", "size_gb": "int", "iops": "int", "throughput_mibps": "int"}, "last_modified_at": "str"}),
        ("/config/disk/util", {"timestamp": "str", "metrics": {"fs_size_bytes": "int", "fs_avail_bytes": "int", "fs_used_bytes": "int"}}),
        ("/readonly", {"enabled": "bool", "override_enabled": "bool", "override_active_until": "str"}),
        ("/upgrade/status", {"databaseUpgradeStatus": "NoneType"}),
    ],
)  # fmt: skip
def test_supabase_answers_in_its_shapes(world: Any, path: str, expected: Any) -> None:
    answer = world.supabase("GET", path)
    assert answer.status == 200 and shape(answer.body) == expected
    assert int(answer.headers["x-ratelimit-remaining"]) < 120


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/health", None, 400),
        ("GET", "/health?services=db&services=moon", None, 400),
        ("GET", "/health?services=db&timeout_ms=20000", None, 400),
        ("PATCH", "/config/database/pooler", {"pool_size": 20}, 400),
        ("PATCH", "/config/database/pooler", {"default_pool_size": 5000}, 400),
        ("PATCH", "/config/database/pooler", {"default_pool_size": True}, 400),
        ("POST", "/database/query", {"query": ""}, 400),
        ("POST", "/database/query", None, 400),
        ("POST", "/failover", None, 404),
    ],
)
def test_supabase_refuses_what_it_refuses(world: Any, method: str, path: str, body: Any, status: int) -> None:
    before = len(world.changes())
    answer = world.supabase(method, path, body)
    assert answer.status == status and set(answer.body) == {"message"}
    assert world.changes(before) == []


def test_supabase_takes_no_project_key_no_other_project_and_no_revoked_token(world: Any) -> None:
    path = f"/v1/projects/{REF}"
    assert world.ask("supabase", "GET", path).status == 401
    assert (
        world.ask(
            "supabase", "GET", path, headers={"Authorization": f"Bearer {world.secret('SUPABASE_ANON_KEY')}"}
        ).status
        == 401
    )
    ours = {"Authorization": f"Bearer {world.secret('SUPABASE_API_KEY')}"}
    assert world.ask("supabase", "GET", "/v1/projects/abcdefghijklmnopqrst", headers=ours).status == 404
    assert world.ask("supabase", "GET", "/v1/projects/short", headers=ours).status == 400
    world.break_("token_revoked")
    assert world.supabase("GET", "").body == {"message": "Unauthorized"}


def test_queries_run_as_the_vendors_roles_with_bound_parameters_and_its_types(world: Any) -> None:
    query = "select current_user::text as who, $1::int + 1 as n, 5::int8 as big, 1.50::numeric as exact, $2::text as said, $3::text is null as empty, array[1, 2] as list, interval '3 s' as took"
    answer = world.supabase(
        "POST", "/database/query/read-only", {"query": query, "parameters": [41, "x' or 1=1", None]}
    )
    assert (answer.status, answer.body) == (
        201, [{"who": "supabase_read_only_user", "n": 42, "big": 5, "exact": "1.50", "said": "x' or 1=1", "empty": True, "list": [1, 2], "took": "00:00:03"}]
    )  # fmt: skip
    assert world.supabase("POST", "/database/query", {"query": "select current_user::text as who"}).body == [
        {"who": "postgres"}
    ]
    refused = world.supabase("POST", "/database/query/read-only", {"query": "create table public.t (n int)"})
    assert refused.status == 400 and "read-only transaction" in refused.body["message"]
    wrong = world.supabase("POST", "/database/query", {"query": "select nope"})
    assert wrong.status == 400 and "42703" in wrong.body["message"]


def test_a_statement_through_the_api_that_writes_is_a_change_and_one_that_reads_is_not(world: Any) -> None:
    before = len(world.changes())
    world.supabase("POST", "/database/query", {"query": "select 1"})
    world.supabase("POST", "/database/query", {"query": "create temporary table t (n int)"})
    assert [row["path"].rsplit("/", 1)[-1] for row in world.changes(before)] == ["query"]


def test_vercel_refuses_tokens_and_teams_as_it_does(world: Any) -> None:
    no_token = world.ask("vercel", "GET", "/v2/user")
    assert no_token.status == 403 and no_token.body["error"]["missingToken"] is True
    wrong = world.ask("vercel", "GET", "/v2/user", headers={"Authorization": "Bearer nope"})
    assert wrong.status == 403 and wrong.body["error"] == {
        "code": "forbidden",
        "message": "Not authorized",
        "invalidToken": True,
    }
    ours = {"Authorization": f"Bearer {world.secret('VERCEL_TOKEN')}"}
    assert (
        world.ask("vercel", "GET", "/v7/deployments?projectId=prj_agencysite", headers=ours).body["deployments"] == []
    )
    assert world.ask("vercel", "GET", "/v9/projects/prj_agencysite", headers=ours).status == 404
    assert world.ask("vercel", "GET", "/v9/projects/prj_agencysite?teamId=team_other", headers=ours).status == 403
    assert world.vercel("GET", "/v9/projects/prj_other").body["error"]["code"] == "not_found"


def test_vercel_lists_deployments_by_filter_and_page(world: Any) -> None:
    production = world.vercel("GET", "/v7/deployments?projectId=prj_agencysite&target=production&state=READY").body[
        "deployments"
    ]
    live = world.vercel("GET", "/v9/projects/prj_agencysite").body["targets"]["production"]["id"]
    assert production[0]["uid"] == live and {each["state"] for each in production} == {"READY"}
    candidates = world.vercel("GET", "/v7/deployments?rollbackCandidate=true").body["deployments"]
    assert live not in {each["uid"] for each in candidates} and all(each["isRollbackCandidate"] for each in candidates)
    seen: list[str] = []
    until = ""
    while until != "None":
        page = world.vercel("GET", f"/v7/deployments?limit=3&until={until}").body
        seen += [each["uid"] for each in page["deployments"]]
        until = str(page["pagination"]["next"])
    assert len(seen) == len(set(seen)) == 7
    recent = world.vercel("GET", f"/v7/deployments?since={production[0]['created'] - 1}&target=production").body[
        "deployments"
    ]
    assert [each["uid"] for each in recent] == [live]


def test_vercel_and_the_site_agree_on_what_is_live(world: Any) -> None:
    live = world.vercel("GET", "/v9/projects/prj_agencysite").body["targets"]["production"]["id"]
    assert world.vercel("GET", "/v13/deployments/agency.test").body["id"] == live
    assert world.vercel("GET", "/v4/aliases/www.agency.test").body[0]["deploymentId"] == live
    answer = world.ask("site", "GET", "/api/health")
    assert answer.body == {"status": "ok", "build": live}
    assert live not in answer.headers["x-vercel-id"]
    assert world.vercel("GET", "/v3/events?projectIds=prj_agencysite").body["events"][0]["createdAt"] > 0


def test_launchdarkly_wants_the_bare_token_and_epoch_milliseconds(world: Any) -> None:
    key = world.secret("LD_API_KEY")
    assert world.launchdarkly("/api/v2/caller-identity").status == 200
    assert world.launchdarkly("/api/v2/caller-identity", Authorization=f"Bearer {key}").body["code"] == "unauthorized"
    assert world.launchdarkly("/api/v2/caller-identity", **{"LD-API-Version": "1999"}).status == 400
    every = world.launchdarkly("/api/v2/auditlog").body["items"]
    newest = every[0]["date"]
    assert world.launchdarkly(f"/api/v2/auditlog?after={newest}").body["items"] == []
    assert len(world.launchdarkly("/api/v2/auditlog?after=2026-11-23").body["items"]) == len(every)
    assert (
        len(
            world.launchdarkly(f"/api/v2/auditlog?after={newest - 1}&spec=proj/agency:env/production:flag/*").body[
                "items"
            ]
        )
        == 1
    )
    assert world.launchdarkly("/api/v2/auditlog?spec=proj/agency:env/staging:flag/*").body["items"] == []
    assert world.launchdarkly("/api/v2/auditlog?limit=21").status == 400
    flag = world.launchdarkly("/api/v2/flags/agency/contact-form").body
    assert flag["environments"]["production"]["on"] is True
    assert world.launchdarkly("/api/v2/flags/other/contact-form").status == 404


def test_who_asks_too_often_is_told_when_to_come_back(world: Any) -> None:
    answers = [world.launchdarkly("/api/v2/flags/agency") for _ in range(61)]
    assert [each.status for each in answers] == [200] * 60 + [429]
    assert int(answers[-1].headers["x-ratelimit-reset"]) > 1e12 and answers[-1].body["code"] == "rate_limited"


def test_a_status_page_follows_its_worst_component(world: Any) -> None:
    calm = world.ask("supabase_status", "GET", "/api/v2/summary.json").body
    assert calm["status"] == {"indicator": "none", "description": "All Systems Operational"} and calm["incidents"] == []
    world.break_("status_noise")
    noisy = world.ask("supabase_status", "GET", "/api/v2/summary.json").body
    hit = {each["name"] for each in noisy["components"] if each["status"] != "operational"}
    assert hit == {"ap-southeast-1", "Edge Functions"} and noisy["status"]["indicator"] == "critical"
    assert world.ask("vercel_status", "GET", "/api/v2/status.json").body["status"]["indicator"] == "none"


def test_every_request_is_in_the_log_refused_ones_too(world: Any) -> None:
    world.ask("vercel", "GET", "/v99/nothing?x=1")
    row = world.rows(system="vercel", path="/v99/nothing")[-1]
    assert (row["method"], row["query"], row["status"], row["change"]) == ("GET", "x=1", 404, False)
    assert row["at"].endswith("Z") and row["request_id"]
