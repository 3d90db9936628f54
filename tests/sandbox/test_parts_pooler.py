"""The pooler: its limits count live, its refusals are Supavisor's, and a client's way through it is the real one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
from runbook.sandbox.parts import PROJECT_REF
from runbook.sandbox.pooler import FAILURES, Pooler
from runbook.sandbox.postgres import Postgres, own_postgres

# Word for word: Supabase documentation, Supavisor troubleshooting, and Supavisor's own source.
BREAKER = "FATAL:  (ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked"
FULL = "FATAL:  (EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: {}"
CLIENTS = "FATAL:  (EMAXCONN) max client connections reached, limit: {}"
STRANGER = "FATAL:  (ENOTFOUND) tenant/user {} not found"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with own_postgres(Path(tempfile.mkdtemp(prefix="runbook-test-"))) as server:
        yield server


@pytest.fixture
def pooler(postgres: Postgres) -> Iterator[Pooler]:
    one = Pooler(postgres, PROJECT_REF)
    one.start()
    yield one
    one.stop()


def connect(pooler: Pooler, role: str = "app") -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(pooler.dsn(role), autocommit=True, connect_timeout=5)


def refusal(pooler: Pooler, dsn: str = "") -> str:
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(dsn or pooler.dsn("app"), connect_timeout=5).close()
    return str(caught.value)


def until_empty(pooler: Pooler) -> None:
    give_up = time.monotonic() + 5
    while pooler.figures.servers:
        assert time.monotonic() < give_up, "a client that left is still counted"
        time.sleep(0.01)


def test_a_client_gets_a_session_of_its_own_until_it_leaves(pooler: Pooler) -> None:
    with closing(connect(pooler)) as client:
        assert client.execute("select current_user::text").fetchone() == ("app",)
        client.execute("set statement_timeout = '7s'")  # session mode: settings stay with the client
        assert client.execute("show statement_timeout").fetchone() == ("7s",)
        assert (pooler.figures.clients, pooler.figures.servers) == (1, 1)
    until_empty(pooler)


def test_the_pool_size_counts_at_once_up_and_down(pooler: Pooler) -> None:
    pooler.default_pool_size = 2
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(closing(connect(pooler)))
        assert FULL.format(2) in refusal(pooler)
        pooler.default_pool_size = 3
        stack.enter_context(closing(connect(pooler)))
        pooler.default_pool_size = 1  # nobody is thrown out, nobody new comes in
        assert FULL.format(1) in refusal(pooler)
        assert pooler.figures.servers == 3
    until_empty(pooler)
    connect(pooler).close()
    assert pooler.figures.refused == {"session_full": 2}


def test_the_number_of_clients_counts_at_once(pooler: Pooler) -> None:
    pooler.max_client_conn = 1
    with closing(connect(pooler)):
        assert CLIENTS.format(1) in refusal(pooler)
        pooler.max_client_conn = 2
        connect(pooler).close()


def test_all_users_share_the_pool_so_it_is_full_for_us_too(pooler: Pooler) -> None:
    pooler.default_pool_size = 1
    with closing(connect(pooler, "app")):
        assert FULL.format(1) in refusal(pooler, pooler.dsn("runbook"))


def test_wrong_passwords_close_the_door_also_for_the_right_one_until_the_project_restarts(pooler: Pooler) -> None:
    right = pooler.dsn("app")
    wrong = right.replace(f":{right.split(':')[2].split('@')[0]}@", ":wrong@")
    for _ in range(FAILURES):
        assert 'password authentication failed for user "app"' in refusal(pooler, wrong)
    assert BREAKER in refusal(pooler)
    pooler.refuse(None)  # what a project restart does
    connect(pooler).close()


def test_one_right_password_between_wrong_ones_keeps_the_door_open(pooler: Pooler) -> None:
    right = pooler.dsn("app")
    wrong = right.replace(f":{right.split(':')[2].split('@')[0]}@", ":wrong@")
    for _ in range(2):
        for _ in range(FAILURES - 1):
            refusal(pooler, wrong)
        connect(pooler).close()


def test_a_project_that_is_not_ours_and_a_role_that_is_not_there_are_unknown(pooler: Pooler) -> None:
    other = pooler.dsn("app").replace(PROJECT_REF, "a" * 20)
    assert STRANGER.format("app." + "a" * 20) in refusal(pooler, other)
    nobody = pooler.dsn("app").replace("app.", "ghost.")
    assert STRANGER.format(f"ghost.{PROJECT_REF}") in refusal(pooler, nobody)


def test_a_cancelled_statement_goes_through_to_the_server(pooler: Pooler) -> None:
    with closing(connect(pooler)) as client:
        client.execute("set statement_timeout = '10s'")
        client.cancel_safe(timeout=5)  # nothing runs: no harm
        assert client.execute("select 1").fetchone() == (1,)


def test_without_a_server_behind_it_says_so(postgres: Postgres, pooler: Pooler) -> None:
    postgres.stop()
    try:
        assert "FATAL:  (ECONNREFUSED) connection to the database refused" in refusal(pooler)
    finally:
        postgres.start()
    connect(pooler).close()


def test_a_stranger_who_talks_nonsense_is_hung_up_on(pooler: Pooler) -> None:
    import socket

    with socket.create_connection(("127.0.0.1", pooler.port), timeout=5) as line:
        line.sendall(b"GET / HTTP/1.1\r\n\r\n")
        line.shutdown(socket.SHUT_WR)
        assert line.recv(100) == b""
    connect(pooler).close()
