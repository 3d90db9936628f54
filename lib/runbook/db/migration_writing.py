"""Statements written from operations, every name quoted. What a column or a constraint is stands in the migration's own words."""

from __future__ import annotations

from typing import Any

from runbook.db.operations import Kind, Operation, Table


def write(one: Operation) -> str:
    """The statement that carries an operation out; every name quoted."""
    from psycopg import sql

    table, name = sql.Identifier(*one.table), sql.Identifier(one.name)
    match one.kind:
        case Kind.RENAME_COLUMN:
            change = sql.SQL("RENAME COLUMN {} TO {}").format(name, sql.Identifier(one.new))
        case Kind.ADD_COLUMN:
            change = sql.SQL("ADD COLUMN {} {}").format(name, _raw(one.text))
        case Kind.DROP_COLUMN:
            change = sql.SQL("DROP COLUMN {}").format(name)
        case Kind.SET_NOT_NULL:
            change = sql.SQL("ALTER COLUMN {} SET NOT NULL").format(name)
        case Kind.DROP_NOT_NULL:
            change = sql.SQL("ALTER COLUMN {} DROP NOT NULL").format(name)
        case Kind.ADD_CONSTRAINT:
            change = sql.SQL("ADD {}").format(_raw(one.text))
        case Kind.DROP_CONSTRAINT:
            change = sql.SQL("DROP CONSTRAINT {}").format(name)
    return sql.SQL("ALTER TABLE {} {}").format(table, change).as_string(None)


def fill(statement: str, table: Table, column: str = "") -> str:
    """A statement of a file with its ``{table}`` and ``{column}``, quoted; ``{text}`` is the table's name as a value."""
    from psycopg import sql

    name = sql.Identifier(*table)
    names = {"table": name, "column": sql.Identifier(column or "-"), "text": sql.Literal(name.as_string(None))}
    return sql.SQL(statement).format(**names).as_string(None)  # from our own file


def _raw(text: str) -> Any:
    """The migration's own words: one clause and nothing behind it, as its reader has found."""
    from psycopg import sql

    return sql.SQL(text.replace("{", "{{").replace("}", "}}")).format()
