"""What a transaction would do to take a migration back, or to apply it again; made from history and catalogue, or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from runbook.checks.database import read
from runbook.checks.migrations import Migration, kind_of, written_before
from runbook.checks.schema import catalogue
from runbook.db.migration_text import read_steps
from runbook.db.migration_writing import write
from runbook.db.operations import Operation, Other, Schema, inverse
from runbook.errors import Refused
from runbook.systems import Systems


@dataclass(frozen=True, slots=True)
class Change:
    """What a transaction would do: operations in their order, and what becomes of the history."""

    version: str  # the migration that is taken back, or applied again
    operations: tuple[Operation, ...]
    repairs: str  # record or forget: the history's row of the undo, or of a migration that went half the way
    before: Schema

    @property
    def statements(self) -> list[str]:
        """As they would be sent."""
        return [write(one) for one in self.operations]

    @property
    def after(self) -> Schema:
        """The schema that must come of it."""
        schema = self.before
        for one in self.operations:
            schema = one.applied(schema)
        return schema

    @property
    def identity(self) -> str:
        """The migration and a digest of the very statements: an approval holds for these and no others."""
        text = "\n".join([self.repairs, *self.statements])
        return f"{self.version}@{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def meant(found: Sequence[Migration], version: str) -> Migration:
    """The last one that is no undo of ours; a named one must be the last."""
    own = [one for one in found if not one.undoes]
    if not own:
        raise Refused("no migration was ever applied", where="migration", next_step="look elsewhere")
    if version and version not in {one.version for one in own}:
        raise Refused(
            f"no migration {version} was applied", where="migration", next_step="take a version from the history"
        )
    if version and version != own[0].version:
        raise Refused(f"{version} is not the last one: {own[0].told} was applied after it", where="migration",
                      next_step="undo that one first, or write the migration by hand")  # fmt: skip
    return own[0]


def undoing(systems: Systems, found: Sequence[Migration], one: Migration) -> Change:
    """What takes back that part of it which took effect, the last statement first."""
    schema = catalogue(systems)
    operations = _operations(one)
    effects = {each: each.in_effect(schema) for each in operations}
    if unclear := [each.told for each, effect in effects.items() if effect is None]:
        raise Refused(f"{unclear[0]}: the catalogue shows neither before nor after", where=one.told,
                      next_step="somebody changed it since; compare by hand")  # fmt: skip
    took = [each for each in operations if effects[each]]
    if not took:
        raise Refused("nothing of it is in effect any more", where=one.told,
                      next_step="repair the history: supabase migration repair --status reverted")  # fmt: skip
    before = written_before(found, one.version)
    back = tuple(_as_the_catalogue_names_it(systems, inverse(each, before)) for each in reversed(took))
    return Change(one.version, back, "record" if len(took) == len(operations) else "forget", schema)


def repeating(systems: Systems, one: Migration) -> Change:
    """The whole migration once more."""
    schema = catalogue(systems)
    operations = _operations(one)
    if there := [each.told for each in operations if each.in_effect(schema) is not False]:
        raise Refused(f"{there[0]}: is in effect, or cannot be told", where=one.told, next_step="compare by hand")
    again = tuple(_as_the_catalogue_names_it(systems, each) for each in operations)
    return Change(one.version, again, "forget", schema)


def _operations(one: Migration) -> list[Operation]:
    """Its statements, all of which we can take back; else refused."""
    steps = read_steps(one.statements)
    operations = [step for step in steps if isinstance(step, Operation)]
    if kind_of(steps) == "expand":
        raise Refused("only adds: older code lives with it, there is nothing to roll back", where=one.told,
                      next_step="look elsewhere, at the deployment or a flag")  # fmt: skip
    if unread := [step.told for step in steps if isinstance(step, Other) and not step.certain]:
        raise Refused(f"cannot be read with certainty: {unread[0]}", where=one.told,
                      next_step="read the migration's file and write the one that undoes it by hand")  # fmt: skip
    if other := [step.told for step in steps if not isinstance(step, Operation)]:
        raise Refused(f"does more than can be taken back without guessing: {other[0]}", where=one.told,
                      next_step="write the migration that undoes it by hand, and rehearse it on a branch")  # fmt: skip
    places = [place for each in operations for place in each.touches]
    if len(set(places)) < len(places):
        raise Refused("touches one column more than once", where=one.told, next_step="write it by hand")
    return operations


def _as_the_catalogue_names_it(systems: Systems, one: Operation) -> Operation:
    """A type that is written ``int`` is ``integer`` in the catalogue."""
    if one.definition is None:
        return one
    named = read(systems, "type", type=one.definition.type)[0]["type"]
    return replace(one, definition=replace(one.definition, type=named or one.definition.type))
