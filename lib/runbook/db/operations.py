"""What a migration does to the schema, statement by statement, and what takes each back. Pure.

Only what can be taken back without guessing is an ``Operation``; everything else is ``Other``, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from runbook.errors import Refused

SHOWN = 80  # characters of a statement
Table = tuple[str, str]  # schema, name
Place = tuple[str, str, str]  # schema, table, and a column or a constraint


class Kind(StrEnum):
    """What one statement does."""

    RENAME_COLUMN = "rename column"
    ADD_COLUMN = "add column"
    DROP_COLUMN = "drop column"
    SET_NOT_NULL = "set not null"
    DROP_NOT_NULL = "drop not null"
    ADD_CONSTRAINT = "add constraint"
    DROP_CONSTRAINT = "drop constraint"


# What older code may not survive. The others only add: older code lives with them.
CONTRACTING = frozenset({Kind.RENAME_COLUMN, Kind.DROP_COLUMN, Kind.SET_NOT_NULL, Kind.ADD_CONSTRAINT})


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the catalogue has it. ``modifier`` is that of its type, the 20 in varchar(20); None: not compared."""

    type: str
    not_null: bool
    default: str | None
    modifier: int | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A column as a migration wrote it. ``text`` is what follows its name."""

    text: str
    type: str
    not_null: bool
    has_default: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns and constraints of every table that is the customer's."""

    columns: Mapping[Place, Column]
    constraints: frozenset[Place]

    @classmethod
    def of(cls, columns: Sequence[Mapping[str, Any]], constraints: Sequence[Mapping[str, Any]]) -> Schema:
        """From the rows of ``get_schema_columns`` and ``get_schema_constraints``."""
        known = {
            (row["schema"], row["table"], row["column"]): Column(
                row["type"], row["not_null"], row["default"], row["modifier"]
            )
            for row in columns
        }
        return cls(known, frozenset((row["schema"], row["table"], row["constraint"]) for row in constraints))


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of one column or constraint. ``text`` defines what is added, ``new`` is what a column is renamed to."""

    kind: Kind
    table: Table
    name: str
    new: str = ""
    text: str = ""
    definition: Definition | None = None

    @property
    def place(self) -> Place:
        """Which column or constraint."""
        return (*self.table, self.name)

    @property
    def told(self) -> str:
        """In words."""
        to = f" to {self.new}" if self.new else ""
        return f"{self.kind.value} {'.'.join(self.place)}{to}"

    @property
    def touches(self) -> set[Place]:
        """Both names of what is renamed, else its one name."""
        return {self.place, (*self.table, self.new)} if self.new else {self.place}

    @property
    def destroys(self) -> bool:
        """Whether values go with it."""
        return self.kind is Kind.DROP_COLUMN

    def in_effect(self, schema: Schema) -> bool | None:
        """Whether the catalogue shows it done; None where it shows neither before nor after."""
        there, renamed = self.place in schema.columns, (*self.table, self.new) in schema.columns
        match self.kind:
            case Kind.RENAME_COLUMN:
                return renamed if there is not renamed else None
            case Kind.ADD_COLUMN:
                return there
            case Kind.DROP_COLUMN:
                return not there
            case Kind.SET_NOT_NULL:
                return schema.columns[self.place].not_null if there else None
            case Kind.DROP_NOT_NULL:
                return not schema.columns[self.place].not_null if there else None
            case Kind.ADD_CONSTRAINT:
                return self.place in schema.constraints
            case Kind.DROP_CONSTRAINT:
                return self.place not in schema.constraints

    def applied(self, schema: Schema) -> Schema:
        """The schema after it."""
        columns, constraints = dict(schema.columns), set(schema.constraints)
        match self.kind:
            case Kind.RENAME_COLUMN:
                columns[(*self.table, self.new)] = columns.pop(self.place)
            case Kind.ADD_COLUMN if self.definition is not None:
                wrote = self.definition
                columns[self.place] = Column(wrote.type, wrote.not_null, "?" if wrote.has_default else None)
            case Kind.DROP_COLUMN:
                del columns[self.place]
            case Kind.SET_NOT_NULL | Kind.DROP_NOT_NULL:
                columns[self.place] = replace(columns[self.place], not_null=self.kind is Kind.SET_NOT_NULL)
            case Kind.ADD_CONSTRAINT:
                constraints.add(self.place)
            case Kind.DROP_CONSTRAINT:
                constraints.discard(self.place)
        return Schema(columns, frozenset(constraints))


@dataclass(frozen=True, slots=True)
class Other:
    """A statement that nothing here takes back. ``adds``: it only adds, as CREATE TABLE does."""

    text: str
    adds: bool
    columns: Mapping[Place, Definition] = field(default_factory=dict)  # of the table it creates
    certain: bool = True  # whether all of it was read

    @property
    def told(self) -> str:
        """Its beginning."""
        return self.text if len(self.text) <= SHOWN else f"{self.text[:SHOWN]} …"


Step = Operation | Other


def inverse(one: Operation, before: Mapping[Place, Definition]) -> Operation:
    """What takes it back. ``before``: columns as the migrations before this one wrote them."""
    match one.kind:
        case Kind.RENAME_COLUMN:
            return Operation(one.kind, one.table, one.new, one.name)
        case Kind.ADD_COLUMN:
            return Operation(Kind.DROP_COLUMN, one.table, one.name)
        case Kind.SET_NOT_NULL:
            return Operation(Kind.DROP_NOT_NULL, one.table, one.name)
        case Kind.ADD_CONSTRAINT:
            return Operation(Kind.DROP_CONSTRAINT, one.table, one.name)
        case Kind.DROP_COLUMN if wrote := before.get(one.place):
            return Operation(Kind.ADD_COLUMN, one.table, one.name, text=wrote.text, definition=wrote)
    raise Refused(
        f"{one.told}: the earlier migrations do not say all that went with it", where="migration",
        next_step="write the migration that brings it back by hand, or read it in a restore: point-in-time-recovery",
    )  # fmt: skip


def definitions(steps: Sequence[Step]) -> dict[Place, Definition]:
    """The columns that these steps, oldest first, leave behind, as they wrote them.

    Not those that were changed since, nor those on which an index, a constraint or a policy may stand: with the column
    that goes as well, and its definition would not bring it back.
    """
    found: dict[Place, Definition] = {}
    for one in steps:
        words = set(re.findall(r"\w+", one.text)) | set(re.findall(r"\w+", one.text.lower()))
        unread = isinstance(one, Other) and not one.certain
        if unread and "do" in words:
            found.clear()  # a program: it may have changed anything
        for place in [each for each in found if each[1] in words and (unread or each[2] in words)]:
            del found[place]
        if isinstance(one, Other):
            found |= one.columns
        elif one.kind is Kind.ADD_CONSTRAINT:
            for place in [each for each in found if each[:2] == one.table and each[2] in words]:
                del found[place]
        elif one.kind is Kind.RENAME_COLUMN and one.place in found:
            found[(*one.table, one.new)] = found.pop(one.place)
        elif one.kind is Kind.ADD_COLUMN and one.definition is not None:
            found[one.place] = one.definition
        elif one.kind is not Kind.DROP_CONSTRAINT:
            found.pop(one.place, None)  # its text no longer says all
    return found


def differences(expected: Schema, seen: Schema) -> list[str]:
    """Where the catalogue is not as expected; a default that a migration wrote only has to be there."""
    told = [f"{'.'.join(one)} is missing" for one in sorted({*expected.columns} - {*seen.columns})]
    told += [f"{'.'.join(one)} is there" for one in sorted({*seen.columns} - {*expected.columns})]
    for place in sorted({*expected.columns} & {*seen.columns}):
        want, have = expected.columns[place], seen.columns[place]
        default = have.default is not None if want.default == "?" else have.default == want.default
        same_size = want.modifier is None or want.modifier == have.modifier
        if (want.type, want.not_null) != (have.type, have.not_null) or not default or not same_size:
            told.append(f"{'.'.join(place)} is {have}, not {want}")
    return told + [f"constraint {'.'.join(one)} differs" for one in sorted(expected.constraints ^ seen.constraints)]
