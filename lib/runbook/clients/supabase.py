"""Supabase's Management API (api.supabase.com/v1): what the database procedures read and change.

Quirks, from the vendor's API reference and OpenAPI document: ``services`` is required by ``/health``; queries and other
POSTs answer 201; ``/config/database/pooler`` is a list with PRIMARY and replicas. It holds connection strings: left there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.clients.http import HttpDoor
from runbook.clients.reading import fields, items
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
        ref, name, region, status = fields(data, "supabase", "project", "ref", "name", "region", "status")
        database = data.get("database") or {}
        return Project(ref, name, region, status, database.get("host", ""), database.get("version", ""))

    def health(self, services: Sequence[str] = SERVICES) -> list[Service]:
        """Each service's health."""
        params = {"services": list(services), "timeout_ms": HEALTH_MILLISECONDS}
        rows = items(self.door.read(f"{self._base}/health", params).data, "supabase", "health")
        return [Service(row["name"], row["status"], str(row.get("error") or "")) for row in rows]

    def pooler_configs(self) -> list[PoolerConfig]:
        """The poolers of the primary and of the replicas."""
        rows = items(self.door.read(f"{self._base}/config/database/pooler").data, "supabase", "pooler")
        return [
            PoolerConfig(row.get("database_type", ""), row.get("identifier", ""), row.get("pool_mode", ""),
                         row.get("default_pool_size"), row.get("max_client_conn"))
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
        return [{"version": str(row["version"]), "name": str(row.get("name") or "")} for row in rows]

    def backups(self) -> dict[str, Json]:
        """Whether point-in-time recovery is on, its window (epoch seconds), and the newest backups."""
        data = self.door.read(f"{self._base}/database/backups").data
        on, rows = fields(data, "supabase", "backups", "pitr_enabled", "backups")
        window = data.get("physical_backup_data") or {}
        return {
            "pitr_enabled": on, "earliest_unix": window.get("earliest_physical_backup_date_unix"),
            "latest_unix": window.get("latest_physical_backup_date_unix"),
            "backups": [{"status": row.get("status"), "inserted_at": row.get("inserted_at")} for row in rows],
        }  # fmt: skip

    def disk(self) -> Disk:
        """How full the disk is."""
        data = self.door.read(f"{self._base}/config/disk/util").data
        metrics = data.get("metrics") if isinstance(data, dict) else None
        if not isinstance(metrics, dict):
            raise SystemFault("disk: the answer has no metrics", system="supabase", fault=Fault.UNREADABLE)
        return Disk(metrics.get("fs_used_bytes"), metrics.get("fs_size_bytes"))

    def read_only_mode(self) -> bool:
        """Whether the vendor has put the database into read-only mode (a full disk does)."""
        data = self.door.read(f"{self._base}/readonly").data
        (enabled,) = fields(data, "supabase", "readonly", "enabled")
        return bool(enabled)

    def api_counts(self, interval: str = "15min") -> list[ApiCounts]:
        """Requests to the project's APIs per step of the interval."""
        data = self.door.read(f"{self._base}/analytics/endpoints/usage.api-counts", {"interval": interval}).data
        if isinstance(data, dict) and data.get("error"):  # failures of analytics come as 200 with ``error`` filled
            raise SystemFault(
                "usage: the vendor answers with an error inside a 200", system="supabase", fault=Fault.DOWN
            )
        rows = items(data.get("result") if isinstance(data, dict) else None, "supabase", "usage")
        kinds = ("total_rest_requests", "total_auth_requests", "total_storage_requests", "total_realtime_requests")
        return [ApiCounts(str(row.get("timestamp", "")), *(int(row.get(kind) or 0) for kind in kinds)) for row in rows]

    def network_bans(self) -> list[str]:
        """Addresses that are banned after wrong passwords."""
        data = self.door.write("POST", f"{self._base}/network-bans/retrieve").data
        (bans,) = fields(data, "supabase", "network bans", "banned_ipv4_addresses")
        return [str(address) for address in bans]

    def upgrade_status(self) -> dict[str, Any]:
        """Whether the vendor upgrades the database right now."""
        data = self.door.read(f"{self._base}/upgrade/status").data
        status = data.get("databaseUpgradeStatus") if isinstance(data, dict) else None
        return (
            {} if not isinstance(status, dict) else {k: status.get(k) for k in ("initiated_at", "status", "progress")}
        )
