"""Each call of each client: the request as the vendor documents it, the answer as the vendor writes it, and never a guess.

The answers are small and written by hand from the vendors' API references; fields that nobody reads are there to show that
they stay where they are: webhook secrets, connection strings, SDK keys.
"""

from __future__ import annotations

from typing import Any

import calls_booking
import calls_paying
import calls_signing_in
import calls_telling
import calls_watching
import pytest
from calls import MS, SECRET, Call
from runbook.clients.launchdarkly import FlagChange
from runbook.clients.status_page import Component, Incident, StatusSummary
from runbook.clients.supabase import ApiCounts, AuthKey, Disk, PoolerConfig, Project, Service, ThirdParty
from runbook.clients.vercel_rows import Activity, Deployment, Move, VercelProject
from runbook.errors import Fault, SystemFault
from runbook.testing import PROJECT, REF, TEAM, Asked, Says, World

SUPABASE = f"/v1/projects/{REF}"
VERCEL = f"/v9/projects/{PROJECT}"
OURS = {"teamId": TEAM}
DEPLOYMENT = {
    "uid": "dpl_1", "name": "site", "url": "site-1.vercel.app", "created": MS, "createdAt": MS, "state": "READY",
    "readyState": "READY", "readySubstate": "PROMOTED", "target": "production", "creator": {"uid": "u", "username": "mira"},
    "meta": {"githubCommitSha": "0123456789abcdef", "githubCommitMessage": "Save\nleads"}, "isRollbackCandidate": True,
}  # fmt: skip
READ_DEPLOYMENT = Deployment(
    "dpl_1", "2026-01-05T03:00:00.000Z", "READY", "production", "mira", "0123456789ab", "Save leads", True
)
VERCEL_PROJECT = {
    "id": PROJECT, "name": "site", "accountId": TEAM, "targets": {"production": {"id": "dpl_1", "alias": ["a.test"]}},
    "env": [{"key": "TOKEN", "value": SECRET}], "security": {"attackModeEnabled": True}, "autoAssignCustomDomains": False,
    "lastAliasRequest": {"fromDeploymentId": "dpl_2", "toDeploymentId": "dpl_1", "jobStatus": "succeeded",
                         "requestedAt": MS, "type": "rollback"},
}  # fmt: skip

CALLS = {
    "launchdarkly.role": Call(
        "launchdarkly", lambda s: s.launchdarkly.role("t"), "GET /api/v2/tokens/t",
        {"_id": "t", "name": "runbook", "role": "writer", "customRoleIds": [], "token": SECRET, "serviceToken": True},
        "writer",
    ),
    "supabase.project": Call(
        "supabase", lambda s: s.supabase.project(), f"GET {SUPABASE}",
        {"id": REF, "ref": REF, "organization_id": "o", "name": "agency", "region": "eu-central-1",
         "created_at": "2025-01-01T00:00:00Z", "status": "ACTIVE_HEALTHY",
         "database": {"host": f"db.{REF}.supabase.co", "version": "17.4", "postgres_engine": "17", "release_channel": "ga"}},
        Project(REF, "agency", "eu-central-1", "ACTIVE_HEALTHY", f"db.{REF}.supabase.co", "17.4"),
    ),
    "supabase.health": Call(
        "supabase", lambda s: s.supabase.health(["auth", "db"]), f"GET {SUPABASE}/health",
        [{"name": "auth", "status": "ACTIVE_HEALTHY", "healthy": True, "info": {"version": "v2", "name": "GoTrue"}},
         {"name": "db", "status": "UNHEALTHY", "healthy": False, "error": "no\nconnection"}],
        [Service("auth", "ACTIVE_HEALTHY", ""), Service("db", "UNHEALTHY", "no connection")],
        {"services": "db", "timeout_ms": "5000"},
    ),
    "supabase.pooler_configs": Call(
        "supabase", lambda s: s.supabase.pooler_configs(), f"GET {SUPABASE}/config/database/pooler",
        [{"identifier": REF, "database_type": "PRIMARY", "is_using_scram_auth": True, "db_user": "postgres",
          "db_host": "aws-0-eu-central-1.pooler.supabase.com", "db_port": 6543, "db_name": "postgres",
          "connection_string": SECRET, "connectionString": SECRET, "default_pool_size": None, "max_client_conn": 200,
          "pool_mode": "transaction"}],
        [PoolerConfig("PRIMARY", REF, "transaction", None, 200)],
        may_be_empty=True,
    ),
    "supabase.set_pool_size": Call(
        "supabase", lambda s: s.supabase.set_pool_size(20), f"PATCH {SUPABASE}/config/database/pooler",
        {"default_pool_size": 20, "pool_mode": "transaction"}, None, body={"default_pool_size": 20},
    ),
    "supabase.restart": Call("supabase", lambda s: s.supabase.restart(), f"POST {SUPABASE}/restart", None, None),
    "supabase.query_read_only": Call(
        "supabase", lambda s: s.supabase.query_read_only("select $1::int as a", [1]),
        f"POST {SUPABASE}/database/query/read-only", [{"a": 1}], [{"a": 1}],
        body={"query": "select $1::int as a", "parameters": [1]}, status=201, may_be_empty=True,
    ),
    "supabase.query": Call(
        "supabase", lambda s: s.supabase.query("select pg_terminate_backend($1)", [1]), f"POST {SUPABASE}/database/query",
        [{"ok": True}], [{"ok": True}],
        body={"query": "select pg_terminate_backend($1)", "parameters": [1], "read_only": False}, status=201,
        may_be_empty=True,
    ),
    "supabase.migrations": Call(
        "supabase", lambda s: s.supabase.migrations(), f"GET {SUPABASE}/database/migrations",
        [{"version": "20260105030000", "name": "add_leads"}, {"version": "20260104000000"}],
        [{"version": "20260105030000", "name": "add_leads"}, {"version": "20260104000000", "name": ""}],
        may_be_empty=True,
    ),
    "supabase.backups": Call(
        "supabase", lambda s: s.supabase.backups(), f"GET {SUPABASE}/database/backups",
        {"region": "eu-central-1", "walg_enabled": True, "pitr_enabled": True,
         "backups": [{"is_physical_backup": True, "status": "COMPLETED", "inserted_at": "2026-01-05T01:00:00Z"}],
         "physical_backup_data": {"earliest_physical_backup_date_unix": 1, "latest_physical_backup_date_unix": 2}},
        {"pitr_enabled": True, "earliest_unix": 1, "latest_unix": 2,
         "backups": [{"status": "COMPLETED", "inserted_at": "2026-01-05T01:00:00Z"}]},
    ),
    "supabase.restore_to": Call(
        "supabase", lambda s: s.supabase.restore_to(1767582000), f"POST {SUPABASE}/database/backups/restore-pitr", None, None,
        body={"recovery_time_target_unix": 1767582000}, status=201,
    ),
    "supabase.auth_keys": Call(
        "supabase", lambda s: s.supabase.auth_keys(), f"GET {SUPABASE}/config/auth/signing-keys",
        {"keys": [{"id": "k1", "algorithm": "ES256", "status": "in_use", "public_jwk": {"d": SECRET}}]},
        [AuthKey("k1", "ES256", "in_use")],
    ),
    "supabase.third_parties": Call(
        "supabase", lambda s: s.supabase.third_parties(), f"GET {SUPABASE}/config/auth/third-party-auth",
        [{"id": "t1", "type": "clerk", "oidc_issuer_url": "https://clerk.agency.test", "resolved_at": "2026-01-05T03:00:00Z",
          "resolved_jwks": {"keys": [{"kid": "ins_1", "kty": "RSA", "alg": "RS256", "n": "n", "e": "AQAB", "d": SECRET}]}}],
        [ThirdParty("clerk", "https://clerk.agency.test", ("ins_1",), "2026-01-05T03:00:00Z")], may_be_empty=True,
    ),
    "supabase.disk": Call(
        "supabase", lambda s: s.supabase.disk(), f"GET {SUPABASE}/config/disk/util",
        {"timestamp": "2026-01-05T03:00:00Z", "metrics": {"fs_size_bytes": 100, "fs_avail_bytes": 40, "fs_used_bytes": 60}},
        Disk(60, 100),
    ),
    "supabase.read_only_mode": Call(
        "supabase", lambda s: s.supabase.read_only_mode(), f"GET {SUPABASE}/readonly",
        {"enabled": False, "override_enabled": False, "override_active_until": ""}, False,
    ),
    "supabase.api_counts": Call(
        "supabase", lambda s: s.supabase.api_counts(), f"GET {SUPABASE}/analytics/endpoints/usage.api-counts",
        {"result": [{"timestamp": "2026-01-05T02:59:00", "total_auth_requests": 2, "total_realtime_requests": 0,
                     "total_rest_requests": 7, "total_storage_requests": 1}], "error": None},
        [ApiCounts("2026-01-05T02:59:00", 7, 2, 1, 0)], {"interval": "15min"},
    ),
    "supabase.network_bans": Call(
        "supabase", lambda s: s.supabase.network_bans(), f"POST {SUPABASE}/network-bans/retrieve",
        {"banned_ipv4_addresses": ["203.0.113.7"]}, ["203.0.113.7"], status=201,
    ),
    "supabase.upgrade_status": Call(
        "supabase", lambda s: s.supabase.upgrade_status(), f"GET {SUPABASE}/upgrade/status",
        {"databaseUpgradeStatus": {"initiated_at": "2026-01-05T02:00:00Z", "status": 1, "progress": "2_attached_volume",
                                   "target_version": 17}},
        {"initiated_at": "2026-01-05T02:00:00Z", "status": "1", "progress": "2_attached_volume"},
    ),
    "vercel.project": Call(
        "vercel", lambda s: s.vercel.project(), f"GET {VERCEL}", VERCEL_PROJECT,
        VercelProject(PROJECT, "site", TEAM, "dpl_1", False,
                      Move("rollback", "dpl_2", "dpl_1", "succeeded", "2026-01-05T03:00:00.000Z")), OURS,
    ),
    "vercel.attack_mode": Call(
        "vercel", lambda s: s.vercel.attack_mode(), f"GET {VERCEL}", VERCEL_PROJECT, True, OURS,
    ),
    "vercel.deployments": Call(
        "vercel", lambda s: s.vercel.deployments(since_ms=MS), "GET /v7/deployments",
        {"deployments": [DEPLOYMENT], "pagination": {"count": 1, "next": None, "prev": None}}, [READ_DEPLOYMENT],
        OURS | {"projectId": PROJECT, "target": "production", "limit": "20", "since": str(MS)},
    ),
    "vercel.rollback_candidates": Call(
        "vercel", lambda s: s.vercel.rollback_candidates(), "GET /v7/deployments", {"deployments": [DEPLOYMENT]},
        [READ_DEPLOYMENT], OURS | {"projectId": PROJECT, "state": "READY", "rollbackCandidate": "true"},
    ),
    "vercel.alias": Call(
        "vercel", lambda s: s.vercel.alias("www.agency.test"), "GET /v4/aliases/www.agency.test",
        {"uid": "a", "alias": "www.agency.test", "deploymentId": "dpl_1", "projectId": PROJECT}, "dpl_1", OURS,
    ),
    "vercel.rolling_release": Call(
        "vercel", lambda s: s.vercel.rolling_release(), f"GET /v1/projects/{PROJECT}/rolling-release",
        {"rollingRelease": {"state": "ACTIVE", "currentDeployment": {"id": "dpl_1"}, "canaryDeployment": {"id": "dpl_2"}}},
        "dpl_2", OURS,
    ),
    "vercel.activity": Call(
        "vercel", lambda s: s.vercel.activity(since_ms=MS), "GET /v3/events",
        {"events": [{"id": "e1", "text": "mira changed  TOKEN", "createdAt": MS, "entities": [], "userId": "u",
                     "user": {"username": "mira", "email": "mira@agency.test"}}]},
        [Activity("e1", "2026-01-05T03:00:00.000Z", "mira changed TOKEN", "mira")],
        OURS | {"projectIds": PROJECT, "since": "2026-01-05T03:00:00.000Z", "limit": "30"},
    ),
    "vercel.attack_status": Call(
        "vercel", lambda s: s.vercel.attack_status(), "GET /v1/security/firewall/attack-status",
        {"anomalies": [{"projectId": PROJECT, "state": "active"}]}, 1, OURS | {"projectId": PROJECT},
    ),
    "vercel.set_attack_mode": Call(
        "vercel", lambda s: s.vercel.set_attack_mode(on=True, until_ms=MS), "POST /v1/security/attack-mode",
        {"attackModeEnabled": True, "attackModeUpdatedAt": MS}, None, OURS,
        {"projectId": PROJECT, "attackModeEnabled": True, "attackModeActiveUntil": MS},
    ),
    "vercel.roll_back": Call(
        "vercel", lambda s: s.vercel.roll_back("dpl_0", "r" * 300), f"POST /v1/projects/{PROJECT}/rollback/dpl_0", None, None,
        OURS | {"description": "r" * 250}, status=201,
    ),
    "vercel.promote": Call(
        "vercel", lambda s: s.vercel.promote("dpl_2"), f"POST /v10/projects/{PROJECT}/promote/dpl_2", None, True, OURS,
        status=201, is_change=True,
    ),
    "launchdarkly.flag_changes": Call(
        "launchdarkly", lambda s: s.launchdarkly.flag_changes(after_ms=MS), "GET /api/v2/auditlog",
        {"items": [{"_id": "x", "date": MS, "kind": "flag", "name": "new-form", "titleVerb": "turned off the flag",
                    "shortDescription": "", "comment": "too\nslow", "member": {"email": "jonas@agency.test"}}],
         "_links": {"self": {"href": "/api/v2/auditlog"}}},
        [FlagChange("2026-01-05T03:00:00.000Z", "jonas@agency.test", "new-form", "turned off the flag", "too slow")],
        {"after": str(MS), "spec": "proj/agency:env/production:flag/*", "limit": "20"},
    ),
    "launchdarkly.environment": Call(
        "launchdarkly", lambda s: s.launchdarkly.environment(), "GET /api/v2/projects/agency/environments/production",
        {"_id": "x", "key": "production", "name": "Production", "apiKey": SECRET, "mobileKey": SECRET, "critical": True},
        "production",
    ),
    "status_page.summary": Call(
        "supabase_status", lambda s: s.status_pages["supabase"].summary(), "GET /api/v2/summary.json",
        {"page": {"id": "p"}, "status": {"indicator": "major", "description": "Partial outage"},
         "components": [{"id": "c", "name": "Auth", "status": "major_outage", "group_id": None}],
         "incidents": [{"id": "i", "name": "Errors", "impact": "major", "status": "investigating",
                        "shortlink": "https://stspg.io/1", "updated_at": "2026-01-05T03:00:00Z",
                        "components": [{"name": "Auth"}], "incident_updates": []}]},
        StatusSummary("major", "Partial outage", (Component("Auth", "major_outage"),),
                      (Incident("Errors", "major", "investigating", "https://stspg.io/1", "2026-01-05T03:00:00Z", ("Auth",)),)),
    ),
    "other_status.calcom": Call(
        "calcom_status", lambda s: s.status_pages["calcom"].summary(), "GET /api/status/summary.json",
        {"page": {"name": "Cal.com"}, "status": {"indicator": "minor", "description": "Degraded"}},
        StatusSummary("minor", "Degraded", (), ()),
    ),
    "other_status.slack": Call(
        "slack_status", lambda s: s.status_pages["slack"].summary(), "GET /api/v2.0.0/current",
        {"status": "active", "active_incidents": [
            {"id": 1, "title": "Slow messages", "type": "incident", "status": "active", "url": "https://slack-status.com/1",
             "date_updated": "2026-01-05T03:00:00Z", "services": ["Messaging"], "notes": []}]},
        StatusSummary("major", "", (), (Incident("Slow messages", "incident", "active", "https://slack-status.com/1",
                                                 "2026-01-05T03:00:00Z", ("Messaging",)),)),
    ),
    **calls_booking.CALLS,
    **calls_paying.CALLS,
    **calls_signing_in.CALLS,
    **calls_telling.CALLS,
    **calls_watching.CALLS,
}  # fmt: skip
READS = {name: call for name, call in CALLS.items() if call.result is not None and not call.is_change}
WRITES = {name: call for name, call in CALLS.items() if name not in READS and not call.is_keyed}
AUTHORIZATION = {
    "calcom": "Bearer cal_live_test",
    "clerk": "Bearer sk_test",
    "launchdarkly": "api-test",
    "pagerduty": "Token token=pagerduty-test",
    "sentry": "Bearer sentry-test",
    "slack": "Bearer xoxb-test",
    "statuspage": "OAuth statuspage-test",
    "stripe": "Bearer rk_live_test",
    "supabase": "Bearer sbp_test",
    "tinybird": "Bearer p.test",
    "vercel": "Bearer vercel-test",
}


def world_that_says(call: Call, answer: Any) -> World:
    return World(vendors={call.system: {call.request: answer}})


def requests(world: World, call: Call) -> list[Asked]:
    return world.vendors[call.system].asked


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_call_goes_out_and_comes_back_as_documented(call: Call) -> None:
    world = world_that_says(call, Says(call.status, call.answer))
    result = call.question(world.systems)
    assert result == call.result
    assert SECRET not in repr(result)
    (asked,) = requests(world, call)
    assert {name: asked.query.get(name) for name in call.query} == call.query
    assert asked.json == call.body
    assert asked.headers.get("authorization") == AUTHORIZATION.get(call.system)
    if call.system == "launchdarkly":
        assert asked.headers["ld-api-version"] == "20240415"
    if call.system == "clerk":
        assert asked.headers["clerk-api-version"] == "2026-05-12"
    if call.system == "calcom":
        assert asked.headers.get("cal-api-version") == ("2024-08-13" if "/bookings" in call.request else None)
    if call.system == "stripe":
        assert asked.headers["stripe-version"] == "2023-08-16"
        assert asked.headers.get("idempotency-key") == ("key-1" if call.is_keyed else None)
    if call.system == "supabase_auth":
        assert asked.headers["apikey"] == "sb_publishable_test"


BAD: dict[str, Any] = {
    "another object": {"hello": "world"},
    "an empty object": {},
    "a list of texts": ["a"],
    "a text": "ok",
    "a number": 1,
    "null": None,
    "an error inside a 200": {"error": {"code": "internal", "message": "no"}, "ok": False},
    "a web page": Says(text="<!doctype html><h1>Welcome"),
    "cut off": Says(text='{"ref": "te'),
    "nothing": Says(204, text=""),
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
@pytest.mark.parametrize("call", READS.values(), ids=READS)
def test_an_answer_that_is_something_else_is_unreadable_and_never_good_news(call: Call, answer: Any) -> None:
    with pytest.raises(SystemFault) as raised:
        call.question(world_that_says(call, answer).systems)
    assert raised.value.fault in (Fault.UNREADABLE, Fault.DOWN)
    assert raised.value.next_step or raised.value.fault is Fault.DOWN


LISTS = [name for name, call in READS.items() if isinstance(call.answer, list)]


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_is_only_good_where_nothing_may_have_happened(name: str) -> None:
    call = READS[name]
    if call.may_be_empty:
        assert call.question(world_that_says(call, []).systems) == []
        return
    with pytest.raises(SystemFault):
        call.question(world_that_says(call, []).systems)


def with_null(answer: Any) -> list[Any]:
    """The answer once for each of its fields, with null in that field, at every depth."""
    spoilt: list[Any] = []
    if isinstance(answer, dict):
        for key, value in answer.items():
            spoilt += [{**answer, key: None}, *({**answer, key: inner} for inner in with_null(value))]
    elif isinstance(answer, list) and answer:
        spoilt += [[inner, *answer[1:]] for inner in (None, 7, *with_null(answer[0]))]
    return spoilt


@pytest.mark.parametrize("call", READS.values(), ids=READS)
def test_a_field_that_is_null_or_of_another_kind_is_read_or_a_fault_never_a_crash(call: Call) -> None:
    for answer in with_null(call.answer):
        for spoilt in (answer, {"data": answer}):
            try:
                result = call.question(world_that_says(call, spoilt).systems)
            except SystemFault as fault:
                assert fault.fault in (Fault.UNREADABLE, Fault.DOWN), (spoilt, fault)
            else:
                assert type(result) is type(call.result), spoilt


REFUSALS = {401: Fault.AUTH, 403: Fault.PERMISSION, 404: Fault.NOT_FOUND, 410: Fault.RETIRED, 500: Fault.DOWN}


@pytest.mark.parametrize(("status", "fault"), REFUSALS.items())
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_refusal_is_a_fault_and_asked_once(call: Call, status: int, fault: Fault) -> None:
    world = world_that_says(call, Says(status, {"message": "no"}))
    with pytest.raises(SystemFault) as raised:
        call.question(world.systems)
    assert (raised.value.fault, len(requests(world, call))) == (fault, 1)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
def test_a_change_is_never_sent_again(call: Call, status: int) -> None:
    world = world_that_says(call, Says(status, {"message": "no"}, {"retry-after": "1"}))
    with pytest.raises(SystemFault):
        call.question(world.systems)
    assert (len(requests(world, call)), world.clock.slept, world.changes) == (1, [], [])


KEYED = {name: call for name, call in CALLS.items() if call.is_keyed}


@pytest.mark.parametrize("call", KEYED.values(), ids=KEYED)
def test_a_change_with_a_key_in_it_is_sent_again_as_it_was(call: Call) -> None:
    answers = [Says(503, {"message": "no"}), Says(429, {"message": "no"}), Says(call.status, call.answer)]
    world = World(vendors={call.system: {call.request: lambda asked: answers.pop(0)}})
    assert call.question(world.systems) == call.result
    assert [asked.json for asked in requests(world, call)] == [call.body] * 3


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
@pytest.mark.parametrize("call", KEYED.values(), ids=KEYED)
def test_a_change_with_a_key_is_done_only_where_the_answer_says_so(call: Call, answer: Any) -> None:
    with pytest.raises(SystemFault):
        call.question(world_that_says(call, answer).systems)


def test_a_page_without_a_key_is_not_sent() -> None:
    world = World()
    for key in ("", "x" * 256):
        with pytest.raises(SystemFault, match="dedup key"):
            world.systems.pagerduty_events.resolve(key)
    assert world.vendors["pagerduty_events"].asked == []


def test_a_service_that_health_leaves_out_is_not_healthy() -> None:
    call = READS["supabase.health"]
    with pytest.raises(SystemFault, match="says nothing of db"):
        call.question(world_that_says(call, call.answer[:1]).systems)


def test_an_error_inside_a_200_of_analytics_is_down_and_says_what() -> None:
    call = READS["supabase.api_counts"]
    for error in ("Too many rows", {"code": 400, "message": "Too many rows"}):
        with pytest.raises(SystemFault, match="Too many rows"):
            call.question(world_that_says(call, {"result": None, "error": error}).systems)


def test_a_promotion_that_waits_behind_a_rolling_release_is_not_done() -> None:
    assert CALLS["vercel.promote"].question(world_that_says(CALLS["vercel.promote"], Says(202)).systems) is False


@pytest.mark.parametrize("uid", ["../../v1/projects/other/pause", "dpl_1?teamId=other", "a/b", "dpl\n1"])
def test_an_id_never_leads_to_another_call(uid: str) -> None:
    world = World(vendors={"vercel": {"POST *": None}})
    world.systems.vercel.roll_back(uid, "x")
    (asked,) = world.vendors["vercel"].asked
    assert asked.path == f"/v1/projects/{PROJECT}/rollback/{uid}"
    assert asked.query["teamId"] == TEAM


@pytest.mark.parametrize("uid", ["", ".", ".."])
def test_what_is_no_id_is_not_sent(uid: str) -> None:
    world = World()
    with pytest.raises(SystemFault, match="is no id"):
        world.systems.vercel.promote(uid)
    assert world.vendors["vercel"].asked == []


def test_the_site_is_read_whatever_it_answers() -> None:
    for said, data in ((Says(503, {"status": "degraded"}), {"status": "degraded"}), (Says(200, text="<h1>Hi"), None)):
        page = World(vendors={"site": {"GET /api/health": said}}).systems.site.get("/api/health")
        assert (page.status_code, page.data) == (said.status, data)


def test_the_site_is_asked_past_the_cache_and_without_anybodys_token() -> None:
    world = World(vendors={"site": {"GET /": Says(text="x" * 5000)}})
    assert len(world.systems.site.get("/").text) == 2000
    (asked,) = world.vendors["site"].asked
    assert asked.headers["cache-control"] == "no-cache"
    assert "authorization" not in asked.headers


def test_our_auth_test_gets_the_test_user_and_says_what_it_says() -> None:
    said = {
        "clerk": "token-invalid-signature",
        "supabase_auth": "ok",
        "pinned_key": "abc",
        "token_kid": "ins_1",
        "more": SECRET,
    }
    world = World(vendors={"site": {"POST /api/auth/test": Says(401, said)}})
    read = world.systems.site.auth_test("/api/auth/test")
    assert (read.status_code, read.clerk, read.supabase_auth) == (401, "token-invalid-signature", "ok")
    assert (read.pinned_key, read.token_kid, read.error) == ("abc", "ins_1", "")
    (asked,) = world.vendors["site"].asked
    assert asked.json == {"email": "smoke@agency.test", "password": "test-password"}
    assert world.changes == []


def test_without_a_test_user_our_auth_test_is_asked_all_the_same() -> None:
    world = World(vendors={"site": {"POST /api/auth/test": Says(text="<h1>fine")}}, secrets={})
    assert world.systems.site.auth_test("/api/auth/test").clerk == ""
    (asked,) = world.vendors["site"].asked
    assert asked.json == {}
