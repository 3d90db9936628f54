"""Migrations read into steps. The one door to sqlglot.

Its grammar is not PostgreSQL's, so nothing is taken on trust: what it has read must print back as the very words that stood
there, else the step is ``not certain``. What we send to PostgreSQL later is cut out of those words, never printed by it.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.db.operations import SHOWN, Definition, Kind, Operation, Other, Place, Step, Table
from runbook.errors import Refused

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

# Words that PostgreSQL takes as the same (PostgreSQL 17, chapter 8 and ALTER TABLE); the printer knows only the second.
SAME = (
    ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"), ("TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP"), ("INTEGER", "INT"),
    ("CHARACTER VARYING", "VARCHAR"), ("NUMERIC", "DECIMAL"), ("BOOL", "BOOLEAN"), ("NOW ( )", "CURRENT_TIMESTAMP"),
    ("INT4", "INT"), ("INT8", "BIGINT"), ("INT2", "SMALLINT"), ("FLOAT8", "DOUBLE PRECISION"), ("FLOAT4", "REAL"),
    ("ADD COLUMN", "ADD"), ("DROP COLUMN", "DROP"), ("ALTER COLUMN", "ALTER"), ("BYTES", "BYTEA"),
)  # fmt: skip
# What may follow the type of a column.
CONSTRAINTS = frozenset(
    {"CONSTRAINT", "NOT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE", "REFERENCES", "CHECK", "GENERATED", "COLLATE"}
)


def read_steps(statements: Sequence[str]) -> list[Step]:
    """Every change of a migration, in order. Refused where one is no SQL at all."""
    from sqlglot.errors import SqlglotError

    steps: list[Step] = []
    for text in statements:
        try:
            for words in _split(text):
                steps += _steps(words)
        except SqlglotError as error:
            shown = " ".join(text.split())[:SHOWN]
            said = str(error).splitlines()[0].partition(". Line")[0]
            raise Refused(
                f"cannot be parsed: {said}: {shown}", where="migration",
                next_step="read the migration's file and write the one that undoes it by hand",
            ) from None  # fmt: skip
    return steps


@dataclass(frozen=True, slots=True)
class Words:
    """One statement: its tokens, and the text that they stand in."""

    tokens: Sequence[Token]
    source: str

    @property
    def text(self) -> str:
        """On one line."""
        return self.cut(0, len(self.tokens))

    def cut(self, first: int, end: int) -> str:
        """What was written from one token to before another, on one line, without its comments."""
        parts: list[str] = []
        for before, one in zip([None, *self.tokens[first : end - 1]], self.tokens[first:end], strict=True):
            apart = " " if before is not None and one.start > before.end + 1 else ""
            parts.append(apart + self.source[one.start : one.end + 1])
        return "".join(parts)

    def at(self, node: Any) -> int:
        """The token of an identifier."""
        return next(number for number, one in enumerate(self.tokens) if one.start == node.meta["start"])

    def until(self, first: int) -> int:
        """Where the part of a list that begins at this token ends: at a comma, a closing parenthesis, or the end."""
        depth = 0
        for number in range(first, len(self.tokens)):
            sign = self.tokens[number].token_type.name
            if depth == 0 and sign in ("COMMA", "R_PAREN"):
                return number
            depth += {"L_PAREN": 1, "L_BRACKET": 1, "R_PAREN": -1, "R_BRACKET": -1}.get(sign, 0)
        return len(self.tokens)


@functools.cache
def _postgres() -> Any:
    """PostgreSQL as sqlglot has it, silent, and printing a cast as PostgreSQL does."""
    from sqlglot import exp
    from sqlglot.dialects.postgres import Postgres
    from sqlglot.generators.postgres import PostgresGenerator

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # its warnings are our Other(certain=False)

    class Printing(Postgres):
        class Generator(PostgresGenerator):
            TRANSFORMS = {
                **PostgresGenerator.TRANSFORMS,
                exp.Cast: lambda self, e: f"{self.sql(e, 'this')}::{self.sql(e, 'to')}",
            }

    return Printing()


def _split(text: str) -> Iterator[Words]:
    """The statements of a text."""
    part: list[Token] = []
    for one in _postgres().tokenize(text):
        if one.token_type.name != "SEMICOLON":
            part.append(one)
        elif part:
            yield Words(part, text)
            part = []
    if part:
        yield Words(part, text)


def _steps(words: Words) -> list[Step]:
    from sqlglot import exp

    (node,) = _postgres().parser().parse(list(words.tokens), words.source)
    if isinstance(node, exp.Command) or not _prints_back(node, words):
        return [Other(words.text, adds=False, certain=False)]
    match node:
        case exp.Alter() if _given(node) <= {"this", "kind", "actions", "not_valid"} and node.args["kind"] == "TABLE":
            return [_altered(words, _table(node.this), one) for one in node.args["actions"]]
        case exp.Create() if node.args["kind"] == "TABLE" and isinstance(node.this, exp.Schema):
            return [_created(words, node)]
        case exp.Create() if node.args["kind"] in ("INDEX", "VIEW"):
            return [Other(words.text, adds="replace" not in _given(node))]
        case exp.Comment() | exp.Grant():
            return [Other(words.text, adds=True)]
    return [Other(words.text, adds=False)]


def _prints_back(node: Any, words: Words) -> bool:
    """Whether the tree holds all that was written, and nothing else."""
    from sqlglot.errors import SqlglotError

    try:
        printed = _postgres().tokenize(_postgres().generate(node, copy=True, comments=False))
    except SqlglotError:
        return False
    return _alike(words.tokens) == _alike(printed)


def _alike(tokens: Sequence[Token]) -> str:
    """Words in capitals, texts and quoted names as they are; what PostgreSQL takes as the same, made the same."""
    exact = {"STRING", "IDENTIFIER", "BYTE_STRING", "HEREDOC_STRING", "NATIONAL_STRING", "BIT_STRING", "HEX_STRING"}
    line = " ".join(
        f"{one.token_type.name}:{one.text!r}" if one.token_type.name in exact else one.text.upper() for one in tokens
    )
    for one, other in SAME:
        line = re.sub(rf"(?<!\S){re.escape(one)}(?!\S)", other, line)
    return line


def _altered(words: Words, table: Table, one: Any) -> Step:
    from sqlglot import exp

    match one:
        case exp.RenameColumn() if _given(one) == {"this", "to"}:
            return Operation(Kind.RENAME_COLUMN, table, _name(one.this.this), _name(one.args["to"].this))
        case exp.ColumnDef() if "exists" not in _given(one):
            wrote = _definition(words, one)
            return Operation(Kind.ADD_COLUMN, table, _name(one.this), text=wrote.text, definition=wrote)
        case exp.Drop() if _given(one) == {"tables", "kind"} and len(one.args["tables"]) == 1:
            dropped = {"COLUMN": Kind.DROP_COLUMN, "CONSTRAINT": Kind.DROP_CONSTRAINT}.get(one.args["kind"])
            if dropped is not None:
                return Operation(dropped, table, _name(one.args["tables"][0].this))
        case exp.AlterColumn() if _given(one) <= {"this", "drop", "allow_null"} and "allow_null" in one.args:
            needed = Kind.DROP_NOT_NULL if one.args["allow_null"] else Kind.SET_NOT_NULL
            return Operation(needed, table, _name(one.this))
        case exp.AddConstraint(expressions=[exp.Constraint() as made]):
            first = words.at(made.this)
            return Operation(
                Kind.ADD_CONSTRAINT, table, _name(made.this), text=words.cut(first - 1, words.until(first))
            )
    return Other(words.text, adds=False)


def _created(words: Words, node: Any) -> Other:
    """A new table. What ``if not exists`` or another table decides about its columns is not known."""
    from sqlglot import exp

    parts = node.this.expressions
    known = (exp.ColumnDef, exp.Constraint, exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint,
             exp.CheckColumnConstraint)  # fmt: skip
    if not all(isinstance(one, known) for one in parts):
        return Other(words.text, adds=False, certain=False)
    columns = _columns(words, _table(node.this.this), parts) if _given(node) == {"this", "kind"} else {}
    return Other(words.text, adds=True, columns=columns)


def _columns(words: Words, table: Table, parts: Sequence[Any]) -> dict[Place, Definition]:
    """The columns of a new table that stand for themselves: no constraint but not null, by themselves or by the table."""
    from sqlglot import exp

    plain = (exp.NotNullColumnConstraint, exp.DefaultColumnConstraint, exp.CollateColumnConstraint)
    others = {found for one in parts if not isinstance(one, exp.ColumnDef) for found in re.findall(r"\w+", one.sql())}
    return {
        (*table, _name(one.this)): _definition(words, one)
        for one in parts
        if isinstance(one, exp.ColumnDef)
        and _name(one.this) not in {_folded(other) for other in others} | others
        and all(isinstance(each.kind, plain) for each in one.args.get("constraints") or ())
    }


def _definition(words: Words, column: Any) -> Definition:
    from sqlglot import exp

    kinds = [each.kind for each in column.args.get("constraints") or ()]
    filled = (exp.DefaultColumnConstraint, exp.GeneratedAsIdentityColumnConstraint, exp.ComputedColumnConstraint,
              exp.GeneratedAsRowColumnConstraint)  # fmt: skip
    needed = (exp.PrimaryKeyColumnConstraint, exp.GeneratedAsIdentityColumnConstraint)
    not_null = any(
        isinstance(one, needed) or (isinstance(one, exp.NotNullColumnConstraint) and not one.args.get("allow_null"))
        for one in kinds
    )
    first = words.at(column.this) + 1
    end = words.until(first)
    of_type = next((number for number in range(first, end) if words.tokens[number].text.upper() in CONSTRAINTS), end)
    has_default = any(isinstance(one, filled) for one in kinds)
    return Definition(words.cut(first, end), words.cut(first, of_type), not_null, has_default)


def _given(node: Any) -> set[str]:
    """Which of a node's arguments say something: none may be overlooked."""
    return {key for key, value in node.args.items() if value}


def _table(node: Any) -> Table:
    """Schema and name; a name in three parts would be another database's."""
    if node.args.get("catalog"):
        raise Refused(f"names another database: {node.sql()}", where="migration", next_step="undo it by hand")
    return _name(node.args["db"]) if node.args.get("db") else "public", _name(node.this)


def _name(node: Any) -> str:
    """A name as PostgreSQL keeps it: in small letters, unless quoted."""
    name: str = node.this
    return name if node.args.get("quoted") else _folded(name)


def _folded(name: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in name)
