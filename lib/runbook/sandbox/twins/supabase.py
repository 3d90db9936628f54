"""Supabase's Management API: what it says of the project comes from the real parts, what it changes is really changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from runbook.sandbox import restarting
from runbook.sandbox.seeds import ORGANIZATION, PROJECT_REF, REGION, token
from runbook.sandbox.twins import supabase_auth_keys, supabase_backups, supabase_keys, supabase_sql
from runbook.sandbox.twins.frame import Call, Refusal, Reply
from runbook.sandbox.twins.supabase_door import USAGE_PER_MINUTE, VENDOR, body_of, project_route
from runbook.sandbox.twins.supabase_health import MOST_MILLISECONDS, NAMES, server_version, service
from runbook.times import iso

if TYPE_CHECKING:
    from runbook.sandbox.world import World

__all__ = ["VENDOR", "supabase_auth_keys", "supabase_backups", "supabase_keys"]
Json = Any
POOL_SIZE_MOST = 3000


@VENDOR.route("GET", "/v1/projects")
def projects(world: World, call: Call) -> Reply:
    """Every project that the token reaches."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    others = [
        _project(world) | {"id": ref, "ref": ref, "name": name}
        for at, name in enumerate(world.tokens.other_projects)
        if (ref := letters[at : at + 20])
    ]
    return Reply([_project(world), *others])


@project_route("GET", "")
def project(world: World, call: Call) -> Reply:
    """The project. Its status stays ACTIVE_HEALTHY through an outage of the database: only health tells (field)."""
    return Reply(_project(world))


def _project(world: World) -> Json:
    version = server_version(world)
    return {
        "id": PROJECT_REF, "ref": PROJECT_REF, "organization_id": token("organization", 20),
        "organization_slug": ORGANIZATION, "name": "agency", "region": REGION,
        "created_at": iso(world.platform.created), "status": world.platform.status,
        "database": {
            "host": f"db.{PROJECT_REF}.supabase.co", "version": version, "postgres_engine": version.split(".")[0],
            "release_channel": "ga",
        },
    }  # fmt: skip


@project_route("GET", "/health")
def health(world: World, call: Call) -> Reply:
    """Each service that was asked for, probed now."""
    asked = call.query.get("services", [])
    if not asked:
        raise Refusal(400, "services: Invalid input: expected array, received undefined")
    if wrong := [name for name in asked if name not in NAMES]:
        raise Refusal(400, f"services.{asked.index(wrong[0])}: Invalid option: expected one of {'|'.join(NAMES)}")
    timeout = call.one("timeout_ms", "1000")
    if not timeout.isdigit() or int(timeout) > MOST_MILLISECONDS:
        raise Refusal(400, f"timeout_ms: Too big: expected number to be <={MOST_MILLISECONDS}")
    return Reply([service(world, name) for name in asked])


@project_route("POST", "/restart")
def restart(world: World, call: Call) -> Reply:
    """Restart the project: Postgres really stops and starts. The project is the job: poll it."""
    if not restarting.begin(world):
        raise Refusal(400, f"Project is {world.platform.status}, it cannot be restarted now")
    return Reply(change=True, objects=(PROJECT_REF,))


@project_route("GET", "/config/database/pooler")
def pooler(world: World, call: Call) -> Reply:
    """The pooler's configuration, as the relay has it now; a read replica has one of its own."""
    places = [(PROJECT_REF, "PRIMARY", world.parts.pooler.port)]
    if world.replica is not None:
        places.append((f"{PROJECT_REF}-rr-{REGION}-{token('replica', 5)}", "READ_REPLICA", world.replica.port))
    return Reply([_pooler(world, *place) for place in places])


def _pooler(world: World, identifier: str, kind: str, port: int) -> Json:
    relay = world.parts.pooler
    string = f"postgresql://postgres.{identifier}:[YOUR-PASSWORD]@127.0.0.1:{port}/postgres"
    return {
        "identifier": identifier, "database_type": kind, "is_using_scram_auth": True, "db_user": f"postgres.{identifier}",
        "db_host": "127.0.0.1", "db_port": port, "db_name": "postgres", "connection_string": string,
        "connectionString": string, "default_pool_size": relay.default_pool_size,
        "max_client_conn": relay.max_client_conn, "pool_mode": relay.pool_mode,
    }  # fmt: skip


@project_route("PATCH", "/config/database/pooler")
def set_pooler(world: World, call: Call) -> Reply:
    """Change the pool size or the mode of the running pooler. ``max_client_conn`` follows the compute size."""
    body = body_of(call, {"default_pool_size": int, "pool_mode": str})
    size, mode = body.get("default_pool_size"), body.get("pool_mode")
    if size is not None and not 0 <= size <= POOL_SIZE_MOST:
        raise Refusal(400, f"default_pool_size: Too big: expected number to be <={POOL_SIZE_MOST}")
    if mode not in (None, "transaction", "session"):
        raise Refusal(400, 'pool_mode: Invalid option: expected one of "transaction"|"session"')
    relay = world.parts.pooler
    with world.lock:
        before = (relay.default_pool_size, relay.pool_mode)
        relay.default_pool_size = size if size is not None else relay.default_pool_size
        relay.pool_mode = mode or relay.pool_mode
        after = (relay.default_pool_size, relay.pool_mode)
    answer = {"default_pool_size": after[0], "pool_mode": after[1]}
    return Reply(answer, change=before != after, objects=(PROJECT_REF,))


@project_route("GET", "/config/database/postgres")
def postgres(world: World, call: Call) -> Reply:
    """Overrides only: ``{}`` is normal. The live limit is ``current_setting('max_connections')``."""
    return Reply({key: value for key, value in world.platform.overrides.items() if not key.startswith("_")})


@project_route("GET", "/config/disk")
def disk(world: World, call: Call) -> Reply:
    """The disk that was bought."""
    figures = world.platform.disk
    return Reply({
        "attributes": {
            "type": "gp3", "size_gb": figures.size_bytes // 1024**3, "iops": figures.iops,
            "throughput_mibps": figures.throughput_mibps,
        },
        "last_modified_at": iso(world.platform.created),
    })  # fmt: skip


@project_route("GET", "/config/disk/util")
def disk_util(world: World, call: Call) -> Reply:
    """How full the disk is."""
    figures = world.platform.disk
    metrics = {
        "fs_size_bytes": figures.size_bytes, "fs_avail_bytes": figures.size_bytes - figures.used_bytes,
        "fs_used_bytes": figures.used_bytes,
    }  # fmt: skip
    return Reply({"timestamp": iso(world.times.now()), "metrics": metrics})


@project_route("GET", "/readonly")
def readonly(world: World, call: Call) -> Reply:
    """Whether Postgres is read-only, asked of Postgres."""
    try:
        on = world.read_only()
    except psycopg.Error as error:
        raise Refusal(500, "Failed to get project's readonly mode") from error
    until = world.platform.override_until
    return Reply(
        {"enabled": on, "override_enabled": until is not None, "override_active_until": iso(until) if until else ""}
    )


@project_route("POST", "/readonly/temporary-disable")
def disable_readonly(world: World, call: Call) -> Reply:
    """Let transactions write again for 15 minutes."""
    world.disable_read_only()
    return Reply(status=201, change=True, objects=(PROJECT_REF,))


@project_route("GET", "/analytics/endpoints/usage.api-counts", limit=USAGE_PER_MINUTE)
def api_counts(world: World, call: Call) -> Reply:
    """Requests in buckets, oldest first: what the site really was asked, on top of ordinary minutes."""
    step, buckets = {
        "15min": (1, 15), "30min": (1, 30), "1hr": (5, 12), "3hr": (15, 12), "1day": (60, 24), "3day": (60, 72),
        "7day": (1440, 7),
    }.get(call.one("interval", "1day"), (0, 0))  # fmt: skip
    if not step:
        raise Refusal(400, "interval: Invalid option")
    minute = world.times.now().replace(second=0, microsecond=0)
    first = minute - timedelta(minutes=step * (buckets - 1))
    rows = []
    for bucket in range(buckets):
        at = first + timedelta(minutes=step * bucket)
        rest = sum(world.traffic.per_minute(at + timedelta(minutes=n)) for n in range(step))
        rows.append({
            "timestamp": iso(at), "total_auth_requests": rest // 6, "total_realtime_requests": 0,
            "total_rest_requests": rest, "total_storage_requests": rest // 8,
        })  # fmt: skip
    return Reply({"result": rows})


@project_route("POST", "/network-bans/retrieve")
def network_bans(world: World, call: Call) -> Reply:
    """Addresses that are banned after bad passwords."""
    return Reply({"banned_ipv4_addresses": list(world.platform.banned)}, 201)


@project_route("GET", "/upgrade/status")
def upgrade_status(world: World, call: Call) -> Reply:
    """No upgrade under way."""
    return Reply({"databaseUpgradeStatus": None})


@project_route("POST", "/database/query/read-only")
def query_read_only(world: World, call: Call) -> Reply:
    """SQL as ``supabase_read_only_user``."""
    body = body_of(call, {"query": str, "parameters": list})
    return supabase_sql.run(
        world, _query(body), body.get("parameters", []), role="supabase_read_only_user", read_only=True
    )


@project_route("POST", "/database/query")
def query(world: World, call: Call) -> Reply:
    """SQL as ``postgres``, which may end other sessions but is no superuser."""
    body = body_of(call, {"query": str, "parameters": list, "read_only": bool})
    read_only = bool(body.get("read_only"))
    role = "supabase_read_only_user" if read_only else "postgres"
    return supabase_sql.run(world, _query(body), body.get("parameters", []), role=role, read_only=read_only)


def _query(body: Mapping[str, Json]) -> str:
    if not body.get("query"):
        raise Refusal(400, "query: Invalid input: expected string, received undefined")
    return str(body["query"])


@project_route("GET", "/database/migrations")
def migrations(world: World, call: Call) -> Reply:
    """What the vendor's command line tool wrote into the database, oldest first."""
    try:
        rows = world.admin.patient("select version, name from supabase_migrations.schema_migrations order by version")
    except psycopg.Error as error:
        raise Refusal(500, f"Failed to run sql query: {str(error).splitlines()[0]}") from error
    return Reply([{key: value for key, value in row.items() if value is not None} for row in rows])
