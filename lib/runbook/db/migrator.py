"""The way by which the schema is changed: a connection of its own, for one transaction, as the role that owns the tables."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.db.login import Login
from runbook.db.migration_writing import fill, write
from runbook.db.operations import Operation, Schema, differences
from runbook.db.refusals import fault_at, is_over, rejected
from runbook.db.statements import load_statement
from runbook.db.transaction import transaction
from runbook.errors import Fault
from runbook.model import Json
from runbook.times import Times, seconds_left

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[dict[str, Any]]

CHANGE_SECONDS = 15.0  # statement_timeout: whoever waits for our lock waits no longer than that


@dataclass(frozen=True, slots=True)
class Bookkeeping:
    """What is written into the history of migrations: ``sql/do_<name>.sql`` and its values. It answers one row."""

    name: str
    values: Mapping[str, Json]


class Migrator:
    """Changes the schema of one cluster by the DSN in ``variable``; opens nothing before it is asked to."""

    def __init__(self, dsn: str | None, variable: str, *, system_identifier: str, times: Times) -> None:
        self.variable = variable
        self.is_set = bool(dsn)
        self._login = Login("migrations", dsn, variable, times)
        self._system_identifier = system_identifier
        self._times = times

    def carry_out(self, operations: Sequence[Operation], expected: Schema, bookkeeping: Bookkeeping) -> None:
        """All of it or nothing, in one transaction, which must leave the expected schema: every column, every table.

        A column that holds values by then is not dropped.

        ``lock_timeout`` ends the wait for a table that somebody uses, ``statement_timeout`` a change that takes long.
        """
        import psycopg

        with contextlib.closing(self._login.connect()) as connection:
            try:
                with transaction(connection, seconds_left(self._times, CHANGE_SECONDS), read_only=False):
                    self._must_be_the_right_one(connection)
                    self._change(connection, operations, expected, bookkeeping)
            except TimeoutError:
                raise fault_at("query", "the database does not answer", Fault.TIMEOUT) from None
            except psycopg.Error as error:
                if is_over(connection, error):
                    raise fault_at("query", "the connection broke on the way", Fault.DOWN) from None
                said = rejected(error, "rolled back, nothing was changed").what
                raise fault_at("query", said, Fault.REJECTED) from None  # also when it came late: its end is known

    def rights(self) -> dict[str, Json]:
        """Who this way logs in as, where it leads, and what that role could not change or see."""
        import psycopg

        with contextlib.closing(self._login.connect()) as connection:
            try:
                with transaction(connection, seconds_left(self._times, CHANGE_SECONDS), read_only=True):
                    row = connection.execute(load_statement("get_owner_rights").encode()).fetchone() or {}
            except TimeoutError:
                raise fault_at("query", "the database does not answer", Fault.TIMEOUT) from None
            except psycopg.Error as error:
                raise rejected(error, "its rights cannot be read") from None
        return {**row, "leads_to_the_right_one": row.get("system_identifier") == self._system_identifier}

    def close(self) -> None:
        """There is nothing to close: no connection outlives its transaction."""

    def _must_be_the_right_one(self, connection: Connection) -> None:
        """This address is not the one that was identified: it must lead to the same cluster."""
        row = connection.execute(load_statement("get_identity").encode()).fetchone() or {}
        if row.get("system_identifier") != self._system_identifier:
            raise fault_at("query", f"{self.variable} leads to another database", Fault.WRONG_TARGET)

    def _change(
        self, connection: Connection, operations: Sequence[Operation], expected: Schema, bookkeeping: Bookkeeping
    ) -> None:  # fmt: skip
        for table in dict.fromkeys(one.table for one in operations):
            connection.execute(fill(load_statement("do_lock_table"), table).encode())
        for one in operations:
            if one.destroys and self._values(connection, one) != 0:
                raise fault_at("query", f"{one.told}: it holds values by now; rolled back", Fault.REJECTED)
            connection.execute(write(one).encode())
        columns, constraints = (
            connection.execute(load_statement(name).encode()).fetchall()
            for name in ("get_schema_columns", "get_schema_constraints")
        )
        if wrong := differences(expected, Schema.of(columns, constraints)):
            raise fault_at("query", f"it would not come out as planned: {wrong[0]}; rolled back", Fault.REJECTED)
        kept = connection.execute(load_statement(f"do_{bookkeeping.name}").encode(), bookkeeping.values).fetchall()
        if len(kept) != 1:
            raise fault_at("query", "another migration was applied meanwhile; rolled back", Fault.REJECTED)

    def _values(self, connection: Connection, one: Operation) -> int | None:
        """None: row security hides them, so nobody can tell."""
        row = connection.execute(fill(load_statement("count_values"), one.table, one.name).encode()).fetchone() or {}
        counted: int | None = row["n"]
        return counted
