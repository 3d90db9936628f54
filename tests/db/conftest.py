"""One real PostgreSQL that logs every login, and a pooler in front of it, for the tests of this folder."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from runbook.db import Database, database
from runbook.sandbox.pooler import Pooler
from runbook.sandbox.postgres import Postgres, own_postgres
from runbook.testing import Clock

REF = "sandboxsandboxsandbo"


@dataclass
class World:
    """A server and a pooler as a test sees them; what it opens is closed at the end."""

    postgres: Postgres
    pooler: Pooler
    clock: Clock
    _opened: list[Any] = field(default_factory=list)

    def database(self, direct: str | None = "", pooled: str | None = "", **more: Any) -> Database:
        """The door, by default with both good addresses of the role ``runbook``."""
        direct = self.postgres.dsn("runbook") if direct == "" else direct
        pooled = self.pooler.dsn("runbook") if pooled == "" else pooled
        one = Database(direct, pooled, times=more.pop("times", self.clock.times), **more)
        self._opened.append(one)
        return one

    def admin(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a superuser's statement."""
        with self.postgres.connect() as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def client(self, role: str = "postgres") -> psycopg.Connection[Any]:
        one = self.postgres.connect(role, name="client")
        self._opened.append(one)
        return one

    def fill(self) -> list[psycopg.Connection[Any]]:
        """Take every connection that ordinary roles may have."""
        taken = []
        while True:
            try:
                taken.append(self.client())
            except psycopg.OperationalError:
                return taken

    def sessions(self) -> list[int]:
        """The processes that serve connections named runbook."""
        rows = self.admin("SELECT pid FROM pg_stat_activity WHERE application_name = 'runbook' ORDER BY backend_start")
        return [row[0] for row in rows]

    def logins(self, text: str = "connection authorized: user=runbook") -> int:
        """How often the server's log says so of the role runbook."""
        time.sleep(0.15)  # the log is written by a process of its own
        lines = (json.loads(line) for line in self.postgres.log_path.read_text("utf-8").splitlines())
        return sum(line["message"].startswith(text) for line in lines)

    def failed_logins(self) -> int:
        return self.logins('password authentication failed for user "runbook"')

    def until(self, holds: Callable[[], bool]) -> None:
        give_up = time.monotonic() + 5
        while not holds():
            assert time.monotonic() < give_up, "it did not come true in time"
            time.sleep(0.02)

    def close(self) -> None:
        for one in self._opened:
            one.close()
        self.pooler.refuse(None)
        self.pooler.default_pool_size, self.pooler.max_client_conn = 15, 60
        ours = "SELECT 1 FROM pg_stat_activity WHERE application_name IN ('runbook', 'client')"
        self.until(lambda: self.admin(ours) == [])  # nothing was left open


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[Postgres, Pooler]]:
    # Not under pytest's own folder: that one is closed to the user that a server started by root becomes.
    with own_postgres(Path(tempfile.mkdtemp(prefix="runbook-test-"))) as server:
        with server.connect() as connection:
            connection.execute("ALTER SYSTEM SET log_connections = on")
            connection.execute("SELECT pg_reload_conf()")
        pooler = Pooler(server, REF)
        pooler.start()
        yield server, pooler
        pooler.stop()


@pytest.fixture
def world(servers: tuple[Postgres, Pooler]) -> Iterator[World]:
    one = World(*servers, Clock())
    yield one
    one.close()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a statement in the place of a file's: ``statements(get_x="SELECT 1")``."""

    def put(**texts: str) -> None:
        real = database.load_statement
        monkeypatch.setattr(database, "load_statement", lambda name: texts.get(name) or real(name))

    return put
