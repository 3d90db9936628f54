"""The DSN that may change the schema, as the doctor sees it in a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from runbook.sandbox import lifecycle

if TYPE_CHECKING:
    from conftest import Customer

ITEM = "database migrations"


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A sandbox of its own: roles and tables are changed."""
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("owners")) as path:
        yield path


def found(customer: Customer) -> tuple[str, str, str]:
    _, items, _ = customer.examined()
    return items[ITEM]["status"], items[ITEM]["summary"], items[ITEM]["next"]


def test_the_owner_of_the_tables_is_right(customer: Customer) -> None:
    status, told, _ = found(customer)
    assert (status, "postgres may change every table" in told) == ("ok", True), told


def test_unset_is_said_and_keeps_nobody_from_acting(customer: Customer) -> None:
    del customer.secrets["PROD_DATABASE_URL"]
    assert found(customer)[:2] == ("warning", "PROD_DATABASE_URL is not set: no migration can be undone from here")


def test_a_role_that_does_not_own_the_tables(customer: Customer) -> None:
    customer.secrets["PROD_DATABASE_URL"] = customer.secrets["DATABASE_URL"]
    status, told, next_step = found(customer)
    assert (status, "the role runbook may not change" in told) == ("critical", True), told
    assert "role that owns the tables" in next_step


def test_another_database_is_the_wrong_one(customer: Customer) -> None:
    customer.profile["database"]["system_identifier"] = "7"
    status, told, _ = found(customer)
    assert (status, "the profile names another" in told) == ("critical", True), told


def test_a_wrong_password_is_not_a_right_one(customer: Customer) -> None:
    dsn = psycopg.conninfo.conninfo_to_dict(customer.secrets["PROD_DATABASE_URL"])
    customer.secrets["PROD_DATABASE_URL"] = psycopg.conninfo.make_conninfo(**{**dsn, "password": "no-longer-so"})
    status, told, next_step = found(customer)
    assert (status, "password" in told, next_step) == ("critical", True, "mend PROD_DATABASE_URL"), told


def test_rows_that_row_security_hides_are_said(customer: Customer) -> None:
    with psycopg.connect(customer.secrets["PROD_DATABASE_URL"], autocommit=True) as owner:
        owner.execute("alter table public.leads enable row level security")
        owner.execute("alter table public.leads force row level security")
        try:
            status, told, next_step = found(customer)
        finally:
            owner.execute("alter table public.leads no force row level security")
            owner.execute("alter table public.leads disable row level security")
    assert (status, "row security hides rows of leads" in told) == ("warning", True), told
    assert next_step == "ALTER ROLE postgres BYPASSRLS;"
