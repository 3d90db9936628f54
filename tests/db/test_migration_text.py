"""Migrations read by a parser that must print back what it read, what takes them back, and what is refused."""

from __future__ import annotations

import pytest
from runbook.db.migration_text import read_steps
from runbook.db.migration_writing import fill, write
from runbook.db.operations import Column, Operation, Other, Schema, definitions, differences, inverse
from runbook.errors import Refused

LEADS = "create table public.leads (id bigint primary key, email text not null, \"Od d\" varchar(20) default 'x', note text)"


def operations(*statements: str) -> list[Operation]:
    return [one for one in read_steps(statements) if isinstance(one, Operation)]


@pytest.mark.parametrize(
    ("statement", "back"),
    [
        ("alter table leads rename column a to b", 'ALTER TABLE "public"."leads" RENAME COLUMN "b" TO "a"'),
        ('alter table s."L" add column "x;y" int', 'ALTER TABLE "s"."L" DROP COLUMN "x;y"'),
        (
            "alter table leads alter column a set not null",
            'ALTER TABLE "public"."leads" ALTER COLUMN "a" DROP NOT NULL',
        ),
        ("alter table leads add constraint k check (a > 0)", 'ALTER TABLE "public"."leads" DROP CONSTRAINT "k"'),
        ("alter table leads drop column email", 'ALTER TABLE "public"."leads" ADD COLUMN "email" text not null'),
        (
            'alter table leads drop column "Od d"',
            """ALTER TABLE "public"."leads" ADD COLUMN "Od d" varchar(20) default 'x'""",
        ),
    ],
)
def test_what_takes_a_change_back(statement: str, back: str) -> None:
    (one,) = operations(statement)
    assert write(inverse(one, definitions(read_steps([LEADS])))) == back


def test_one_statement_may_do_several_things() -> None:
    found = operations("alter table a drop column b, alter column c set not null; alter table a rename column d to e")
    assert [one.told for one in found] == [
        "drop column public.a.b", "set not null public.a.c", "rename column public.a.d to e",
    ]  # fmt: skip


@pytest.mark.parametrize("said", ["alter table", "select 'unfinished"])
def test_what_is_no_sql_is_refused(said: str) -> None:
    with pytest.raises(Refused, match="cannot be parsed"):
        read_steps([said])


@pytest.mark.parametrize(
    "statement",
    [
        "update leads set email = ''", "delete from leads", "drop table leads", "truncate leads", "drop schema public cascade",
        "alter table leads drop column email cascade", "alter table leads drop column if exists email",
        "alter table leads alter column id type int", "alter table leads add check (id > 0)", "do $$ begin end $$",
        "alter table leads add column if not exists x int", "alter table leads rename to people",
    ],
)  # fmt: skip
def test_what_cannot_be_taken_back_without_guessing_is_no_operation(statement: str) -> None:
    assert [(type(one), getattr(one, "adds", None)) for one in read_steps([statement])] == [(Other, False)]


@pytest.mark.parametrize(
    "between",
    [
        "create index on leads (note)", "alter table leads add constraint k unique (note)", "alter table leads alter note type int",
        "create policy p on leads using (note is null)", "alter table leads alter column note set not null",
    ],
)  # fmt: skip
def test_a_dropped_column_is_not_brought_back_when_more_may_have_gone_with_it(between: str) -> None:
    (one,) = operations("alter table leads drop column note")
    with pytest.raises(Refused, match="do not say all that went with it"):
        inverse(one, definitions(read_steps([LEADS, between])))


@pytest.mark.parametrize("column", ["id", "k", "other_id"])
def test_nor_one_with_a_constraint_of_its_own(column: str) -> None:
    table = "create table t (id int primary key, k int, other_id int references o (id), unique (k))"
    (one,) = operations(f"alter table t drop column {column}")
    with pytest.raises(Refused):
        inverse(one, definitions(read_steps([table])))


def test_a_definition_follows_its_column_to_another_name() -> None:
    (one,) = operations("alter table leads drop column remark")
    before = definitions(read_steps([LEADS, "alter table leads rename column note to remark"]))
    assert write(inverse(one, before)).endswith('ADD COLUMN "remark" text')


def test_names_are_quoted_and_braces_of_a_definition_are_text() -> None:
    assert fill("select {column} from {table} where x = {text}", ("s", 'a"b'), "c") == (
        """select "c" from "s"."a""b" where x = '"s"."a""b"'"""
    )
    (one,) = operations("alter table t add constraint k check (a <> '{}')")
    assert write(one) == """ALTER TABLE "public"."t" ADD constraint k check (a <> '{}')"""


def test_where_the_catalogue_differs_is_named() -> None:
    place = ("public", "t", "a")
    expected = Schema({place: Column("text", False, "?")}, frozenset())
    assert differences(expected, Schema({place: Column("text", False, "''::text", -1)}, frozenset())) == []
    assert differences(expected, Schema({}, frozenset())) == ["public.t.a is missing"]
    assert (
        "not Column(type='text'" in differences(expected, Schema({place: Column("text", False, None)}, frozenset()))[0]
    )


@pytest.mark.parametrize(
    "statement",
    [
        "create table public.leads (…)", "create table t (a int, like o)", "alter table leads rename a to b",
        "alter table leads* drop column a", "alter table leads add check (a > 0)", "create policy p on leads using (true)",
        "alter table leads enable row level security, drop column a", "do $$ begin end $$", "alter table leads add x string",
        "alter table leads add column x int storage external", "alter table leads add column x text default cast(1 as text)",
    ],
)  # fmt: skip
def test_what_does_not_print_back_word_by_word_is_not_certain(statement: str) -> None:
    (step,) = read_steps([statement])
    assert isinstance(step, Other)
    assert (step.certain, step.adds) == (False, False)


@pytest.mark.parametrize(
    ("definition", "type_"),
    [
        ("character varying(20) NOT NULL default 'x,)' /* why */", "character varying(20)"),
        ("timestamp with time zone default now()", "timestamp with time zone"), ("numeric(3, 2)", "numeric(3, 2)"),
        ("text collate \"C\" default lower('A')", "text"), ("text[] default '{}'::text[]", "text[]"), ("public.mood", "public.mood"),
    ],
)  # fmt: skip
def test_a_definition_is_the_migrations_own_words(definition: str, type_: str) -> None:
    (one, after) = operations(f"alter table t add column a {definition}, drop column b; -- and no more")
    assert one.definition is not None
    assert (one.definition.type, one.text) == (type_, definition.removesuffix(" /* why */"))
    assert after.told == "drop column public.t.b"


def test_names_fold_as_postgres_folds_them() -> None:
    (one,) = operations('alter table Shop."Leads" rename column Ä_Note to "Note"')
    assert one.touches == {("shop", "Leads", "Ä_note"), ("shop", "Leads", "Note")}


@pytest.mark.parametrize("between", ["create policy p on leads using (true)", "do $$ begin perform 1; end $$"])
def test_what_was_not_read_before_brings_back_no_column_that_it_may_have_changed(between: str) -> None:
    (one,) = operations("alter table leads drop column note")
    with pytest.raises(Refused):
        inverse(one, definitions(read_steps([LEADS, between])))


def test_columns_of_a_table_that_may_have_been_there_already_are_not_known() -> None:
    (made,) = read_steps(["create table if not exists t (a int)"])
    assert isinstance(made, Other)
    assert (made.adds, dict(made.columns)) == (True, {})
