"""One database: a kept connection, reads and changes by it, probes of both ways, and what is left when it refuses us.

At most two connections a run, named ``runbook``: the one that is kept, the direct one if possible, and a probe's.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.db.login import Login
from runbook.db.migration_writing import fill
from runbook.db.refusals import fault_at, is_over, rejected
from runbook.db.statements import as_json, load_statement, numbered_parameters, with_table
from runbook.db.transaction import is_alive, transaction
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import Times, seconds_left

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[dict[str, Any]]

STATEMENT_SECONDS = 8.0
CLOSE_SECONDS = 2.0
Fallback = Callable[[str, Sequence[Json], bool], list[dict[str, Json]]]  # statement, values, is a change


@dataclass(frozen=True, slots=True)
class Probe:
    """One way to the database, tried once.

    ``layer`` names what failed: settings, name, network, tls, answer, login, pooler, postgres, query.
    """

    ok: bool
    seconds: float
    layer: str
    message: str


class Database:
    """One database by its direct and pooled address. ``fallback`` runs a statement through the management API."""

    def __init__(
        self,
        direct_dsn: str | None,
        pooler_dsn: str | None,
        *,
        times: Times,
        fallback: Fallback | None = None,
        variables: tuple[str, str] = ("DATABASE_URL", "POOLER_URL"),
    ) -> None:
        self._logins = {
            "direct": Login("direct", direct_dsn, variables[0], times),
            "pooled": Login("pooled", pooler_dsn, variables[1], times),
        }
        self._times = times
        self._fallback = fallback
        self._kept: Connection | None = None
        self._kept_way = ""
        self._using = threading.RLock()
        self._probing = threading.Lock()
        self._is_closed = False

    @property
    def way(self) -> str:
        """By which way statements go now: direct, pooled or management API."""
        if (kept := self._kept) is not None and not kept.closed:
            return self._kept_way
        return "management API" if self._logins["direct"].refused else "direct"

    @property
    def project_refs(self) -> frozenset[str]:
        """The Supabase projects that the addresses name, in host or user."""
        return frozenset(filter(None, (login.project_ref for login in self._logins.values())))

    @property
    def host(self) -> str:
        """The host of the direct address; empty when there is none."""
        return self._logins["direct"].host

    def probe(self, way: str) -> Probe:
        """Try one way, ``direct`` or ``pooled``: connect, ask, and say which layer failed. Uses no second login."""
        started = self._times.monotonic()
        try:
            if way == "direct":
                with self._turn(self._using):
                    self._run(self._keep("direct", anew=True), "direct", "SELECT 1", "SELECT 1", {})
            else:
                with self._turn(self._probing), contextlib.closing(self._connect(way, anew=True)) as connection:
                    self._run(connection, way, "SELECT 1", "SELECT 1", {})
        except SystemFault as fault:
            return Probe(False, self._times.monotonic() - started, fault.where, fault.what)
        return Probe(True, self._times.monotonic() - started, "", "")

    def query(self, name: str, **values: Json) -> list[dict[str, Json]]:
        """Rows of ``sql/get_<name>.sql``, in a transaction that cannot write."""
        return self._execute(f"get_{name.removeprefix('get_')}", values, change=False)

    def count(self, name: str, table: tuple[str, str], column: str = "") -> int:
        """The ``n`` of ``sql/count_<name>.sql`` for one table or column; their names quoted."""
        statement = fill(load_statement(f"count_{name}"), table, column)
        counted = self._execute(f"count_{name}", {}, change=False, statement=statement)[0]["n"]
        if counted is None:
            raise fault_at(
                "query", f"row security hides rows of {'.'.join(table)}: they cannot be counted", Fault.PERMISSION
            )
        return int(counted)

    def change(self, name: str, **values: Json) -> list[dict[str, Json]]:
        """Rows of ``sql/do_<name>.sql``. Sent once, by one way only."""
        return self._execute(f"do_{name.removeprefix('do_')}", values, change=True)

    def system_identifier(self) -> str:
        """The cluster's own identity, from ``pg_control_system()``; it never changes and no two clusters share it."""
        rows = self.query("identity")
        if len(rows) != 1 or not rows[0].get("system_identifier"):
            raise fault_at("query", "identity: the answer has no system_identifier", Fault.UNREADABLE)
        return str(rows[0]["system_identifier"])

    def advisory_lock(self, key: int) -> bool | None:
        """Take the lock on the direct connection: True; False: another session has it; None: no direct connection."""
        try:
            with self._turn(self._using):
                connection = self._keep("direct")
                rows = self._run(connection, "direct", "lock", "SELECT pg_catalog.pg_try_advisory_lock(%(key)s) AS taken",
                                 {"key": key})  # fmt: skip
        except SystemFault:
            return None  # the caller says that its lock holds on this machine only
        return rows[0]["taken"] is True

    def advisory_unlock(self, key: int) -> None:
        """Let the lock go; a connection that ended has let it go already."""
        with contextlib.suppress(SystemFault), self._turn(self._using):
            if (connection := self._alive()) is not None:
                self._run(connection, self._kept_way, "unlock", "SELECT pg_catalog.pg_advisory_unlock(%(key)s)",
                          {"key": key})  # fmt: skip

    def close(self) -> None:
        """End the kept connection; nothing is opened after that."""
        self._is_closed = True
        if self._using.acquire(timeout=CLOSE_SECONDS):  # a hanging statement ends by its own limit, and with it this
            try:
                self._let_go()
            finally:
                self._using.release()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _execute(
        self, name: str, values: Mapping[str, Json], *, change: bool, statement: str = ""
    ) -> list[dict[str, Json]]:
        statement = statement or with_table(load_statement(name), values)
        with self._turn(self._using):
            try:
                connection, way = self._any()
            except SystemFault as fault:
                refused = fault
            else:
                return self._run(connection, way, name, statement, values, change=change)
        return self._by_api(statement, values, change, refused)

    def _run(
        self, connection: Connection, way: str, name: str, statement: str, values: Mapping[str, Json], *,
        change: bool = False,
    ) -> list[dict[str, Json]]:  # fmt: skip
        """One statement in a transaction of its own. A connection that broke is let go."""
        import psycopg

        seconds = seconds_left(self._times, STATEMENT_SECONDS)
        if seconds <= 0:
            raise fault_at("query", f"{name}: no time left", Fault.TIMEOUT)
        try:
            with transaction(connection, seconds, read_only=not change):
                rows = connection.execute(statement.encode(), values).fetchall()
        except TimeoutError:
            connection.close()
            raise fault_at("query", f"{name}: the database does not answer", Fault.TIMEOUT) from None
        except psycopg.Error as error:
            if is_over(connection, error):
                connection.close()
                raise self._logins[way].refuse(str(error)) from None
            raise rejected(error, name) from None
        return [{key: as_json(value) for key, value in row.items()} for row in rows]

    def _by_api(
        self, statement: str, values: Mapping[str, Json], change: bool, refused: SystemFault
    ) -> list[dict[str, Json]]:
        """The statement through the management API: what is left when every connection is taken."""
        if self._fallback is None or self._is_closed:
            raise refused
        numbered, ordered = numbered_parameters(statement, values)
        try:
            return self._fallback(numbered, ordered, change)
        except SystemFault as silent:
            if change:
                raise
            raise fault_at("database", f"{refused.what}; and the management API: {silent.what}", silent.fault) from None

    def _any(self) -> tuple[Connection, str]:
        """The kept connection, else a direct one, else a pooled one; the refusals of both when there is none."""
        if (connection := self._alive()) is not None:
            return connection, self._kept_way
        said: list[SystemFault] = []
        for way in ("direct", "pooled"):
            try:
                return self._keep(way), way
            except SystemFault as refused:
                said.append(refused)
        telling = next((fault for fault in said if fault.fault is not Fault.NOT_SET), said[0])
        raise fault_at(telling.where, "; ".join(fault.what for fault in said), telling.fault)

    def _keep(self, way: str, *, anew: bool = False) -> Connection:
        """The kept connection if it goes this way, else a new one that is kept from now on."""
        if (connection := self._alive()) is not None and self._kept_way == way:
            return connection
        # While one takes the place of another there are two: a probe's would be the third.
        with self._turn(self._probing) if self._kept is not None else contextlib.nullcontext():
            connection = self._connect(way, anew=anew)
            self._let_go()
        self._kept, self._kept_way = connection, way
        return connection

    def _connect(self, way: str, *, anew: bool = False) -> Connection:
        if self._is_closed:
            raise fault_at("settings", "the run is closed, the database is not asked", Fault.NOT_SET)
        return self._logins[way].connect(anew=anew)

    def _alive(self) -> Connection | None:
        return self._kept if self._kept is not None and is_alive(self._kept) else None

    def _let_go(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @contextlib.contextmanager
    def _turn(self, lock: threading.Lock | threading.RLock) -> Iterator[None]:
        """One question at a time; whoever cannot wait that long is told."""
        if not lock.acquire(timeout=seconds_left(self._times, 3 * STATEMENT_SECONDS)):
            raise fault_at("query", "an earlier question still holds the connection", Fault.TIMEOUT)
        try:
            yield
        finally:
            lock.release()
