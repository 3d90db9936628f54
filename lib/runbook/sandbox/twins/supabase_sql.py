"""SQL through the management API: run on the real database over a reserved connection, as the vendor's own roles.

Values come back as the vendor's service gives them (node-postgres with pg-meta's parsers): int8 as numbers, numeric and
every kind of time as text. Parameters go in as text too, so that Postgres finds their types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader

from runbook.sandbox.statements import signals, writes
from runbook.sandbox.twins.frame import Refusal, Reply

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
STATEMENT_SECONDS = 30
AS_TEXT = ("numeric", "timestamptz", "timestamp", "date", "time", "timetz", "interval", "uuid", "inet", "cidr", "bytea")


def run(world: World, query: str, parameters: Sequence[Json], *, role: str, read_only: bool) -> Reply:
    """201 with the rows; 400 with Postgres' own words. What was really ended or written goes to the request log."""
    try:
        with world.reserved_connection() as connection:
            rows = _execute(connection, query, [_text(value) for value in parameters], role, read_only=read_only)
    except psycopg.OperationalError as error:
        if error.sqlstate is None:  # no connection at all
            raise Refusal(500, f"Failed to run sql query: {_first_line(error)}") from error
        raise Refusal(400, _words(error)) from error
    except psycopg.Error as error:
        raise Refusal(400, _words(error)) from error
    if signals(query):
        ended = [row for row in rows if any(value is True for value in row.values())]
        return Reply(rows, 201, change=bool(ended), objects=_sessions(ended, parameters))
    return Reply(rows, 201, change=not read_only and writes(query))


def _execute(
    connection: psycopg.Connection[dict[str, Any]], query: str, values: list[Any], role: str, *, read_only: bool
) -> list[dict[str, Json]]:
    for name in AS_TEXT:
        connection.adapters.register_loader(name, TextLoader)
    connection.execute("select set_config('statement_timeout', %s, false)", (str(STATEMENT_SECONDS * 1000),))
    connection.execute("select set_config('role', %s, false)", (role,))
    if read_only:  # this transaction only: default_transaction_read_only must read as the database's own
        connection.execute("begin read only")
    cursor = psycopg.RawCursor(connection, row_factory=dict_row)
    # a tuple, not None, would make every query an extended one, and those hold a single statement only
    cursor.execute(query.encode(), values or None)
    while cursor.nextset():  # the vendor answers with the last statement's rows
        pass
    return [{name: _plain(value) for name, value in row.items()} for row in cursor] if cursor.description else []


def _text(value: Json) -> Json:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [_text(each) for each in value]
    return json.dumps(value)  # numbers and booleans as Postgres reads them, objects as JSON


def _plain(value: Any) -> Json:
    return value if value is None or isinstance(value, str | int | float | bool | list | dict) else str(value)


def _sessions(rows: Sequence[dict[str, Json]], parameters: Sequence[Json]) -> tuple[str, ...]:
    """Identities of the ended sessions: the pid of each row, and the backend_start that was asked for."""
    starts = [text for value in parameters if re.match(r"\d{4}-\d\d-\d\dT", text := str(value))]
    pids = [str(row["pid"]) for row in rows if "pid" in row]
    return tuple(f"{pid}@{starts[0]}" if starts and len(pids) == 1 else pid for pid in pids)


def _first_line(error: psycopg.Error) -> str:
    return str(error).splitlines()[0]


def _words(error: psycopg.Error) -> str:
    said = error.diag.message_primary or _first_line(error)
    return f"Failed to run sql query: ERROR:  {error.sqlstate}: {said}\n"
