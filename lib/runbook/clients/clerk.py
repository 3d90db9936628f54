"""Clerk: the backend API with our secret key, and the frontend API as a browser asks it, without any.

The API version is always said, by header only; two ways at once are refused. Users are personal data: their ids and states
are read, no name, address or metadata. Sessions are bare lists, other lists come with ``total_count`` (Clerk's OpenAPI
documents, version 2026-05-12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runbook.clients.http import HttpDoor
from runbook.clients.public_keys import PublicKey, keys_of
from runbook.clients.shapes import fields, inner, items, moment, needed, segment, shape, text, unreadable, whole
from runbook.model import Json
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

API_VERSION = "2026-05-12"
MOST = 500  # rows of one page


@dataclass(frozen=True, slots=True)
class Instance:
    """What our secret key belongs to: an instance, production or development. Empty origins: any of the domain's."""

    instance_id: str
    environment_type: str
    allowed_origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of the instance, and what its DNS must say: host and value of each CNAME."""

    name: str
    is_satellite: bool
    frontend_url: str
    proxy_url: str
    cnames: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class User:
    """One user, without anything personal; ``last_sign_in_at`` is empty for one who never signed in."""

    user_id: str
    banned: bool
    locked: bool
    last_sign_in_at: str


@dataclass(frozen=True, slots=True)
class Session:
    """One session: when it was made and used, and by what kind of device from which country; no address."""

    session_id: str
    user_id: str
    status: str
    created_at: str
    last_active_at: str
    device: str
    country: str


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """One connection to a customer's own sign-in."""

    name: str
    provider: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Frontend:
    """What a browser is told before it signs in."""

    environment_type: str
    in_maintenance: bool


class Clerk:
    """One instance, by its secret key."""

    def __init__(self, url: str, token: str, *, times: Times, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}", "Clerk-API-Version": API_VERSION}
        self.door = HttpDoor(url, system="clerk", times=times, headers=headers, transport=transport)

    def instance(self) -> Instance:
        """Whose key ours is."""
        data = self.door.read("/v1/instance").data
        fields(data, "clerk", "instance", "allowed_origins")
        with shape("clerk", "instance"):
            origins = data["allowed_origins"] or []
            if not isinstance(origins, list):
                raise TypeError("allowed_origins")
            return Instance(
                needed(data, "id"), needed(data, "environment_type"), tuple(str(one)[:200] for one in origins)
            )

    def keys(self) -> list[PublicKey]:
        """The keys that sign tokens now. This call has no rate limit."""
        return keys_of(self.door.read("/v1/jwks").data, "clerk")

    def domains(self) -> list[Domain]:
        """The instance's domains."""
        (rows,) = fields(self.door.read("/v1/domains").data, "clerk", "domains", "data")
        with shape("clerk", "domains"):
            return [_domain(row) for row in items(rows, "clerk", "domains")]

    def single_sign_ons(self) -> list[SingleSignOn]:
        """The connections to customers' own sign-ins."""
        (rows,) = fields(
            self.door.read("/v1/enterprise_connections", {"limit": MOST}).data, "clerk", "connections", "data"
        )
        with shape("clerk", "connections"):
            return [
                SingleSignOn(needed(row, "name"), text(row, "provider"), row.get("active") is True)
                for row in items(rows, "clerk", "connections")
            ]

    def signed_in(self, after_ms: int, before_ms: int) -> int:
        """How many users signed in for the last time between two moments (epoch milliseconds).

        A user counts at the last sign-in only: a past window holds fewer than signed in then, the longer ago the fewer.
        """
        params = {"last_sign_in_at_after": after_ms, "last_sign_in_at_before": before_ms}
        (count,) = fields(self.door.read("/v1/users/count", params).data, "clerk", "users", "total_count")
        if isinstance(count, bool) or not isinstance(count, int):
            raise unreadable("clerk", "users: total_count is no number")
        return count

    def find_users(self, words: str, limit: int = 10) -> list[User]:
        """Users by id, address or name, as the dashboard's search finds them."""
        data = self.door.read("/v1/users", {"query": words, "limit": limit}).data
        rows = items(data, "clerk", "users")
        with shape("clerk", "users"):
            return [_user(row) for row in rows]

    def last_signed_in(self, limit: int = 10) -> list[User]:
        """The users who signed in last, newest first."""
        data = self.door.read("/v1/users", {"order_by": "-last_sign_in_at", "limit": limit}).data
        rows = items(data, "clerk", "users")
        with shape("clerk", "users"):
            return [_user(row) for row in rows]

    def user(self, user_id: str) -> User:
        """One user by id."""
        data = self.door.read(f"/v1/users/{segment('clerk', user_id)}").data
        fields(data, "clerk", "user")
        with shape("clerk", "user"):
            return _user(data)

    def sessions(self, user_id: str) -> list[Session]:
        """The active sessions of one user."""
        params = {"user_id": user_id, "status": "active", "limit": MOST}
        rows = items(self.door.read("/v1/sessions", params).data, "clerk", "sessions")
        with shape("clerk", "sessions"):
            return [_session(row) for row in rows]

    def revoke(self, session_id: str) -> Session:
        """End one session. Its token is checked locally and lives on for up to a minute."""
        data = self.door.write("POST", f"/v1/sessions/{segment('clerk', session_id)}/revoke").data
        fields(data, "clerk", "session")
        with shape("clerk", "session"):
            return _session(data)


class ClerkFrontend:
    """The instance's frontend API, at its own domain: what every customer's browser needs."""

    def __init__(self, url: str, *, times: Times, transport: httpx.BaseTransport | None = None) -> None:
        self.door = HttpDoor(url, system="clerk_frontend", times=times, transport=transport)

    def healthy(self) -> bool:
        """Whether it says that it is; its 503 is a fault."""
        (status,) = fields(self.door.read("/v1/health").data, "clerk_frontend", "health", "status")
        if status not in ("healthy", "unhealthy"):
            raise unreadable("clerk_frontend", "health: the status is neither healthy nor unhealthy")
        return bool(status == "healthy")

    def environment(self) -> Frontend:
        """Which instance answers a browser."""
        shown, maintenance = fields(
            self.door.read("/v1/environment").data,
            "clerk_frontend",
            "environment",
            "display_config",
            "maintenance_mode",
        )
        with shape("clerk_frontend", "environment"):
            if not isinstance(maintenance, bool):
                raise TypeError("maintenance_mode")
            return Frontend(needed(shown, "instance_environment_type"), maintenance)

    def keys(self) -> list[PublicKey]:
        """The keys as the site fetches them, without a secret."""
        return keys_of(self.door.read("/.well-known/jwks.json").data, "clerk_frontend")


def _domain(row: dict[str, Json]) -> Domain:
    cnames = items(row.get("cname_targets") or [], "clerk", "domains")
    return Domain(
        needed(row, "name"), row.get("is_satellite") is True, text(row, "frontend_api_url"), text(row, "proxy_url"),
        tuple((needed(one, "host"), needed(one, "value")) for one in cnames),
    )  # fmt: skip


def _user(row: dict[str, Json]) -> User:
    last = whole(row, "last_sign_in_at")
    return User(
        needed(row, "id"), row.get("banned") is True, row.get("locked") is True, "" if last is None else moment(last)
    )


def _session(row: dict[str, Json]) -> Session:
    seen = inner(row, "latest_activity")
    device = " ".join(filter(None, (text(seen, "browser_name"), text(seen, "device_type"))))
    return Session(
        needed(row, "id"), needed(row, "user_id"), needed(row, "status"), moment(whole(row, "created_at")),
        moment(whole(row, "last_active_at")), device, text(seen, "country"),
    )  # fmt: skip
