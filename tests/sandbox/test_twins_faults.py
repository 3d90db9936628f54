"""Each fault really hurts, what heals it really heals, and repair brings the healthy world back."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from runbook.sandbox import scenarios

SESSIONS = (
    "select pid, to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as started, application_name, state"
    " from pg_stat_activity where backend_type = 'client backend'"
)
END = "select a.pid, pg_terminate_backend(a.pid) as signalled from pg_stat_activity a where a.pid = %(pid)s::int and a.backend_start = %(started)s::timestamptz"
CANCEL = END.replace("pg_terminate_backend", "pg_cancel_backend")
NEIGHBOURS = ["nightly-report", "postgrest", "realtime_connect", "supabase_auth", "supabase_storage"]
NEW, OLD = "Portal: new session handling", "Portal: remember the last project"
FLAGS_ON = ["booking-calendar", "contact-form", "portal-search"]
HURTS: dict[str, dict[str, Any]] = {
    "healthy": {
        "health": 200,
        "home": 200,
        "auth_test": 200,
        "session_rows": 20,
        "read_only": False,
        "idle_in_transaction": 0,
        "settings_columns": ["name", "value"],
        "migrations": 5,
        "hooks_on": 3,
        "bookings_missed": 0,
    },
    "cal-hook-inactive": {"hooks_on": 2, "bookings_missed": 4},
    "cal-key-dead": {"hooks_on": 3, "bookings_missed": 0},
    "calendar-credential-broken": {"hooks_on": 3, "bookings_missed": 0},
    "cal-secret-rotated": {"hooks_on": 3, "bookings_missed": 3},
    "webhooks-both-silent": {"endpoints_on": 0, "events_unhandled": 12, "hooks_on": 2, "bookings_missed": 4},
    "idle-transaction-leak": {"health": 503, "pool_used": 15, "idle_in_transaction": 15},
    "forgotten-lock": {"health": 503, "idle_in_transaction": 1},
    "runaway-statement": {"health": 503, "idle_in_transaction": 0},
    "postgres-stopped": {"health": 503, "postgres_alive": False, "project_status": "ACTIVE_HEALTHY"},
    "disk-full": {"read_only": True},
    "status-page-false-alarm": {"health": 200},
    "management-api-hanging": {"health": 200},
    "management-api-401": {"health": 200},
    "management-api-html": {"health": 200},
    "pooler-refuses": {"health": 503, "postgres_alive": True},
    "wrong-target": {"health": 503, "other_sessions": 3},
    "leak-and-vendor-outage": {"health": 503, "idle_in_transaction": 15},
    "busy-clients": {"health": 503, "pool_used": 15, "idle_in_transaction": 0},
    "pool-full-for-us": {"health": 503, "idle_in_transaction": 24, "connections": 37},
    "leak-with-young-neighbour": {"health": 503, "idle_in_transaction": 16},
    "leak-restart-skipped": {"health": 503, "idle_in_transaction": 15},
    "traffic-spike": {"health": 503, "busy": True},
    "replica-lagging": {"health": 200},
    "bad-deployment": {"home": 500, "production": NEW},
    "deployment-healthy": {"home": 200, "production": OLD},
    "deployment-frozen": {"home": 500, "production": NEW, "deployments_frozen": False},
    "domain-left-behind": {"home": 200, "domains": [NEW, OLD], "auto_assign": False},
    "no-rollback-candidate": {"home": 500, "production": NEW},
    "not-a-candidate": {"home": 500, "production": NEW},
    "rolled-back-already": {"home": 200, "production": OLD, "auto_assign": False},
    "rolling-release-active": {"home": 500, "production": NEW},
    "slow-deployment": {"home": 200, "production": NEW},
    "flag-raises-errors": {"home": 500, "flags_on": sorted([*FLAGS_ON, "new-pricing"])},
    "flag-without-off-variation": {"home": 500},
    "flag-needs-approval": {"home": 500},
    "flag-off-already": {"home": 200, "flags_on": FLAGS_ON},
    "flag-environment-gone": {"home": 500},
    "deployment-channels-silent": {"home": 500, "production": NEW},
    "mass-delete-recovered": {"health": 200, "data_as_before": False},
    "recovery-fails": {"health": 200, "data_as_before": False},
    "recovery-healthy": {"health": 200},
    "recovery-not-bought": {"health": 200, "data_as_before": False},
    "recovery-one-person-twice": {"health": 200, "data_as_before": False},
    "recovery-outside-the-window": {"health": 200, "data_as_before": False},
    "recovery-replica-in-the-way": {"health": 200, "data_as_before": False},
    "recovery-slack-and-mail-down": {"health": 200, "data_as_before": False},
    "recovery-tables-kept": {"health": 200, "data_as_before": False},
    "auth-healthy": {"auth_test": 200, "sessions_active": 4},
    "clerk-outage": {"auth_test": 503, "home": 200},
    "clerk-hanging": {"auth_test": 503, "home": 200},
    "origin-not-allowed": {"auth_test": 401},
    "single-sign-on-off": {"auth_test": 200},
    "user-looping": {"auth_test": 200, "sessions_active": 28},
    "auth-wrong-target": {"auth_test": 200, "sessions_active": 28},
    "supabase-auth-lost": {"auth_test": 503, "health": 200},
    "auth-pool-full": {"auth_test": 503, "health": 200},
    "loop-and-supabase-auth-lost": {"auth_test": 503, "sessions_active": 28},
    "signing-key-rotated": {"auth_test": 401, "home": 200, "production": OLD},
    "signing-key-rotated-supabase-behind": {"auth_test": 401, "home": 200},
    "sign-in-variable-mistyped": {"auth_test": 401, "production": "Portal: new key name"},
    "instances-mixed": {"auth_test": 401, "production": "Portal: sign-in in the header"},
    "session-rows-cleared": {"auth_test": 200, "session_rows": 320},
    "leaked-unused": {"leak_page": 200, "leak_keys": 2},
    "leaked-and-used": {"leak_page": 200, "leak_keys": 2},
    "leaked-without-a-new-one": {"leak_page": 200, "leak_keys": 1},
    "leaked-new-one-refused": {"leak_page": 200, "leak_keys": 1},
    "leaked-ended-too-early": {"leak_page": 200, "leak_keys": 2},
    "leaked-ended-before-its-time": {"home": 200, "leak_page": 502, "leak_keys": 1},
    "leaked-ended-by-hand": {"leak_page": 200, "leak_keys": 2},
    "leaked-vendor-down": {"leak_page": 502, "leak_keys": 2},
    "leaked-wrong-target": {"leak_page": 200, "leak_keys": 2},
    "leaked-and-bad-deployment": {"home": 500, "leak_page": 200, "leak_keys": 2},
    "leaked-and-dead": {"leak_page": 200, "leak_keys": 1},
    "webhooks-healthy": {"endpoints_on": 1, "events_owed": 0, "events_unhandled": 0},
    "webhook-endpoint-disabled": {"home": 200, "endpoints_on": 0, "events_owed": 0, "events_unhandled": 12},
    "webhook-secret-rotated": {"home": 200, "endpoints_on": 1, "events_unhandled": 6},
    "webhook-secret-unknown": {"home": 200, "endpoints_on": 1, "events_unhandled": 6},
    "webhook-handler-broken": {"home": 200, "events_unhandled": 12},
    "webhook-handler-slow": {"home": 200, "events_unhandled": 4},
    "webhook-redirected": {"home": 200, "events_unhandled": 6},
    "webhook-walled": {"home": 200, "events_unhandled": 6},
    "webhook-disabled-and-rotated": {"endpoints_on": 0},
    "webhooks-wrong-mode": {"home": 200, "endpoints_on": 0, "events_unhandled": 12},
    "stripe-hanging": {"home": 200, "endpoints_on": 1},
    "queue-worker-stopped": {"home": 200, "worker_runs": False, "jobs_waiting": 6, "other_jobs_failed": 2},
    "queue-paused": {"home": 200, "worker_runs": True, "jobs_waiting": 4},
    "queue-poison-job": {"home": 200, "jobs_failed": 1, "receipts": 3},
    "queue-failed-in-outage": {"home": 200, "jobs_failed": 5, "receipts": 3},
    "queue-outage-and-poison": {"home": 200, "jobs_failed": 6, "receipts": 3},
    "flags-healthy": {"home": 200, "flags_on": FLAGS_ON},
    "contract-migration": {
        "health": 503,
        "home": 503,
        "settings_columns": ["content", "language", "name"],
        "migrations": 6,
    },
    "older-code-schema": {
        "health": 200,
        "home": 500,
        "production": NEW,
        "settings_columns": ["content", "name"],
        "migrations": 7,
    },
    "migration-half-applied": {"home": 503, "settings_columns": ["content", "name"], "migrations": 6},
    "migration-wrong-target": {"home": 503, "other_sessions": 3, "migrations": 6},
    "migration-with-data": {"home": 503, "settings_columns": ["content", "language", "name"], "migrations": 6},
    "migrations-healthy": {"home": 200, "settings_columns": ["name", "value"], "migrations": 5},
}


def sessions(connection: psycopg.Connection[Any], **wanted: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        rows = cursor.execute(SESSIONS).fetchall()
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def identity(row: dict[str, Any]) -> str:
    return f"{row['pid']}@{row['started']}"


def test_every_scenario_of_this_folder_is_tried_here() -> None:
    assert set(scenarios.names()) == set(HURTS)


@pytest.mark.parametrize("name", HURTS)
def test_a_scenario_breaks_the_world_and_repair_heals_it(world: Any, name: str) -> None:
    world.control("POST", "break", {"scenario": name})
    broken = world.state()
    assert {key: broken[key] for key in HURTS[name]} == HURTS[name]
    assert broken["lost"] == []
    world.control("POST", "repair", {})
    healed = world.state()
    assert {key: healed[key] for key in HURTS["healthy"]} == HURTS["healthy"]
    assert healed["survivors"] == NEIGHBOURS and healed["default_pool_size"] == 15 and healed["other_sessions"] is None


def test_ending_the_leak_brings_the_site_back_and_the_log_names_each_session(world: Any) -> None:
    world.control("POST", "break", {"scenario": "leak-with-young-neighbour"})
    before = len(world.changes())
    with world.connect() as us:
        leaked = sessions(us, application_name="agency-web", state="idle in transaction")
        for row in leaked:
            assert us.execute(END, row).fetchall() == [(row["pid"], True)]
    world.until(lambda: world.health() == 200)
    rows = world.changes(before)
    assert sorted(each for row in rows for each in row["objects"]) == sorted(map(identity, leaked))
    assert {(row["system"], row["actor"], row["path"]) for row in rows} == {
        ("database", "runbook", "pg_terminate_backend")
    }
    state = world.state()
    assert state["lost"] == [] and "agency-checkout" in state["survivors"]


def test_reading_and_ending_a_session_that_is_gone_leave_no_change(world: Any) -> None:
    before = len(world.changes())
    with world.connect() as us:
        (row,) = sessions(us, application_name="nightly-report")
        assert us.execute(END, {**row, "started": "2026-01-01T00:00:00Z"}).fetchall() == []
        us.execute("select pg_try_advisory_lock(42)")
    assert world.changes(before) == []


def test_a_write_of_ours_in_the_database_is_a_change(world: Any) -> None:
    before = len(world.changes())
    with world.connect() as us:
        us.execute("create temporary table scratch (n int)")
    (row,) = world.changes(before)
    assert (row["system"], row["method"]) == ("database", "CREATE")


def test_ending_a_neighbour_shows_as_lost(world: Any) -> None:
    with world.connect() as us:
        (row,) = sessions(us, application_name="nightly-report")
        us.execute(END, row)
    world.until(lambda: world.state()["lost"] == ["nightly-report"])


def test_cancelling_the_runaway_statement_heals(world: Any) -> None:
    world.control("POST", "break", {"scenario": "runaway-statement"})
    before = len(world.changes())
    with world.connect() as us:
        (row,) = sessions(us, application_name="agency-maintenance")
        us.execute(CANCEL, row)
    world.until(lambda: world.health() == 200)
    (change,) = world.changes(before)
    assert change["path"] == "pg_cancel_backend" and change["objects"] == [identity(row)]


def test_the_young_neighbours_transactions_stay_young(world: Any) -> None:
    world.break_({"young_neighbour": {}})
    with world.connect() as us:
        for _ in range(20):
            (age,) = us.execute(
                "select extract(epoch from now() - xact_start) from pg_stat_activity where application_name = 'agency-checkout'"
            ).fetchone() or (None,)
            assert age is None or age < 1.5


def test_restarting_the_project_really_starts_postgres(world: Any) -> None:
    world.break_("postgres_stopped")
    assert world.supabase("POST", "/restart").status == 200
    assert world.supabase("GET", "").body["status"] in ("RESTARTING", "COMING_UP")
    assert world.supabase("POST", "/restart").status == 400
    world.until(lambda: world.supabase("GET", "").body["status"] == "ACTIVE_HEALTHY")
    world.until(
        lambda: (
            {each["status"] for each in world.supabase("GET", "/health?services=db&services=auth&services=rest").body}
            == {"ACTIVE_HEALTHY"}
        )
    )
    assert world.health() == 200


def test_a_full_pool_is_full_for_us_and_the_management_api_still_gets_in(world: Any) -> None:
    world.control("POST", "break", {"scenario": "pool-full-for-us"})
    with pytest.raises(psycopg.OperationalError, match="remaining connection slots"):
        world.connect()
    with pytest.raises(psycopg.OperationalError, match="EMAXCONNSESSION"):
        world.connect("POOLER_URL")
    leaked = world.supabase(
        "POST",
        "/database/query/read-only",
        {"query": SESSIONS + " and state = $1", "parameters": ["idle in transaction"]},
    )
    assert leaked.status == 201 and len(leaked.body) == 24
    before = len(world.changes())
    end = END.replace("%(pid)s", "$1").replace("%(started)s", "$2")
    for row in leaked.body:
        answer = world.supabase("POST", "/database/query", {"query": end, "parameters": [row["pid"], row["started"]]})
        assert answer.body == [{"pid": row["pid"], "signalled": True}]
    world.until(lambda: world.health() == 200)
    rows = world.changes(before)
    assert [row["objects"] for row in rows] == [[identity(row)] for row in leaked.body]
    assert {row["system"] for row in rows} == {"supabase"}
    assert world.state()["lost"] == []
    world.connect().close()


def test_a_larger_pool_makes_room_beside_busy_clients(world: Any) -> None:
    world.control("POST", "break", {"scenario": "busy-clients"})
    assert world.supabase("PATCH", "/config/database/pooler", {"default_pool_size": 24}).body == {
        "default_pool_size": 24,
        "pool_mode": "session",
    }
    assert world.supabase("GET", "/config/database/pooler").body[0]["default_pool_size"] == 24
    world.until(lambda: world.health() == 200)


def test_attack_mode_keeps_the_crowd_off_and_lets_visitors_in(world: Any) -> None:
    world.control("POST", "break", {"scenario": "traffic-spike"})
    world.until(lambda: max(_per_minute(world)) > 5 * min(_per_minute(world)))
    assert world.vercel("GET", "/v1/security/firewall/attack-status?projectId=prj_agencysite").body["anomalies"]
    before = len(world.changes())
    world.vercel("POST", "/v1/security/attack-mode", {"projectId": "prj_agencysite", "attackModeEnabled": True})
    world.until(lambda: world.health() == 200)
    assert world.vercel("GET", "/v9/projects/prj_agencysite").body["security"]["attackModeEnabled"] is True
    world.until(lambda: world.state()["visitors"].get("403", 0) > 0)
    assert [row["objects"] for row in world.changes(before)] == [["prj_agencysite"]]


def _per_minute(world: Any) -> list[int]:
    rows = world.supabase("GET", "/analytics/endpoints/usage.api-counts?interval=15min").body["result"]
    return [row["total_rest_requests"] for row in rows]


def test_the_wrong_database_is_another_one_and_only_our_address_points_there(world: Any) -> None:
    who = "select system_identifier::text from pg_control_system()"
    with world.connect() as us:
        ours = us.execute(who).fetchone()
    world.break_("wrong_target")
    with world.connect() as us, world.connect("POOLER_URL") as pooled:
        assert us.execute(who).fetchone() != ours and pooled.execute(who).fetchone() == ours
    world.control("POST", "repair", {})
    with world.connect() as us:
        assert us.execute(who).fetchone() == ours


def test_a_hanging_api_says_nothing_and_the_log_says_so(world: Any) -> None:
    world.break_({"api_answers": {"kind": "hang"}})
    with pytest.raises(TimeoutError):
        world.supabase("GET", "/readonly", seconds=0.3)
    world.until(
        lambda: len(world.rows(system="supabase", path="/v1/projects/sandboxsandboxsandbo/readonly", status=None)) == 1
    )
    assert world.health() == 200


def test_a_gateway_page_half_of_an_answer_and_slow_answers(world: Any) -> None:
    world.break_({"api_answers": {"kind": "html"}})
    page = world.supabase("GET", "")
    assert page.status == 502 and page.body.startswith("<!DOCTYPE html>")
    world.break_({"api_answers": {"kind": "truncated"}})
    assert isinstance(world.supabase("GET", "").body, str)
    world.break_({"slow_answers": {"milliseconds": 150, "systems": ["vercel"]}})
    with pytest.raises(TimeoutError):
        world.ask("vercel", "GET", "/v2/user", seconds=0.1)


def test_a_vendor_outage_takes_services_away_and_refuses_changes(world: Any) -> None:
    world.break_({"vendor_outage": {"services": ["auth"]}})
    health = {each["name"]: each["status"] for each in world.supabase("GET", "/health?services=auth&services=db").body}
    assert health == {"auth": "UNHEALTHY", "db": "ACTIVE_HEALTHY"}
    assert world.supabase("POST", "/restart").status == 503
    assert world.ask("site", "GET", "/api/auth/test").status == 503
    page = world.ask("supabase_status", "GET", "/api/v2/summary.json").body
    assert page["status"]["indicator"] == "critical" and page["incidents"][0]["components"][0]["name"] == "Auth"


def test_read_only_mode_is_real_and_can_be_lifted_for_a_while(world: Any) -> None:
    world.break_("disk_full")
    lead = {"email": "a@example.test", "message": "hello"}
    assert world.ask("site", "POST", "/contact", lead).status == 503
    used = world.supabase("GET", "/config/disk/util").body["metrics"]
    assert used["fs_used_bytes"] > 0.95 * used["fs_size_bytes"]
    assert world.supabase("POST", "/readonly/temporary-disable").status == 201
    answer = world.supabase("GET", "/readonly").body
    assert answer["enabled"] is False and answer["override_enabled"] is True
    world.until(lambda: world.ask("site", "POST", "/contact", lead).status == 201)


def test_a_lagging_replica_is_real_the_vendor_lists_it_and_repair_takes_it_away(world: Any) -> None:
    world.control("POST", "break", {"scenario": "replica-lagging"})
    assert 80 <= world.state()["replica_behind_mb"] < 100
    listed = world.supabase("GET", "/config/database/pooler").body
    assert [each["database_type"] for each in listed] == ["PRIMARY", "READ_REPLICA"]
    with world.connect() as us:
        (name, state, behind) = us.execute(
            "select application_name, state, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) from pg_stat_replication"
        ).fetchone()
    assert (name, state) == ("read-replica-1", "streaming") and behind > 80_000_000
    world.control("POST", "repair", {})
    assert world.state()["replica_behind_mb"] is None
    assert len(world.supabase("GET", "/config/database/pooler").body) == 1


def test_an_unknown_fault_or_argument_breaks_nothing(world: Any) -> None:
    for wrong in ({"faults": ["earthquake"]}, {"faults": [{"disk_full": {"how": 1}}]}, {"scenario": "../healthy"}):
        answer = world.ask(
            "control", "POST", "/break", wrong, headers={"Authorization": f"Bearer {world.secret('CONTROL_TOKEN')}"}
        )
        assert answer.status == 400 and answer.body["error"]
    assert world.state()["faults"] == []
    assert world.ask("control", "GET", "/state").status == 401
