"""The SQL files: what each of them says about itself, and what they do on a real PostgreSQL."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import runbook
from psycopg.rows import dict_row
from runbook.db.statements import with_table

if TYPE_CHECKING:
    from runbook.sandbox.postgres import Postgres

FILES = sorted((Path(runbook.__file__).parent / "sql").glob("*.sql"))
PUBLIC_KEY = (Path(__file__).parents[2] / "params/environments/sandbox-dumps.asc").read_text("utf-8")
SAMPLE: dict[str, Any] = {
    "seconds": 1.0,
    "identities": "1@x,2@y",
    "moment": "2026-01-05 03:00:00+00",
    "most_bytes": 1_000_000,
    "schema": "public",
    "table_name": "bookings",
    "public_key": PUBLIC_KEY,
    "until": "2026-01-05 03:00:00+00",
    "user_id": "user_7",
    "type": "int",
    "table": "leads",
    "column": "email",
    "ids": "evt_1,evt_2",
}
PROTECTED = "postgres,authenticator"
TABLES = {"get_given_payments": "public.entitlements", "get_handled_events": "public.processed_events",
          "get_held_bookings": "public.bookings"}  # fmt: skip
Row = dict[str, Any]


def statement(path: Path) -> str:
    lines = (line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("--"))
    return with_table("\n".join(lines), {"table": TABLES.get(path.stem, "public.user_sessions")})


def named(name: str) -> str:
    return statement(next(path for path in FILES if path.stem == name))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestFile:
    def test_first_line_says_what_it_does_and_its_undo(self, path: Path) -> None:
        first = path.read_text("utf-8").splitlines()[0]
        assert re.fullmatch(r"-- [A-Z].{20,}\.", first)
        assert ("Undo: " in first) if path.stem.startswith("do_") else first.endswith(" Read only.")

    def test_is_one_statement_with_bound_values_only(self, path: Path) -> None:
        assert ";" not in statement(path)
        assert "%" not in re.sub(r"%\([a-z_]+\)s", "", path.read_text("utf-8"))

    def test_names_the_schema_of_every_relation(self, path: Path) -> None:
        text = re.sub(r"extract\(epoch from|distinct from|'[^']*'", "", statement(path))
        own = {*re.findall(r"(?:with|,)\s+([a-z_]+) as \(", text), "lateral"}
        relations = re.findall(r"\b(?:from|join)\s+([a-z_.]+)", text.replace('"', ""))
        assert [name for name in relations if "." not in name and name not in own] == []


@pytest.mark.parametrize("path", [p for p in FILES if p.stem.startswith("get_")], ids=lambda path: path.stem)
def test_reads_as_the_vendors_read_only_user_who_has_no_search_path(path: Path, postgres: Postgres) -> None:
    with postgres.connect("supabase_read_only_user") as connection:
        connection.execute("set search_path to ''")
        connection.execute("set default_transaction_read_only to on")
        text = statement(path)
        connection.execute(text, {k: v for k, v in SAMPLE.items() if f"%({k})s" in text})  # type: ignore[arg-type]


@contextmanager
def session(postgres: Postgres, role: str, *statements: str, database: str = "postgres") -> Iterator[Row]:
    """A session idle in a transaction after these statements, as ``get_idle_transactions`` shows it."""
    connection = psycopg.connect(postgres.dsn(role, database=database, application_name="victim"))
    try:
        for one in statements or ("select 1",):
            connection.execute(one)  # type: ignore[call-overload]
        pid = connection.info.backend_pid
        yield next(row for row in run(postgres, "get_idle_transactions") if row["pid"] == pid)
    finally:
        connection.close()


def run(postgres: Postgres, name: str, **values: Any) -> list[Row]:
    text = named(name)
    bound = {key: value for key, value in values.items() if f"%({key})s" in text}
    with psycopg.connect(postgres.dsn("runbook"), autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(text, bound).fetchall()  # type: ignore[call-overload, no-any-return]


def end(postgres: Postgres, row: Row, **changes: Any) -> list[Row]:
    return run(postgres, "do_end_session", **{**row, "protected_roles": PROTECTED, **changes})


def test_ends_the_session_that_was_approved(postgres: Postgres) -> None:
    with session(postgres, "app") as row:
        assert [ended["pid"] for ended in end(postgres, row)] == [row["pid"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"backend_start": "2020-01-01T00:00:00Z"},
        {"xact_start": "2020-01-01T00:00:00Z"},
        {"protected_roles": "x,app"},
    ],
    ids=["another session with that pid", "a newer transaction", "a protected role"],
)
def test_ends_nothing_else(postgres: Postgres, changes: Row) -> None:
    with session(postgres, "app") as row:
        assert end(postgres, row, **changes) == []


@pytest.mark.parametrize(
    "role", ["supabase_admin", "supabase_auth_admin", "supabase_replication_admin", "supabase_storage_admin"]
)
def test_never_ends_the_vendors_own_even_when_nobody_protects_them(postgres: Postgres, role: str) -> None:
    with session(postgres, role) as row:
        assert end(postgres, row, protected_roles="") == []


def test_never_ends_a_session_of_another_database(postgres: Postgres) -> None:
    with session(postgres, "app", database="template1") as row:
        assert row["other_database"] is True
        assert end(postgres, row) == []


def test_leaves_a_session_that_went_on_to_work(postgres: Postgres) -> None:
    with ExitStack() as stack:
        row = stack.enter_context(session(postgres, "app"))
        with psycopg.connect(postgres.dsn("app")) as other:
            other.execute("select 1")
            assert end(postgres, {**row, "pid": other.info.backend_pid}) == []


@contextmanager
def running(postgres: Postgres, sql: str, role: str = "app") -> Iterator[Row]:
    """A session whose statement runs for longer than a fifth of a second."""
    connection = psycopg.connect(postgres.dsn(role), autocommit=True)
    ended: list[str] = []

    def work() -> None:
        try:
            connection.execute(sql)  # type: ignore[call-overload]
        except psycopg.Error as error:
            ended.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        pid = connection.info.backend_pid
        found: list[Row] = []
        while not found:
            found = [row for row in run(postgres, "get_long_statements", seconds=0.2) if row["pid"] == pid]
        yield {**found[0], "ended": ended, "thread": thread}
    finally:
        with postgres.connect() as admin:
            admin.execute("select pg_cancel_backend(%s)", (connection.info.backend_pid,))
        thread.join(5)
        connection.close()


def test_cancels_the_statement_that_was_approved_and_no_other(postgres: Postgres) -> None:
    with running(postgres, "select pg_sleep(20)") as row:
        wanted = {**row, "protected_roles": PROTECTED}
        assert run(postgres, "do_cancel_statement", **{**wanted, "query_start": "2020-01-01T00:00:00Z"}) == []
        assert run(postgres, "do_cancel_statement", **{**wanted, "protected_roles": "app"}) == []
        assert [done["pid"] for done in run(postgres, "do_cancel_statement", **wanted)] == [row["pid"]]
        row["thread"].join(5)
        assert "canceling statement due to user request" in row["ended"][0]


def test_shows_the_root_of_a_blocking_chain_first(postgres: Postgres) -> None:
    table = "public.chain"
    with postgres.connect() as admin:
        admin.execute(f"create table {table} as select 1 as id; grant all on {table} to app")
    with (
        session(postgres, "app", f"update {table} set id = 2") as holder,
        running(postgres, f"update {table} set id = 3") as first,
        running(postgres, f"update {table} set id = 4") as second,
    ):
        rows = run(postgres, "get_blocking")
    assert [row["pid"] for row in rows] == [holder["pid"], first["pid"]]
    assert [row["root"] for row in rows] == [True, False]
    assert second["pid"] in rows[1]["waiting_pids"]


def test_shows_a_prepared_transaction_as_a_blocker_without_a_session() -> None:
    assert "prepared transaction" in named("get_blocking")


def test_blanks_literals_and_long_numbers_of_queries(postgres: Postgres) -> None:
    with session(postgres, "app", "select 'o''brien@example.com', 5550123456") as row:
        assert row["last_query"] == "select '...', #"


def test_tells_which_of_the_sessions_are_still_there(postgres: Postgres) -> None:
    with session(postgres, "app") as row:
        identity = f"{row['pid']}@{row['backend_start']}"
        there = run(postgres, "get_sessions", identities=f"{identity},1@2020-01-01T00:00:00.000000Z")
        assert [(one["identity"], one["xact_start"]) for one in there] == [(identity, row["xact_start"])]


def test_shows_what_a_slot_that_nobody_reads_retains(postgres: Postgres) -> None:
    with postgres.connect() as admin:
        admin.execute("select pg_create_physical_replication_slot('dead', true)")
        try:
            (slot,) = run(postgres, "get_slots")
        finally:
            admin.execute("select pg_drop_replication_slot('dead')")
    assert (slot["slot"], slot["active"]) == ("dead", False)
    assert slot["retained_bytes"] >= 0


def test_a_session_that_only_reads_does_not_make_the_database_read_only(postgres: Postgres) -> None:
    with psycopg.connect(postgres.dsn("runbook"), autocommit=True, row_factory=dict_row) as connection:
        taken = connection.execute(named("get_sizes")).fetchall()  # type: ignore[call-overload]
        connection.execute("set default_transaction_read_only to on")
        cannot_tell = connection.execute(named("get_sizes")).fetchall()  # type: ignore[call-overload]
    assert (taken[0]["read_only"], cannot_tell[0]["read_only"]) == (False, None)


def test_a_database_that_was_made_read_only_says_so(postgres: Postgres) -> None:
    with postgres.connect() as admin:
        admin.execute("alter system set default_transaction_read_only = on")
        admin.execute("select pg_reload_conf()")
        try:
            until(lambda: run(postgres, "get_sizes")[0]["read_only"] is True)
        finally:
            admin.execute("set default_transaction_read_only to off")
            admin.execute("alter system reset default_transaction_read_only")
            admin.execute("select pg_reload_conf()")
    until(lambda: run(postgres, "get_sizes")[0]["read_only"] is False)


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < give_up, "it did not come true in time"
        time.sleep(0.02)
