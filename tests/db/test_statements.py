"""Statements and what comes back, without a database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from typing import Any
from uuid import UUID

import pytest
from runbook.db.statements import as_json, load_statement, numbered_parameters, with_table
from runbook.errors import SettingError


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime(2026, 1, 5, 3, 0, 0, 123456, tzinfo=UTC), "2026-01-05T03:00:00.123456Z"),
        (datetime(2026, 1, 5, 3, 0, tzinfo=UTC), "2026-01-05T03:00:00.000000Z"),
        (datetime(2026, 1, 5), "2026-01-05T00:00:00"),
        (date(2026, 1, 5), "2026-01-05"),
        (timedelta(minutes=1, milliseconds=5), 60.005),
        (Decimal("1.5"), 1.5),
        (Decimal("NaN"), None),
        (float("nan"), None),
        (float("-inf"), None),
        ([Decimal(1), {"a": float("inf")}], [1.0, {"a": None}]),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (True, True),
        (2**70, 2**70),
        (None, None),
    ],
)
def test_a_value_becomes_json_that_the_record_can_hold(value: Any, written: Any) -> None:
    assert as_json(value) == written
    assert type(as_json(value)) is type(written)
    json.dumps(as_json(value), allow_nan=False)


def test_each_name_is_one_number_in_the_order_of_its_first_use() -> None:
    statement = "SELECT %(b)s, %(a)s, %(b)s WHERE x LIKE '5%%'"
    assert numbered_parameters(statement, {"a": 1, "b": [2], "c": 3}) == (
        "SELECT $1, $2, $1 WHERE x LIKE '5%'",
        [[2], 1],
    )


def test_a_value_that_is_missing_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        numbered_parameters("SELECT %(a)s", {})


def test_every_statement_loads_without_comments_as_one_statement() -> None:
    names = [file.name.removesuffix(".sql") for file in (resources.files("runbook") / "sql").iterdir()]
    assert len(names) >= 15
    for name in names:
        statement = load_statement(name)
        assert "--" not in statement
        assert ";" not in statement


@pytest.mark.parametrize("name", ["get_nothing", "../errors", "get_identity.sql"])
def test_a_statement_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(SettingError, match="no statement"):
        load_statement(name)


def test_a_table_of_the_profile_is_put_in_as_a_name_and_nothing_else_is() -> None:
    statement = "delete from {table} s where s.id = %(id)s"
    assert with_table(statement, {"table": "public.user_sessions"}).startswith('delete from "public"."user_sessions" s')
    assert with_table("select 1", {}) == "select 1"
    for wrong in ("user_sessions", "public.x; drop table y", 'public."x"', "public.X", "", "a.b.c", "public.x\n"):
        with pytest.raises(SettingError, match="no schema.table"):
            with_table(statement, {"table": wrong})
