"""The one door to PostgreSQL: one kept direct connection, a pooled probe, statements from files, values bound.

A login is never tried twice: Supabase's pooler blocks the address after wrong passwords, and every retry extends that
(Supabase documentation, Supavisor troubleshooting, ECIRCUITBREAKER). At most two connections a run, named ``runbook``.
"""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING, Any

from runbook.errors import Fault, SettingError, SystemFault
from runbook.model import Json
from runbook.times import Times, iso, seconds_left

if TYPE_CHECKING:
    import psycopg

NAME = "runbook"
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 8.0
LOCK_SECONDS = 2.0
REMEMBER_SECONDS = 5.0  # ten checks that ask at once must not be ten logins
BREAKER_SECONDS = 120.0  # every attempt extends the pooler's block, which lasts up to two minutes: not one more
Fallback = Callable[[str, Sequence[Json], bool], list[dict[str, Json]]]  # statement, values, is a change

# What a refused connection says -> the layer that refused, and what it means. Checked in this order.
LAYERS: tuple[tuple[str, str, str], ...] = (
    (
        "ECIRCUITBREAKER",
        "pooler",
        "the pooler blocks this address after failed logins; stop who retries, wait 2 minutes",
    ),
    ("EMAXCONNSESSION", "pooler", "the pool is full: every server connection is held by a client"),
    ("EMAXCONN", "pooler", "the pooler has as many clients as it takes"),
    ("Max client connections reached", "pooler", "the pooler has as many clients as it takes"),
    ("ECONNREFUSED", "postgres", "the pooler answers, the database behind it does not"),
    ("ENOTFOUND", "pooler", "the pooler does not know this project or user"),
    ("Tenant or user not found", "pooler", "the pooler does not know this project or user"),
    ("password authentication failed", "login", "the password is wrong; it is not tried again"),
    ("no pg_hba.conf entry", "login", "this address is not allowed"),
    ("remaining connection slots are reserved", "postgres", "all connections that ordinary roles may use are taken"),
    ("sorry, too many clients already", "postgres", "all connections are taken"),
    ("too many connections for role", "postgres", "this role has as many connections as it may have"),
    ("the database system is", "postgres", "the database is starting up, shutting down or recovering"),
    ("could not translate host name", "name", "the host's name cannot be looked up from here"),
    ("failed to resolve host", "name", "the host's name cannot be looked up from here"),
    ("Network is unreachable", "network", "no route from here; Supabase's direct host is IPv6 only without the add-on"),
    ("Connection refused", "network", "nothing listens there"),
    ("timeout expired", "network", "no answer within the time"),
    ("connection timeout", "network", "no answer within the time"),
    ("server closed the connection", "network", "the other side closed the connection"),
)


@dataclass(frozen=True, slots=True)
class Probe:
    """One way to the database, tried once. ``layer`` names what failed: name, network, pooler, login, postgres."""

    ok: bool
    seconds: float
    layer: str
    message: str


class Database:
    """One database by its direct and pooled address. ``fallback`` runs a statement through the management API."""

    def __init__(
        self, direct_dsn: str | None, pooler_dsn: str | None, *, times: Times, fallback: Fallback | None = None
    ) -> None:
        self._dsn = {"direct": direct_dsn, "pooled": pooler_dsn}
        self._times = times
        self._fallback = fallback
        self._kept: psycopg.Connection[dict[str, Any]] | None = None
        self._kept_way = ""
        self._refused: dict[str, tuple[SystemFault, float]] = {}  # how each way refused last, and when
        self._using = threading.RLock()

    @property
    def way(self) -> str:
        """By which way statements go now: direct, pooled or management API."""
        return self._kept_way or ("management API" if self._refused else "direct")

    def probe(self, way: str) -> Probe:
        """Try one way, ``direct`` or ``pooled``: connect, ask, and say which layer failed. Uses no second login."""
        started = self._times.monotonic()
        try:
            if way == "direct":
                with self._using:
                    self._connection_of("direct", anew=True).execute("SELECT 1")
            else:
                self._connect(way, anew=True).close()
        except SystemFault as fault:
            return Probe(False, self._times.monotonic() - started, fault.where, fault.what)
        except _errors().Error as error:
            lost = self._broken("direct", error)
            return Probe(False, self._times.monotonic() - started, lost.where, lost.what)
        return Probe(True, self._times.monotonic() - started, "", "")

    def query(self, name: str, **values: Json) -> list[dict[str, Json]]:
        """Rows of ``sql/get_<name>.sql``, in a transaction that cannot write."""
        return self._execute(f"get_{name.removeprefix('get_')}", values, change=False)

    def change(self, name: str, **values: Json) -> list[dict[str, Json]]:
        """Rows of ``sql/do_<name>.sql``. Sent once, by one way only."""
        return self._execute(f"do_{name.removeprefix('do_')}", values, change=True)

    def system_identifier(self) -> str:
        """The cluster's own identity, from ``pg_control_system()``; it never changes and no two clusters share it."""
        return str(self.query("identity")[0]["system_identifier"])

    def advisory_lock(self, key: int) -> bool | None:
        """Take the lock on the direct connection: True; False: another session has it; None: no direct connection."""
        if self._kept_way != "direct" or self._kept is None:
            return None
        with self._using, self._kept.transaction():
            row = self._kept.execute("SELECT pg_catalog.pg_try_advisory_lock(%s) AS taken", (key,)).fetchone()
        return bool(row and row["taken"])

    def advisory_unlock(self, key: int) -> None:
        """Let the lock go; a connection that ended has let it go already."""
        if self._kept is not None and not self._kept.closed:
            with self._using:
                self._kept.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", (key,))

    def close(self) -> None:
        """End the kept connection."""
        with self._using:
            if self._kept is not None:
                self._kept.close()
                self._kept = None

    # -- inside ----------------------------------------------------------------------------------------------------

    def _execute(self, name: str, values: Mapping[str, Json], *, change: bool) -> list[dict[str, Json]]:
        statement = load_statement(name)
        psycopg = _errors()
        with self._using:
            try:
                connection = self._any_connection()
            except SystemFault as refused:
                return self._by_api(statement, values, change, refused)
            try:
                with _limits(connection, self._times, read_only=not change):
                    rows = connection.execute(statement, values).fetchall()
            except psycopg.errors.QueryCanceled:
                raise _fault(f"{name}: no answer within its time", "postgres", Fault.TIMEOUT) from None
            except psycopg.errors.InsufficientPrivilege as error:
                raise _fault(f"{name}: {_said(error)}", "postgres", Fault.PERMISSION) from None
            except psycopg.OperationalError as error:
                raise self._broken(self._kept_way, error) from None
            except psycopg.Error as error:
                raise _fault(f"{name}: {_said(error)}", "postgres", Fault.REJECTED) from None
        return [{key: as_json(value) for key, value in row.items()} for row in rows]

    def _by_api(
        self, statement: str, values: Mapping[str, Json], change: bool, refused: SystemFault
    ) -> list[dict[str, Json]]:
        if self._fallback is None:
            raise refused
        numbered, ordered = numbered_parameters(statement, values)
        try:
            return self._fallback(numbered, ordered, change)
        except SystemFault as silent:
            if change:
                raise
            both = f"{refused.what}; and the management API: {silent.what}"
            raise _fault(both, "database", silent.fault) from None

    def _any_connection(self) -> psycopg.Connection[dict[str, Any]]:
        """The kept connection: direct if that is possible, else pooled."""
        if self._kept is not None and not self._kept.closed:
            return self._kept
        last: SystemFault | None = None
        for way in ("direct", "pooled"):
            try:
                return self._connection_of(way)
            except SystemFault as refused:
                last = refused
        assert last is not None
        raise last

    def _connection_of(self, way: str, *, anew: bool = False) -> psycopg.Connection[dict[str, Any]]:
        if self._kept is not None and not self._kept.closed and self._kept_way == way:
            return self._kept
        connection = self._connect(way, anew=anew)
        if self._kept is not None:
            self._kept.close()
        self._kept, self._kept_way = connection, way
        return connection

    def _connect(self, way: str, *, anew: bool = False) -> psycopg.Connection[dict[str, Any]]:
        """A new connection. A refusal is remembered, so that a burst of checks is one login; a probe asks anew."""
        psycopg_ = _errors()
        from psycopg.rows import dict_row

        dsn = self._dsn[way]
        if not dsn:
            variable = "DATABASE_URL" if way == "direct" else "POOLER_URL"
            raise _fault(f"{variable} is not set", "settings", Fault.NOT_SET)
        if way in self._refused:
            before, at = self._refused[way]
            blocked = "blocks this address" in before.what
            remembered = BREAKER_SECONDS if blocked else 0.0 if anew else REMEMBER_SECONDS
            if before.fault is Fault.AUTH or self._times.monotonic() - at < remembered:
                raise before
        seconds = seconds_left(self._times, CONNECT_SECONDS)
        try:
            connection: psycopg.Connection[dict[str, Any]] = psycopg_.connect(
                dsn, autocommit=True, row_factory=dict_row, application_name=NAME, prepare_threshold=None,
                connect_timeout=max(2, int(seconds)), options=f"-c lock_timeout={int(LOCK_SECONDS * 1000)}",
                keepalives_idle=5, keepalives_interval=2, keepalives_count=2, tcp_user_timeout=10_000,
            )  # fmt: skip
        except psycopg_.Error as error:
            raise self._broken(way, error) from None
        self._refused.pop(way, None)
        return connection

    def _broken(self, way: str, error: Exception) -> SystemFault:
        layer, meaning = layer_of(str(error))
        kind = {"login": Fault.AUTH, "network": Fault.DOWN, "name": Fault.DOWN}.get(layer, Fault.DOWN)
        fault = _fault(f"{way or 'direct'}: {meaning}", layer, kind)
        self._refused[way] = fault, self._times.monotonic()
        return fault


def layer_of(text: str) -> tuple[str, str]:
    """The layer that refused a connection and what it means, from what libpq says. Never the address."""
    for mark, layer, meaning in LAYERS:
        if mark in text:
            return layer, meaning
    return "network", "the connection could not be made or broke"


@functools.cache
def load_statement(name: str) -> str:
    """One statement from ``runbook/sql``, without comments: psycopg reads % in them as a placeholder."""
    file = resources.files("runbook") / "sql" / f"{name}.sql"
    if not file.is_file():
        raise SettingError(f"no statement {name}", where="runbook/sql", next_step="correct the name")
    lines = [re.sub(r"\s*--.*$", "", line) for line in file.read_text("utf-8").splitlines()]
    return "\n".join(line for line in lines if line.strip()).rstrip().rstrip(";")


def numbered_parameters(statement: str, values: Mapping[str, Json]) -> tuple[str, list[Json]]:
    """The statement with ``$1`` for ``%(name)s``, and the values in that order: what the management API takes."""
    order: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in order:
            order.append(match[1])
        return f"${order.index(match[1]) + 1}"

    numbered = re.sub(r"%\((\w+)\)s", number, statement).replace("%%", "%")
    return numbered, [values[name] for name in order]


def as_json(value: Any) -> Json:
    """A database value as JSON: times as ISO with microseconds, durations in seconds, decimals as floats."""
    match value:
        case datetime():
            return value.isoformat() if value.tzinfo is None else _microseconds(value)
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case list() | tuple():
            return [as_json(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _microseconds(value: datetime) -> str:
    """A moment with microseconds: the identity of a session must bind exactly what was seen."""
    return iso(value)[:-5] + f".{value.microsecond:06d}Z"


@contextmanager
def _limits(connection: Any, times: Times, *, read_only: bool) -> Iterator[None]:
    """A transaction with a statement time limit; one that may not write when it is a read."""
    milliseconds = int(max(0.2, seconds_left(times, STATEMENT_SECONDS)) * 1000)
    with connection.transaction():
        connection.execute(f"SET LOCAL statement_timeout = {milliseconds}")
        if read_only:
            connection.execute("SET TRANSACTION READ ONLY")
        yield


def _errors() -> Any:
    """psycopg, imported at first use: it takes a quarter of a second."""
    import psycopg

    return psycopg


def _said(error: Exception) -> str:
    """What PostgreSQL says, its first line."""
    return str(error).strip().splitlines()[0][:200]


def _fault(what: str, layer: str, fault: Fault) -> SystemFault:
    found = SystemFault(what, system="database", fault=fault)
    found.where = layer
    return found
