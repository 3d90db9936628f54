"""Debian's PgBouncer beside our pooler: what we call a full pool and a full door is what a real pooler does.

Set-up: ``apt-get install pgbouncer``. The words differ, they are Supavisor's in ours; the numbers and their live effect
must not.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from runbook.sandbox.parts import PROJECT_REF
from runbook.sandbox.pooler import Pooler
from runbook.sandbox.postgres import Postgres, own_postgres
from runbook.sandbox.processes import LOOPBACK, free_port, spawn, stop

pytestmark = pytest.mark.long
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
WAIT_SECONDS = 1  # how long PgBouncer lets a client wait for a server; Supavisor refuses at once in session mode


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with own_postgres(Path(tempfile.mkdtemp(prefix="runbook-test-"))) as server:
        yield server


@dataclass
class Bouncer:
    """PgBouncer in session mode, moved through its own console."""

    postgres: Postgres
    port: int

    def dsn(self, role: str) -> str:
        return f"postgresql://{role}:{self.postgres.passwords[role]}@{LOOPBACK}:{self.port}/postgres"

    def set(self, name: str, value: int) -> None:
        console = f"postgresql://postgres:{self.postgres.passwords['postgres']}@{LOOPBACK}:{self.port}/pgbouncer"
        with psycopg.connect(console, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
            connection.execute(f"SET {name} = {value}".encode())

    default_pool_size = property(None, lambda self, value: self.set("default_pool_size", value))
    max_client_conn = property(None, lambda self, value: self.set("max_client_conn", value))


@pytest.fixture
def bouncer(postgres: Postgres) -> Iterator[Bouncer]:
    if PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail("PgBouncer is not installed: apt-get install pgbouncer")
        pytest.skip("PgBouncer is not installed; CI installs it")
    folder = postgres.folder / "bouncer"
    folder.mkdir()
    port = free_port()
    users = folder / "users.txt"
    users.write_text("".join(f'"{role}" "{postgres.passwords[role]}"\n' for role in ("app", "runbook", "postgres")))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\npostgres = host={LOOPBACK} port={postgres.port}\n[pgbouncer]\nlisten_addr = {LOOPBACK}\n"
        f"listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {users}\nadmin_users = postgres\n"
        f"pool_mode = session\ndefault_pool_size = 15\nmax_client_conn = 60\nquery_wait_timeout = {WAIT_SECONDS}\n"
    )
    if (user := postgres.user) is not None:  # it refuses to run as root
        for path in (folder, users, settings):
            os.chown(path, user.pw_uid, user.pw_gid)
    process = spawn([PROGRAM, str(settings)], user=user, log=folder / "pgbouncer.out")
    one = Bouncer(postgres, port)
    try:
        until_it_answers(one)
        yield one
    finally:
        stop(process, signal.SIGINT)
        shutil.rmtree(folder)


@pytest.fixture
def ours(postgres: Postgres) -> Iterator[Pooler]:
    one = Pooler(postgres, PROJECT_REF)
    one.start()
    yield one
    one.stop()


@pytest.fixture(params=["ours", "bouncer"])
def pooler(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def until_it_answers(one: Bouncer) -> None:
    give_up = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(one.dsn("app"), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < give_up, "PgBouncer does not answer"
            time.sleep(0.05)


def connect(pooler: Any, role: str = "app") -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(pooler.dsn(role), autocommit=True, connect_timeout=5, prepare_threshold=None)


def works(pooler: Any, role: str = "app") -> bool:
    """Whether a new client gets as far as a row."""
    try:
        with closing(connect(pooler, role)) as client:
            return client.execute("select 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def until_it_works(pooler: Any) -> None:
    give_up = time.monotonic() + 5
    while not works(pooler):
        assert time.monotonic() < give_up, "it stays full"


def hold(pooler: Any, stack: ExitStack, number: int, role: str = "app") -> None:
    """Clients that sit idle in a transaction, as the leak does."""
    for _ in range(number):
        client = stack.enter_context(closing(connect(pooler, role)))
        client.execute("begin")
        client.execute("select count(*) from public.leads")


def test_a_leak_fills_the_pool_a_larger_pool_lets_us_in_and_its_end_too(pooler: Any) -> None:
    pooler.default_pool_size = 3
    with ExitStack() as leak:
        hold(pooler, leak, 3)
        assert not works(pooler)
        pooler.default_pool_size = 4
        assert works(pooler)
        pooler.default_pool_size = 3
    until_it_works(pooler)


def test_ending_the_leaked_sessions_in_the_server_frees_the_pool(pooler: Any, postgres: Postgres) -> None:
    pooler.default_pool_size = 2
    with ExitStack() as leak:
        hold(pooler, leak, 2)
        assert not works(pooler)
        with postgres.connect() as admin:
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'")
        until_it_works(pooler)


def test_a_full_door_turns_the_next_client_away_and_opens_live(pooler: Any) -> None:
    with ExitStack() as clients:
        hold(pooler, clients, 2)
        pooler.max_client_conn = 2
        assert not works(pooler)
        pooler.max_client_conn = 60
        assert works(pooler)


def test_a_client_that_leaves_makes_room(pooler: Any) -> None:
    pooler.default_pool_size = 1
    for _ in range(5):
        until_it_works(pooler)
