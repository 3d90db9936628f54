"""Supabase's Management API."""

from datetime import UTC, datetime, timedelta

from runbook.clients import choices
from runbook.clients.supabase import Supabase
from runbook.sandbox.seeds import PROJECT_REF
from runbook.sandbox.twins import supabase as twins
from vendor_contract.recording import Contract

OURS = f"/v1/projects/{PROJECT_REF}"


def play(supabase, sandbox):
    assert [one.key for one in choices.supabase_projects(supabase.door)] == ["sandboxsandboxsandbo"]
    supabase.project()
    supabase.health(["auth", "db_postgres_user", "pg_bouncer"])
    supabase.pooler_configs()
    supabase.set_pool_size(20)
    supabase.query_read_only("select $1::int as a", [1])
    supabase.query("select 1 as a", [])
    supabase.migrations()
    supabase.backups()
    supabase.auth_keys()
    supabase.third_parties()
    supabase.disk()
    supabase.read_only_mode()
    supabase.api_counts()
    supabase.api_counts(interval="1day")
    supabase.network_bans()
    supabase.upgrade_status()
    now = datetime.now(UTC)
    keys = {one.kind: one for one in supabase.api_keys()}
    since = (now - timedelta(hours=1)).isoformat()
    assert supabase.key_uses(prefix=keys["secret"].prefix, since=since, until=now.isoformat()) == []
    supabase.end_api_key(key_id=keys["secret"].key_id, reason="a test")
    assert [one.kind for one in supabase.api_keys()] == ["publishable"]
    for path in ("config/database/postgres", "config/disk"):
        supabase.door.read(f"{OURS}/{path}")
    assert supabase.door.text(f"{OURS}/health")[0] == 400
    assert supabase.door.text("/v1/projects/aaaaaaaaaaaaaaaaaaaa")[0] == 404
    assert [supabase.door.text(f"{OURS}/analytics/endpoints/usage.api-counts")[0] for _ in range(31)][-1] == 429
    sandbox.break_("replica_lagging", {"disk_full": {"percent": 97}})
    supabase.pooler_configs()
    supabase.disk()
    supabase.read_only_mode()
    supabase.door.write("POST", f"{OURS}/readonly/temporary-disable")
    supabase.read_only_mode()
    sandbox.break_("mass_delete")
    supabase.restore_to(supabase.backups()["latest_unix"])
    sandbox.break_("postgres_stopped")
    supabase.project()
    supabase.health()
    supabase.restart()


CONTRACTS = [
    Contract("supabase", ("supabase.openapi.json",), Supabase, (twins.VENDOR,), lambda systems: systems.supabase, play)
]
