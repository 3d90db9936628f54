"""The schema by the catalogue: read, cut down to some tables, kept in a plan, and a digest of all that must stay."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from runbook.checks.database import read
from runbook.db.operations import Column, Schema
from runbook.model import Json
from runbook.systems import Systems

Tables = Sequence[Sequence[str]]  # schema and name of each


def catalogue(systems: Systems) -> Schema:
    """Columns and constraints as they are now."""
    return Schema.of(read(systems, "schema_columns"), read(systems, "schema_constraints"))


def part(schema: Schema, tables: Tables) -> Schema:
    """What of it these tables are."""
    wanted = {tuple(table) for table in tables}
    columns = {place: column for place, column in schema.columns.items() if place[:2] in wanted}
    return Schema(columns, frozenset(place for place in schema.constraints if place[:2] in wanted))


def digest_of_others(schema: Schema, tables: Tables) -> str:
    """All other tables, in a word: equal means unchanged."""
    wanted = {tuple(table) for table in tables}
    others = sorted((place, str(column)) for place, column in schema.columns.items() if place[:2] not in wanted)
    constraints = sorted(place for place in schema.constraints if place[:2] not in wanted)
    return hashlib.sha256(str((others, constraints)).encode()).hexdigest()[:16]


def as_rows(schema: Schema) -> dict[str, Json]:
    """As a plan keeps it."""
    columns = [[*place, asdict(column)] for place, column in sorted(schema.columns.items(), key=lambda each: each[0])]
    return {"columns": columns, "constraints": [list(place) for place in sorted(schema.constraints)]}


def from_rows(rows: Mapping[str, Json]) -> Schema:
    """As it was before it was kept."""
    columns = {(a, b, c): Column(**column) for a, b, c, column in rows["columns"]}
    return Schema(columns, frozenset((a, b, c) for a, b, c in rows["constraints"]))
