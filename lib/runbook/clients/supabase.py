"""Supabase's Management API (api.supabase.com/v1): what the database procedures read and change.

Quirks, from the vendor's API reference and OpenAPI document: ``services`` is required by ``/health``; queries and other
POSTs answer 201; ``/config/database/pooler`` is a list with PRIMARY and replicas. It holds connection strings: left there.
Success codes drift there (201 became 204, 402 was added): any 2xx is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.public_keys import keys_of
from runbook.clients.shapes import fields, inner, items, line, needed, segment, shape, text, unreadable, whole
from runbook.clients.supabase_rows import KEY_USES, ApiKey, KeyUse
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

SERVICES = ("auth", "db", "pooler", "realtime", "rest", "storage")
HEALTH_MILLISECONDS = 5000  # at most 10 000, API reference


@dataclass(frozen=True, slots=True)
class Project:
    """A project as the API describes it."""

    ref: str
    name: str
    region: str
    status: str
    database_host: str
    database_version: str


@dataclass(frozen=True, slots=True)
class Service:
    """One service's health: ``status`` is ACTIVE_HEALTHY, COMING_UP or UNHEALTHY."""

    name: str
    status: str
    error: str


@dataclass(frozen=True, slots=True)
class PoolerConfig:
    """The pooler of one database. ``default_pool_size`` None: the vendor's default for the compute size."""

    database_type: str
    identifier: str
    pool_mode: str
    default_pool_size: int | None
    max_client_conn: int | None


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes used and in all, of the database's disk; None: not said."""

    used_bytes: int | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class ApiCounts:
    """Requests of one interval by kind."""

    at: str
    rest: int
    auth: int
    storage: int
    realtime: int


@dataclass(frozen=True, slots=True)
class AuthKey:
    """A key that Supabase Auth signs tokens with: in_use, standby, previously_used or revoked."""

    key_id: str
    algorithm: str
    status: str


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Another vendor whose tokens the project takes, and the ids of its keys as they were last fetched."""

    kind: str
    issuer: str
    kids: tuple[str, ...]
    fetched_at: str


class Supabase:
    """One project."""

    def __init__(
        self, url: str, token: str, project_ref: str, *, times: Times, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.door = HttpDoor(
            url, system="supabase", times=times, headers={"Authorization": f"Bearer {token}"}, transport=transport
        )
        self._ref = project_ref
        self._base = f"/v1/projects/{project_ref}"

    def project(self) -> Project:
        """The project: its status stays ACTIVE_HEALTHY through a database outage, so read ``health`` as well."""
        data = self.door.read(self._base).data
        fields(data, "supabase", "project")
        with shape("supabase", "project"):
            database = inner(data, "database")
            return Project(needed(data, "ref"), text(data, "name"), text(data, "region"), needed(data, "status"),
                           text(database, "host"), text(database, "version"))  # fmt: skip

    def health(self, services: Sequence[str] = SERVICES) -> list[Service]:
        """Each service's health; an answer that leaves one out is unreadable: nothing is not healthy."""
        params = {"services": list(services), "timeout_ms": HEALTH_MILLISECONDS}
        rows = items(self.door.read(f"{self._base}/health", params).data, "supabase", "health")
        with shape("supabase", "health"):
            found = [Service(needed(row, "name"), needed(row, "status"), text(row, "error")) for row in rows]
        if missing := sorted(set(services) - {service.name for service in found}):
            raise unreadable("supabase", f"health: the answer says nothing of {', '.join(missing)}")
        return found

    def pooler_configs(self) -> list[PoolerConfig]:
        """The poolers of the primary and of the replicas."""
        rows = items(self.door.read(f"{self._base}/config/database/pooler").data, "supabase", "pooler")
        with shape("supabase", "pooler"):
            return [
                PoolerConfig(text(row, "database_type"), text(row, "identifier"), text(row, "pool_mode"),
                             whole(row, "default_pool_size"), whole(row, "max_client_conn"))
                for row in rows
            ]  # fmt: skip

    def set_pool_size(self, default_pool_size: int) -> None:
        """Change how many server connections the pooler opens (0 to 3000)."""
        self.door.write("PATCH", f"{self._base}/config/database/pooler", {"default_pool_size": default_pool_size})

    def restart(self) -> None:
        """Restart the project; asynchronous, no job id: the project is the job."""
        self.door.write("POST", f"{self._base}/restart")

    def query_read_only(self, query: str, parameters: Sequence[Json] = ()) -> list[dict[str, Json]]:
        """Rows of a query run as ``supabase_read_only_user``."""
        body = {"query": query, "parameters": list(parameters)}
        return items(self.door.write("POST", f"{self._base}/database/query/read-only", body).data, "supabase", "query")

    def query(self, query: str, parameters: Sequence[Json] = ()) -> list[dict[str, Json]]:
        """Rows of a statement that may change things. Sent once."""
        body = {"query": query, "parameters": list(parameters), "read_only": False}
        return items(self.door.write("POST", f"{self._base}/database/query", body).data, "supabase", "query")

    def migrations(self) -> list[dict[str, str]]:
        """Applied migrations: ``version`` and ``name``."""
        rows = items(self.door.read(f"{self._base}/database/migrations").data, "supabase", "migrations")
        with shape("supabase", "migrations"):
            return [{"version": needed(row, "version"), "name": text(row, "name")} for row in rows]

    def backups(self) -> dict[str, Json]:
        """Whether point-in-time recovery is on, its window (epoch seconds), and the newest backups."""
        data = self.door.read(f"{self._base}/database/backups").data
        on, rows = fields(data, "supabase", "backups", "pitr_enabled", "backups")
        with shape("supabase", "backups"):
            window = inner(data, "physical_backup_data")
            return {
                "pitr_enabled": bool(on), "earliest_unix": whole(window, "earliest_physical_backup_date_unix"),
                "latest_unix": whole(window, "latest_physical_backup_date_unix"),
                "backups": [{"status": text(row, "status"), "inserted_at": text(row, "inserted_at")} for row in rows],
            }  # fmt: skip

    def auth_keys(self) -> list[AuthKey]:
        """The keys that Auth signs tokens with."""
        (rows,) = fields(self.door.read(f"{self._base}/config/auth/signing-keys").data, "supabase", "keys", "keys")
        with shape("supabase", "keys"):
            return [
                AuthKey(needed(row, "id"), needed(row, "algorithm"), needed(row, "status"))
                for row in items(rows, "supabase", "keys")
            ]

    def third_parties(self) -> list[ThirdParty]:
        """Who else's tokens the project takes (Clerk's, say), and which of their keys it knows."""
        rows = items(self.door.read(f"{self._base}/config/auth/third-party-auth").data, "supabase", "third-party auth")
        with shape("supabase", "third-party auth"):
            return [
                ThirdParty(
                    needed(row, "type"), text(row, "oidc_issuer_url"),
                    tuple(key.kid for key in keys_of(row.get("resolved_jwks") or {"keys": []}, "supabase")),
                    text(row, "resolved_at"),
                )
                for row in rows
            ]  # fmt: skip

    def restore_to(self, unix: int) -> None:
        """Restore the database to a second; asynchronous, no job id: the project is the job. An integer, not the docs' text."""
        self.door.write("POST", f"{self._base}/database/backups/restore-pitr", {"recovery_time_target_unix": unix})

    def disk(self) -> Disk:
        """How full the disk is."""
        data = self.door.read(f"{self._base}/config/disk/util").data
        (metrics,) = fields(data, "supabase", "disk", "metrics")
        with shape("supabase", "disk"):
            return Disk(whole(metrics, "fs_used_bytes"), whole(metrics, "fs_size_bytes"))

    def read_only_mode(self) -> bool:
        """Whether the vendor has put the database into read-only mode (a full disk does)."""
        data = self.door.read(f"{self._base}/readonly").data
        (enabled,) = fields(data, "supabase", "readonly", "enabled")
        if not isinstance(enabled, bool):
            raise unreadable("supabase", "readonly: enabled is neither true nor false")
        return enabled

    def api_counts(self, interval: str = "15min") -> list[ApiCounts]:
        """Requests to the project's APIs per step of the interval."""
        data = self.door.read(f"{self._base}/analytics/endpoints/usage.api-counts", {"interval": interval}).data
        _no_error_inside(data, "usage")
        (result,) = fields(data, "supabase", "usage", "result")
        rows = items(result, "supabase", "usage")
        kinds = ("total_rest_requests", "total_auth_requests", "total_storage_requests", "total_realtime_requests")
        with shape("supabase", "usage"):
            return [ApiCounts(text(row, "timestamp"), *(whole(row, kind) or 0 for kind in kinds)) for row in rows]

    def api_keys(self) -> list[ApiKey]:
        """The project's own keys; their values are not asked for (``reveal``)."""
        rows = items(self.door.read(f"{self._base}/api-keys").data, "supabase", "api keys")
        with shape("supabase", "api keys"):
            return [
                ApiKey(text(row, "id"), needed(row, "name"), text(row, "type"), text(row, "prefix"), text(row, "inserted_at"))
                for row in rows
            ]  # fmt: skip

    def end_api_key(self, key_id: str, reason: str) -> None:
        """Delete one of the project's keys, as one that leaked: it opens nothing any more (API reference, Deletes an API key)."""
        path = f"{self._base}/api-keys/{segment('supabase', key_id)}"
        self.door.write("DELETE", path, params={"was_compromised": "true", "reason": reason})

    def key_uses(self, prefix: str, since: str, until: str) -> list[KeyUse]:
        """The newest requests that came with a key, of at most 24 hours: more is refused, or cut without a word."""
        params = {"sql": KEY_USES.format(prefix=prefix.replace("'", "")), "iso_timestamp_start": since,
                  "iso_timestamp_end": until}  # fmt: skip
        data = self.door.read(f"{self._base}/analytics/endpoints/logs", params).data
        _no_error_inside(data, "logs")
        (result,) = fields(data, "supabase", "logs", "result")
        with shape("supabase", "logs"):
            return [
                KeyUse(*(text(row, name) for name in KeyUse.__slots__)) for row in items(result, "supabase", "logs")
            ]

    def network_bans(self) -> list[str]:
        """Addresses that are banned after wrong passwords."""
        data = self.door.write("POST", f"{self._base}/network-bans/retrieve").data
        (bans,) = fields(data, "supabase", "network bans", "banned_ipv4_addresses")
        if not isinstance(bans, list):
            raise unreadable("supabase", "network bans: the answer is no list")
        return [line(str(address), 45) for address in bans]

    def upgrade_status(self) -> dict[str, str]:
        """The vendor's upgrade of the database; empty when there is none."""
        data = self.door.read(f"{self._base}/upgrade/status").data
        (status,) = fields(data, "supabase", "upgrade", "databaseUpgradeStatus")
        with shape("supabase", "upgrade"):
            return {} if status is None else {key: text(status, key) for key in ("initiated_at", "status", "progress")}


def _no_error_inside(data: Json, what: str) -> None:
    """Failures of analytics come as 200 with ``error`` filled."""
    if isinstance(data, dict) and data.get("error"):
        said = data["error"].get("message", "") if isinstance(data["error"], dict) else data["error"]
        raise SystemFault(f"{what}: an error inside a 200: {line(str(said))}", system="supabase", fault=Fault.DOWN)
