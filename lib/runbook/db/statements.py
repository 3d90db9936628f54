"""Statements from files, their parameters, and what comes back as JSON. Pure but for the reading of the files."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any

from runbook.errors import SettingError
from runbook.model import Json
from runbook.times import iso

TABLE = re.compile(r"[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}")


@functools.cache
def load_statement(name: str) -> str:
    """One statement from ``runbook/sql``, without comments: psycopg reads % in them as a placeholder."""
    file = resources.files("runbook") / "sql" / f"{name}.sql"
    if not file.is_file():
        raise SettingError(f"no statement {name}", where="runbook/sql", next_step="correct the name")
    lines = [re.sub(r"\s*--.*$", "", line) for line in file.read_text("utf-8").splitlines()]
    return "\n".join(line for line in lines if line.strip()).rstrip().rstrip(";")


def with_table(statement: str, values: Mapping[str, Json]) -> str:
    """The statement with the table that the profile names in the place of ``{table}``: a name cannot be bound like a value."""
    if "{table}" not in statement:
        return statement
    name = str(values["table"])
    if not TABLE.fullmatch(name):
        raise SettingError(
            f"{name!r} is no schema.table", where="profile", next_step="write it as public.user_sessions"
        )
    return statement.replace("{table}", ".".join(f'"{part}"' for part in name.split(".")))


def numbered_parameters(statement: str, values: Mapping[str, Json]) -> tuple[str, list[Json]]:
    """The statement with ``$1`` for ``%(name)s``, and the values in that order: what the management API takes."""
    order: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in order:
            order.append(match[1])
        return f"${order.index(match[1]) + 1}"

    numbered = re.sub(r"%\((\w+)\)s", number, statement).replace("%%", "%")
    return numbered, [values[name] for name in order]


def as_json(value: Any) -> Json:
    """A database value as JSON: times as ISO with microseconds, durations in seconds, what is no number as None."""
    match value:
        case datetime():
            return value.isoformat() if value.tzinfo is None else _microseconds(value)
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case float() | Decimal():
            return float(value) if math.isfinite(value) else None
        case list() | tuple():
            return [as_json(item) for item in value]
        case dict():
            return {str(key): as_json(item) for key, item in value.items()}
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)


def _microseconds(value: datetime) -> str:
    """A moment with microseconds: the identity of a session must bind exactly what was seen."""
    return iso(value)[:-5] + f".{value.microsecond:06d}Z"
