"""Database sessions that the world holds: the neighbours that must survive, and what a fault leaves open."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from runbook.sandbox.parts import Parts

Connection = psycopg.Connection[dict[str, Any]]
# The one form of a session's identity everywhere: pid@backend_start in UTC with microseconds.
IDENTITY: LiteralString = (
    "a.pid || '@' || to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
)
WHO_AM_I: LiteralString = f"select {IDENTITY} as identity from pg_stat_activity a where a.pid = pg_backend_pid()"
ALL: LiteralString = f"select {IDENTITY} as identity from pg_stat_activity a where a.backend_type = 'client backend'"
# service of the management API's health answer -> (role, application_name): who connects as what on Supabase
SERVICES: Mapping[str, tuple[str, str]] = {
    "rest": ("authenticator", "postgrest"),
    "auth": ("supabase_auth_admin", "supabase_auth"),
    "storage": ("supabase_storage_admin", "supabase_storage"),
    "realtime": ("supabase_admin", "realtime_connect"),
}
NEIGHBOUR = ("reporting", "nightly-report")
BEAT_SECONDS = 0.4


@dataclass(slots=True)
class Held:
    """One open session and who it is."""

    connection: Connection
    identity: str
    role: str
    application: str
    survivor: bool  # nobody may end it

    def close(self) -> None:
        """Hang up like a client that goes away."""
        self.connection.close()


def connect(dsn: str, application: str, *, seconds: int = 3) -> Connection:
    """One connection, autocommit. ``seconds`` bounds the login only."""
    return psycopg.connect(
        dsn, autocommit=True, connect_timeout=seconds, application_name=application, row_factory=dict_row
    )


class Admin:
    """The vendor's own superuser session: always there, one at a time, opened again when Postgres was restarted."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def rows(self, sql: LiteralString, *values: Any) -> list[dict[str, Any]]:
        """Run one statement; psycopg.Error when Postgres is down."""
        with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._dsn, "supabase_mgmt")
            try:
                cursor = self._connection.execute(sql, values)
            except psycopg.OperationalError:
                self._connection.close()  # a session that Postgres ended is no use; the next call logs in again
                raise
            return cursor.fetchall() if cursor.description else []

    def patient(self, sql: LiteralString, *values: Any) -> list[dict[str, Any]]:
        """The same, once more when the kept session turns out to be dead."""
        with contextlib.suppress(psycopg.OperationalError):
            return self.rows(sql, *values)
        return self.rows(sql, *values)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()


class Sessions:
    """Everything held, by group; neighbours and services live as long as the world, faults' groups until repair."""

    def __init__(self, parts: Parts, admin: Admin) -> None:
        self._parts = parts
        self._admin = admin
        self._lock = threading.RLock()
        self._groups: dict[str, list[Held]] = {}
        self._services: dict[str, Held] = {}
        self._beating: list[Held] = []
        self._watched: dict[str, str] = {}  # identity -> application of those that must survive
        self.cut: set[str] = set()  # services that the vendor's outage took away
        self._stop = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="world-sessions", daemon=True)

    def start(self) -> None:
        """Let the neighbours move in."""
        self.settle()
        self._keeper.start()

    def settle(self) -> None:
        """Bring back every neighbour and service that is gone, and watch the ones that are there now."""
        role, application = NEIGHBOUR
        there = {row["identity"] for row in self._admin.patient(ALL)}
        with self._lock:
            if not any(held.identity in there for held in self._groups.get("neighbours", [])):
                self.release("neighbours")
                held = self.hold("neighbours", self._parts.postgres.dsn(role), role, application, survivor=True)
                held.connection.execute("select count(*) from public.leads")
            for name in SERVICES:
                self._serve(name)
            kept = [*self._services.values(), *(held for group in self._groups.values() for held in group)]
            self._watched = {held.identity: held.application for held in kept if held.survivor}

    def hold(
        self,
        group: str,
        dsn: str,
        role: str,
        application: str,
        statements: Sequence[LiteralString] = (),
        *,
        survivor: bool = False,
        beating: bool = False,
    ) -> Held:
        """Open a session and leave it; with statements it stays idle in their transaction."""
        connection = connect(dsn, application)
        identity = str((connection.execute(WHO_AM_I).fetchone() or {})["identity"])
        held = Held(connection, identity, role, application, survivor)
        if statements:
            connection.autocommit = False
            for statement in statements:
                connection.execute(statement)
        with self._lock:
            self._groups.setdefault(group, []).append(held)
            if survivor:
                self._watched[identity] = application
            if beating:
                self._beating.append(held)
        return held

    def release(self, group: str) -> None:
        """Hang up a whole group."""
        with self._lock:
            for held in self._groups.pop(group, []):
                self._watched.pop(held.identity, None)
                if held in self._beating:
                    self._beating.remove(held)
                held.close()

    def count(self, group: str) -> int:
        """How many of a group were opened."""
        with self._lock:
            return len(self._groups.get(group, []))

    def survivors(self) -> dict[str, list[str]]:
        """``survivors`` and ``lost``: applications that nobody may end, by whether each of their sessions is still it."""
        there = {row["identity"] for row in self._admin.patient(ALL)}
        with self._lock:
            watched = dict(self._watched)
        lost = sorted({name for identity, name in watched.items() if identity not in there})
        return {"survivors": sorted(set(watched.values()) - set(lost)), "lost": lost}

    def serves(self, name: str) -> str:
        """Empty when a service's own session answers now; else why not."""
        with self._lock:
            held = self._services.get(name)
            if held is None:
                return "connection refused" if name not in self.cut else "upstream connect error"
            try:
                held.connection.execute("select 1")
            except psycopg.Error as error:
                return str(error).splitlines()[0]
            return ""

    def cut_off(self, *names: str) -> None:
        """The vendor loses these services: their sessions go and do not come back before ``cut`` is empty."""
        with self._lock:
            self.cut.update(names)
            self.lose(*names)

    def lose(self, *names: str) -> None:
        """These services lose their sessions, and come back as soon as they can log in."""
        with self._lock:
            for name in names:
                if held := self._services.pop(name, None):
                    self._watched.pop(held.identity, None)
                    held.close()

    def close(self) -> None:
        """Everybody goes home."""
        self._stop.set()
        if self._keeper.is_alive():
            self._keeper.join(5)
        with self._lock:
            for group in list(self._groups):
                self.release(group)
            for held in self._services.values():
                held.close()

    def _serve(self, name: str) -> None:
        held = self._services.get(name)
        if name in self.cut or (held is not None and self._answers(held)):
            return
        role, application = SERVICES[name]
        with contextlib.suppress(psycopg.OperationalError):  # the database is down or full: it tries again by itself
            connection = connect(self._parts.postgres.dsn(role), application, seconds=2)
            identity = str((connection.execute(WHO_AM_I).fetchone() or {})["identity"])
            self._services[name] = Held(connection, identity, role, application, survivor=True)
            return
        self._services.pop(name, None)

    @staticmethod
    def _answers(held: Held) -> bool:
        try:
            held.connection.execute("select 1")
        except psycopg.Error:
            return False
        return True

    def _keep(self) -> None:
        """Services reconnect as the real ones do; beating sessions end one short transaction and begin the next."""
        while not self._stop.wait(BEAT_SECONDS):
            with self._lock:
                for name in SERVICES:
                    self._serve(name)
                for held in list(self._beating):
                    with contextlib.suppress(psycopg.Error):  # somebody ended it: `survivors` says so
                        held.connection.commit()
                        held.connection.execute("select 1")
