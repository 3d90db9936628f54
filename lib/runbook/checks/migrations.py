"""Which migration was applied last, what did it do to the schema, and what stands on what it touched?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runbook.checks.changes import written_at
from runbook.checks.database import not_used, read, source
from runbook.checks.frame import Answer, check
from runbook.checks.schema import catalogue
from runbook.db.migration_text import read_steps
from runbook.db.operations import CONTRACTING, Definition, Operation, Other, Place, Schema, Step, definitions
from runbook.errors import Refused, SystemFault
from runbook.model import Row, Status
from runbook.systems import Systems

UNDO = "undo_of_"  # how the migrations that we write are named: the version they undo follows
DATABASE = ("database",)


@dataclass(frozen=True, slots=True)
class Migration:
    """One row of the history."""

    version: str
    name: str
    statements: tuple[str, ...]

    @property
    def told(self) -> str:
        """Version and name."""
        return f"{self.version} {self.name}".strip()

    @property
    def undoes(self) -> str:
        """The version that it takes back; empty for one that somebody else wrote."""
        return self.name.removeprefix(UNDO) if self.name.startswith(UNDO) else ""


@check(asks=DATABASE)
def newest(systems: Systems) -> Answer:
    """Which migration was applied last, and did all of it take effect?"""
    if systems.profile.database is None:
        return not_used("a database", systems)
    found = history(systems)
    if not found:
        return Answer(Status.OK, "no migration was ever applied", source=source(systems), facts={"kind": ""})
    one = found[0]
    try:
        steps = read_steps(one.statements)
    except Refused as unreadable:
        return Answer(Status.UNKNOWN, f"{one.told} {unreadable.what}", source=source(systems))
    schema = catalogue(systems)
    at = written_at(one.version)
    minutes = None if at is None else round((systems.times.now() - at).total_seconds() / 60)
    rows = [_row(step, schema) for step in steps]
    missing = [row["what"] for row in rows if row["in effect"] == "no"]
    kind = kind_of(steps)
    half = bool(missing) and len(missing) < len(rows)
    facts = {"version": one.version, "name": one.name, "minutes": minutes, "kind": kind, "half": half,
             "undoes": one.undoes}  # fmt: skip
    told = f"{one.told}: {kind}, {len(rows)} changes" if not one.undoes else f"{one.told} undid {one.undoes}"
    if missing:
        told = f"{one.told}: only {len(rows) - len(missing)} of {len(rows)} changes took effect; not: {missing[0]}"
    unread = [step.told for step in steps if isinstance(step, Other) and not step.certain]
    if unread:
        told += f"; not read with certainty: {unread[0]}"
    status = Status.WARNING if missing else Status.UNKNOWN if unread else Status.OK
    return Answer(status, told, len(missing), "changes missing", 0, source(systems),
                  rows, facts)  # fmt: skip


@check(asks=DATABASE, required=False)
def dependents(systems: Systems) -> Answer:
    """Which views, functions and foreign keys stand on what the last migration touched?"""
    if systems.profile.database is None:
        return not_used("a database", systems)
    found = history(systems)
    try:
        steps = read_steps(found[0].statements) if found else []
    except Refused as unreadable:
        return Answer(Status.UNKNOWN, f"{found[0].told} {unreadable.what}", source=source(systems))
    rows = depends_on(systems, [step for step in steps if isinstance(step, Operation)])
    told = ", ".join(f"{row['kind']} {row['name']}" for row in rows[:3]) or "nothing that the catalogue knows of"
    return Answer(Status.OK, told, len(rows), "dependents", source=f"{source(systems)}; functions by their text",
                  rows=rows)  # fmt: skip


def history(systems: Systems) -> list[Migration]:
    """Every migration that was applied, newest first."""
    rows = read(systems, "migration_history")
    return [Migration(row["version"], row["name"], tuple(row["statements"])) for row in rows]


def taken_away(systems: Systems, since: Sequence[str]) -> list[str]:
    """What the migrations told in ``since`` did that code written before them may not survive; what was not read says so."""
    try:
        found = history(systems)
    except SystemFault as fault:
        return [f"the statements of those migrations cannot be read ({fault.what})"]
    told: list[str] = []
    for one in found:
        if one.told not in since:
            continue
        try:
            steps = read_steps(one.statements)
        except Refused as unreadable:
            told.append(f"{one.told} {unreadable.what}")
            continue
        done = [step.told for step in steps if isinstance(step, Operation) and step.kind in CONTRACTING]
        done += [f"not read for certain: {step.told}" for step in steps if isinstance(step, Other) and not step.certain]
        told += [f"{one.told}: {'; '.join(done)}"] if done else []
    return told


def depends_on(systems: Systems, operations: Sequence[Operation]) -> list[Row]:
    """What stands on the columns that these touch, under the name that they have now."""
    rows: dict[tuple[str, str], Row] = {}
    for schema, table, column in sorted({place for one in operations for place in one.touches}):
        for row in read(systems, "dependents", schema=schema, table=table, column=column):
            rows[row["kind"], row["name"]] = {"column": f"{schema}.{table}.{column}", **row}
    return list(rows.values())


def kind_of(steps: Sequence[Step]) -> str:
    """``contract``: older code may not survive it; ``expand``: it only adds; ``other``: it also does what we cannot read."""
    if any(isinstance(one, Operation) and one.kind in CONTRACTING for one in steps):
        return "contract"
    return "expand" if all(isinstance(one, Operation) or one.adds for one in steps) else "other"


def written_before(found: Sequence[Migration], version: str) -> dict[Place, Definition]:
    """Columns as the migrations before this one wrote them; none where one of those cannot be read."""
    try:
        return definitions(
            [step for one in reversed(found) if one.version < version for step in read_steps(one.statements)]
        )
    except Refused:
        return {}


def _row(step: Step, schema: Schema) -> Row:
    if not isinstance(step, Operation):
        return {
            "what": step.told,
            "older code": "lives with it" if step.adds else "cannot tell",
            "in effect": "not looked at",
        }
    effect = {True: "yes", False: "no", None: "cannot tell"}[step.in_effect(schema)]
    older = "may not survive it" if step.kind in CONTRACTING else "lives with it"
    return {"what": step.told, "older code": older, "in effect": effect}
