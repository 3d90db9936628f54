"""A real restore: the base backup and the archived log bring back what was committed until a moment, and nothing later."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from runbook.sandbox.archive import Archive
from runbook.sandbox.postgres import Postgres, own_postgres


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    with own_postgres(Path(tempfile.mkdtemp(prefix="runbook-test-"))) as server:
        yield server


def everything(server: Postgres) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the application."""
    with server.connect() as connection:
        names = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        return {
            name: connection.execute(f'select * from public."{name}" t order by t::text'.encode()).fetchall()  # type: ignore[arg-type]
            for (name,) in names
        }


def do(server: Postgres, statement: str) -> None:
    with server.connect("app") as connection:
        connection.execute(statement.encode())


def second() -> int:
    """A whole second that lies between what was committed and what comes."""
    time.sleep(1.05 - time.time() % 1)
    return int(time.time())


def test_what_was_written_until_the_moment_comes_back_and_nothing_later(postgres: Postgres) -> None:
    archive = Archive(postgres, postgres.folder / "archive")
    archive.begin()
    do(postgres, "insert into public.leads (email) values ('before@example.test')")
    first, kept = second(), everything(postgres)
    do(postgres, "delete from public.bookings")
    do(postgres, "insert into public.leads (email) values ('after@example.test')")
    assert everything(postgres) != kept
    archive.restore(datetime.fromtimestamp(first, UTC))
    assert everything(postgres) == kept
    with postgres.connect("runbook") as connection:  # the same cluster, with the same passwords, that takes writes
        row = connection.execute("select system_identifier::text from pg_control_system()").fetchone()
    assert row == (postgres.system_identifier,)
    do(postgres, "insert into public.leads (email) values ('again@example.test')")

    again, kept = second(), everything(postgres)  # and once more, on the time line that the restore began
    do(postgres, "truncate public.leads")
    archive.restore(datetime.fromtimestamp(again, UTC))
    assert everything(postgres) == kept
    archive.end()
    assert not (postgres.folder / "archive").exists()
    assert not (postgres.folder / "data-replaced").exists()


def test_without_an_archive_nothing_is_kept_of_the_log(postgres: Postgres) -> None:
    with postgres.connect() as connection:
        connection.execute("select pg_switch_wal()")
        shown = connection.execute("show archive_command").fetchone()
    assert shown == ("true",)
    assert not (postgres.folder / "archive").exists()
    with pytest.raises(psycopg.errors.InsufficientPrivilege), postgres.connect("runbook") as connection:
        connection.execute("alter system set archive_command = 'false'")
