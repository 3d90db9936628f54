"""The real parts, one by one: PostgreSQL and its replica, Valkey, the mail server."""

from __future__ import annotations

import os
import smtplib
import stat
import tempfile
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from runbook.sandbox.mailbox import Mailbox
from runbook.sandbox.postgres import Postgres, own_postgres
from runbook.sandbox.processes import LOOPBACK
from runbook.sandbox.replica import Replica
from runbook.sandbox.valkey import Valkey


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    # Not under pytest's own folder: that one is closed to the user that a server started by root becomes.
    with own_postgres(Path(tempfile.mkdtemp(prefix="runbook-test-"))) as server:
        yield server


def value(server: Postgres, statement: str, role: str = "supabase_admin") -> object:
    with server.connect(role) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


def do(server: Postgres, *statements: str) -> None:
    with server.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_the_server_runs_as_nobody_special_and_listens_on_loopback_only(postgres: Postgres) -> None:
    pid = int((postgres.data / "postmaster.pid").read_text().splitlines()[0])
    assert Path(f"/proc/{pid}").stat().st_uid not in (0,) and postgres.data.stat().st_mode & 0o077 == 0
    assert value(postgres, "show listen_addresses") == LOOPBACK
    assert value(postgres, "show unix_socket_directories") == ""
    assert postgres.system_identifier == str(value(postgres, "select system_identifier from pg_control_system()"))


def test_nobody_comes_in_without_the_password(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=LOOPBACK, port=postgres.port, user="app", password="app", dbname="postgres")


def test_the_runbooks_role_sees_everything_may_signal_and_is_no_superuser(postgres: Postgres) -> None:
    roles = "select r.rolname from pg_roles r where pg_has_role('runbook', r.oid, 'member') and r.rolname <> 'runbook'"
    with postgres.connect("runbook") as connection:
        names = {row[0] for row in connection.execute(roles).fetchall()}
    assert {"pg_monitor", "pg_read_all_data", "pg_signal_backend"} <= names
    assert (
        value(postgres, "select rolsuper or rolcreaterole or rolreplication from pg_roles where rolname = 'runbook'")
        is False
    )


def test_a_full_server_is_full_for_us_too_and_the_vendors_slots_stay_free(postgres: Postgres) -> None:
    held: list[psycopg.Connection[tuple[object, ...]]] = []
    try:
        with pytest.raises(psycopg.OperationalError, match='too many connections for role "app"'):
            while True:
                held.append(postgres.connect("app"))
        assert len(held) == 24
        with pytest.raises(psycopg.OperationalError, match="remaining connection slots are reserved"):
            while True:
                held.append(postgres.connect("postgres"))
        with pytest.raises(psycopg.OperationalError, match="remaining connection slots are reserved"):
            postgres.connect("runbook")
        assert value(postgres, "select 1") == 1
    finally:
        for connection in held:
            connection.close()


def test_stop_and_start_keep_port_identity_and_data(postgres: Postgres) -> None:
    before = (postgres.port, postgres.system_identifier)
    do(postgres, "create table if not exists kept as select 7 as n")
    postgres.stop()
    assert not postgres.alive()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        postgres.connect()
    postgres.start()
    assert (postgres.port, postgres.system_identifier) == before and value(postgres, "select n from kept") == 7


def test_a_port_that_was_taken_meanwhile_is_chosen_anew(postgres: Postgres) -> None:
    with own_postgres(Path(tempfile.mkdtemp(prefix="runbook-test-"))) as other:
        other.stop()
        other.port = postgres.port
        other.start()
        assert other.port != postgres.port and value(other, "select 1") == 1


def test_a_replica_follows_falls_behind_and_catches_up(postgres: Postgres) -> None:
    replica = Replica(postgres, postgres.folder / "replica")
    began = time.monotonic()
    replica.start()
    try:
        assert time.monotonic() - began < 8
        do(postgres, "create table if not exists seen (n int)")
        until_shown(replica, "select count(*) from seen", 0)
        replica.pause_replay()
        do(postgres, "insert into seen values (1)", "select pg_logical_emit_message(false, 'x', repeat('x', 5000000))")
        until(lambda: behind(postgres) > 5_000_000)
        assert shown(replica, "select count(*) from seen") == 0
        replica.resume_replay()
        until_shown(replica, "select count(*) from seen", 1)
        with (
            pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
            psycopg.connect(replica.dsn("postgres")) as connection,
        ):
            connection.execute("insert into seen values (2)")
    finally:
        replica.remove()
    assert not replica.folder.exists()


def behind(primary: Postgres) -> int:
    lag = "select coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::bigint from pg_stat_replication"
    return int(str(value(primary, lag)))


def shown(replica: Replica, statement: str) -> object:
    with psycopg.connect(replica.dsn("supabase_admin"), autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


def until_shown(replica: Replica, statement: str, wanted: object) -> None:
    def holds() -> bool:
        try:
            return shown(replica, statement) == wanted
        except psycopg.errors.UndefinedTable:
            return False

    until(holds)


def until(holds: object) -> None:
    give_up = time.monotonic() + 10
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < give_up, "it did not come true in time"
        time.sleep(0.02)


def test_valkey_wants_its_password_and_does_what_redis_does(tmp_path: Path) -> None:
    server = Valkey(tmp_path / "valkey")
    server.start()
    try:
        with redis.Redis.from_url(server.url, decode_responses=True) as client:
            client.rpush("queue", "one", "two")
            assert client.lrange("queue", 0, -1) == ["one", "two"]
            assert client.info("server")["server_name"] == "valkey"
        with (
            redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as stranger,
            pytest.raises(redis.exceptions.AuthenticationError),
        ):
            stranger.ping()
        assert stat.S_IMODE((tmp_path / "valkey" / "valkey.conf").stat().st_mode) == 0o600
        assert server.password not in command_line(server)
    finally:
        server.stop()
    assert not server.alive()


def command_line(server: Valkey) -> str:
    pids = [place for place in Path("/proc").glob("[0-9]*") if os.access(place / "cmdline", os.R_OK)]
    lines = (place.joinpath("cmdline").read_text(errors="replace") for place in pids if place.exists())
    return " ".join(line for line in lines if "valkey-server" in line)


def test_the_mail_server_wants_a_login_and_keeps_what_it_takes(tmp_path: Path) -> None:
    server = Mailbox(tmp_path)
    server.start()
    try:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "runbook@agency.test", "lead@agency.test", "SEV-1"
        mail.set_content("The pool is full.")
        with smtplib.SMTP(LOOPBACK, server.port, timeout=5) as client:
            with pytest.raises(smtplib.SMTPSenderRefused, match="Authentication required"):
                client.send_message(mail)
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("runbook", "wrong")
        login = urlsplit(server.url)
        with smtplib.SMTP(LOOPBACK, server.port, timeout=5) as client:
            client.login(login.username or "", login.password or "")
            client.send_message(mail)
    finally:
        server.stop()
    (kept,) = (server.folder / "new").iterdir()
    assert "The pool is full." in kept.read_text()
