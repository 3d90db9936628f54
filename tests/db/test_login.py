"""One login: which layer failed, by what a real server, pooler or port says, and which project an address names."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from runbook.db.login import Login
from runbook.db.refusals import layer_of
from runbook.errors import Fault, SystemFault
from runbook.times import Times, deadline

if TYPE_CHECKING:
    from conftest import World

REF = "sandboxsandboxsandbo"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """What the resolver says: ``names(host=["127.0.0.1"])``; a host that is not among them has no address."""
    real = socket.getaddrinfo

    def put(**hosts: list[str]) -> None:
        def look_up(host: str, port: int, *words: Any, **more: Any) -> Any:
            if not host.endswith("_test"):
                return real(host, port, *words, **more)
            if host not in hosts:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in hosts[host]]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return put


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_no_address_and_one_that_is_none_are_settings_and_the_address_is_not_told(world: World) -> None:
    for dsn, says in {
        None: "DATABASE_URL is not set",
        "": "DATABASE_URL is not set",
        "postgresql://u:pa$$word@[half": "DATABASE_URL is no address of a database",
        "nonsense pa$$word": "DATABASE_URL is no address of a database",
        "postgresql://u:pa$$word@a,b/x": "DATABASE_URL must name one host and one port",
        "postgresql://u:pa$$word@a:1,b:2/x": "DATABASE_URL must name one host and one port",
    }.items():
        found = world.database(direct=dsn or None).probe("direct")
        assert (found.ok, found.layer, found.message) == (False, "settings", says)


def test_a_name_that_nobody_knows(world: World, names: Callable[..., None]) -> None:
    names()
    found = world.database(direct="postgresql://u:p@db_test/x").probe("direct")
    assert (found.layer, found.message) == ("name", "direct: the host's name cannot be looked up from here")


def test_a_resolver_that_hangs_costs_no_more_than_the_deadline(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *words, **more: released.wait(20) and [])
    one = world.database(direct="postgresql://u:p@db_test/x", times=Times())
    started = time.monotonic()
    with deadline(0.4, Times()):
        found = one.probe("direct")
    released.set()
    assert (found.layer, time.monotonic() - started < 1.5) == ("name", True)


def test_a_port_where_nobody_listens(world: World) -> None:
    found = world.database(direct="postgresql://u:p@127.0.0.1:1/x").probe("direct")
    assert (found.layer, found.message) == ("network", "direct: nothing listens there")


def test_a_port_that_takes_the_connection_and_says_nothing(world: World, silent: int) -> None:
    one = world.database(direct=f"postgresql://u:p@127.0.0.1:{silent}/x", times=Times())
    started = time.monotonic()
    with deadline(1, Times()):
        found = one.probe("direct")
    assert (found.layer, found.message) == ("answer", "direct: the port takes the connection, then nothing answers")
    assert time.monotonic() - started < 3.5


def test_a_server_without_encryption_gets_no_password_from_afar(world: World, names: Callable[..., None]) -> None:
    names(db_test=["127.0.0.1"])
    dsn = world.postgres.dsn("runbook").replace("127.0.0.1", "db_test")
    before = world.logins("connection auth")
    found = world.database(direct=dsn).probe("direct")
    assert found.layer == "tls"
    assert world.logins("connection auth") == before
    assert world.database(direct=f"{dsn}?sslmode=disable").probe("direct").ok


def test_a_dead_address_before_the_good_one_is_passed_over(world: World, names: Callable[..., None]) -> None:
    names(db_test=["127.0.0.2", "127.0.0.1"])
    dsn = world.postgres.dsn("runbook").replace("127.0.0.1", "db_test") + "?sslmode=disable"
    assert world.database(direct=dsn).probe("direct").ok


def test_a_wrong_password_is_not_tried_at_the_next_address(world: World, names: Callable[..., None]) -> None:
    names(db_test=["127.0.0.1", "127.0.0.1"])  # twice the same server: each try would be a login
    dsn = f"postgresql://runbook:wrong@db_test:{world.postgres.port}/postgres?sslmode=disable"
    before = world.failed_logins()
    found = world.database(direct=dsn).probe("direct")
    assert (found.layer, found.message) == ("login", "direct: the password is wrong; it is not tried again")
    assert world.failed_logins() - before == 1


@pytest.mark.parametrize(
    ("kind", "layer", "says"),
    [
        ("circuit_breaker", "pooler", "blocks this address"),
        ("max_clients", "pooler", "as many clients as it takes"),
        ("session_full", "pooler", "the pool is full"),
        ("tenant", "pooler", "does not know this project"),
        ("database", "postgres", "the database behind it does not"),
    ],
)
def test_a_refusal_of_the_pooler(world: World, kind: str, layer: str, says: str) -> None:
    world.pooler.refuse(kind)
    found = world.database().probe("pooled")
    assert (found.ok, found.layer, says in found.message) == (False, layer, True)


def test_a_role_that_may_have_no_more_connections_and_a_server_that_is_full(world: World) -> None:
    held = [world.client("reporting") for _ in range(4)]
    found = world.database(direct=world.postgres.dsn("reporting")).probe("direct")
    assert (found.layer, "this role has as many" in found.message) == ("postgres", True)
    for one in held:
        one.close()
    world.fill()
    found = world.database().probe("direct")
    assert (found.layer, "that ordinary roles may use are taken" in found.message) == ("postgres", True)


def test_a_connection_that_is_there_and_a_database_that_does_not_answer_on_it(world: World) -> None:
    one = world.database(times=Times())
    assert one.probe("direct").ok
    (pid,) = world.sessions()
    os.kill(pid, signal.SIGSTOP)
    try:
        with deadline(0.3, Times()):
            found = one.probe("direct")
        assert (found.layer, found.message) == ("query", "SELECT 1: the database does not answer")
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(
    ("said", "layer"),
    [
        (
            'connection to server at "10.0.0.1", port 5432 failed: FATAL:  password authentication failed for user "x"',
            "login",
        ),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "x", database "y", SSL off', "login"),
        ("server does not support SSL, but SSL was required", "tls"),
        ("SSL error: certificate verify failed", "tls"),
        ('root certificate file "/root/.postgresql/root.crt" does not exist', "tls"),
        ("consuming input failed: SSL connection has been closed unexpectedly", "network"),
        ("SSL SYSCALL error: EOF detected", "network"),
        (
            "FATAL:  terminating connection due to administrator command\nSSL connection has been closed unexpectedly",
            "postgres",
        ),
        ("connection failed: [Errno 113] No route to host", "network"),
        ("FATAL:  the database system is starting up", "postgres"),
        ("something that nobody has seen yet", "network"),
    ],
)
def test_what_is_said_names_the_layer(said: str, layer: str) -> None:
    assert layer_of(said)[0] == layer


@pytest.mark.parametrize(
    ("dsn", "ref"),
    [
        (f"postgresql://postgres:p@db.{REF}.supabase.co:5432/postgres", REF),
        (f"postgresql://postgres.{REF}:p@aws-0-eu-central-1.pooler.supabase.com:5432/postgres", REF),
        (f"host=db.{REF}.supabase.co user=postgres password=p", REF),
        (f"host=127.0.0.1 user=runbook.{REF}", REF),
        (f"postgresql://runbook:x.{REF}@127.0.0.1/postgres", ""),
        ("postgresql://runbook:p@127.0.0.1/postgres", ""),
        (None, ""),
    ],
)
def test_the_project_that_an_address_names(dsn: str | None, ref: str) -> None:
    assert Login("direct", dsn, "DATABASE_URL", Times()).project_ref == ref


def test_no_message_of_any_layer_holds_the_address_or_the_password(world: World) -> None:
    for dsn in (
        "postgresql://u:s3cret@127.0.0.1:1/x",
        f"postgresql://runbook:s3cret@127.0.0.1:{world.postgres.port}/x",
    ):
        with pytest.raises(SystemFault) as raised:
            world.database(direct=dsn, pooled=None).query("utilisation")
        assert raised.value.fault in (Fault.DOWN, Fault.AUTH)
        assert not any(part in str(raised.value) for part in ("s3cret", "127.0.0.1", "postgresql"))
