"""Take back the last migration by a new one that undoes it, and apply it again. Forward only, and only where nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runbook.actions.frame import Action
from runbook.actions.undoing import Change, meant, repeating, undoing
from runbook.checks.database import source
from runbook.checks.frame import Answer
from runbook.checks.migrations import UNDO, Migration, depends_on, history
from runbook.checks.schema import as_rows, catalogue, digest_of_others, from_rows, part
from runbook.db import Bookkeeping
from runbook.db.operations import Kind, Operation, differences
from runbook.errors import Refused
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems
from runbook.times import iso

BUDGET_SECONDS = 60.0
# The vendor's own ways back drop every table and apply the files anew (Supabase CLI, db reset and migration down).
NEVER = frozenset({"reset", "down", "db reset", "migration down", "supabase db reset", "supabase migration down"})
DEPLOY_INSTEAD = (
    "deploy code that fits the new schema (deployment-rollback if a newer build does), or copy the data first"
)


def preview_roll_back(systems: Systems, *, migration: str = "") -> Preview:
    """The migration that undoes the last one, statement by statement; refuses what would lose data."""
    if migration.strip().lower() in NEVER:
        raise Refused(f"{migration.strip()}: drops every table of the database and applies the files anew; never here",
                      where="migration", next_step="name a version, or leave it empty")  # fmt: skip
    found = history(systems)
    one = meant(found, migration)
    if done := next((undo for undo in found if undo.undoes == one.version), None):
        return Preview(_target(systems), (), (f"{one.told} was undone already by {done.version}",), {})
    return _preview(systems, undoing(systems, found, one), one, given=bool(migration))


def preview_again(systems: Systems, *, migration: str = "") -> Preview:
    """The migration that was undone, statement by statement; refuses what would lose data."""
    if not migration:
        raise Refused("no migration was named", where="migration", next_step="set the parameter to its version")
    found = history(systems)
    one = next((each for each in found if each.version == migration), None)
    if one is None or not found or found[0].undoes != migration:
        raise Refused(f"{migration} is not what was undone last", where="migration",
                      next_step="apply it by a new migration: supabase db push")  # fmt: skip
    return _preview(systems, repeating(systems, one), one, given=True)


def change_roll_back(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Carry it out in one transaction, if schema and history still ask for the very same statements."""
    found = history(systems)
    one = next((each for each in found if each.version == item.bound["version"]), None)
    if one is None or any(undo.undoes == one.version for undo in found):
        return Changed(Outcome.UNCHANGED, f"{item.bound['version']} was undone meanwhile")
    return _carry_out(systems, lambda: undoing(systems, found, meant(found, one.version)), item, found)


def change_again(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Carry it out in one transaction, if schema and history still ask for the very same statements."""
    found = history(systems)
    version = str(item.bound["version"])
    one = next((each for each in found if each.version == version), None)
    if one is None or found[0].undoes != version:
        return Changed(Outcome.UNCHANGED, f"{version} is no longer what was undone last")
    return _carry_out(systems, lambda: repeating(systems, one), item, found)


def verify(systems: Systems, plan: Plan) -> Answer:
    """Every table that was touched is as planned, no other changed, and the history says so: by the catalogue."""
    seen = catalogue(systems)
    wrong = differences(from_rows(plan.before["touched"]), part(seen, plan.before["tables"]))
    if digest_of_others(seen, plan.before["tables"]) != plan.before["others"]:
        wrong.append("another table changed as well")
    rows = {one.version: one for one in history(systems)}
    version, wanted = plan.objects[0].bound["version"], plan.before["history"]
    undone = any(one.undoes == version for one in rows.values())
    if {"undone": undone, "kept": version in rows} != wanted:
        wrong.append(
            f"the history is {'undone' if undone else 'not undone'}, {version} {'kept' if version in rows else 'gone'}"
        )
    told = "the schema is as planned, column by column" if not wrong else "; ".join(wrong[:3])
    return Answer(Status.CRITICAL if wrong else Status.OK, told, len(wrong), "differences", 0,
                  f"{source(systems)}, catalogue")  # fmt: skip


def same_migration(plan: Plan) -> dict[str, Json]:
    """What undo takes: the plan's migration."""
    return {"migration": plan.objects[0].bound["version"]}


def _preview(systems: Systems, change: Change, one: Migration, *, given: bool) -> Preview:
    costs = [f"in one transaction: {text};" for text in change.statements]
    costs += [cost for each in change.operations for cost in _cost(systems, change, each)]
    standing = depends_on(systems, change.operations)
    costs += [f"{row['kind']} {row['name']} stands on {row['column']}" for row in standing]
    costs.append("everybody waits for these tables while it runs; it gives up after 2 s of waiting itself")
    if not systems.migrator.is_set:
        costs.append(f"WARNING: {systems.migrator.variable} is not set, so this cannot be carried out from here")
    shown = {
        "migration": one.told,
        "then": "; ".join(each.told for each in change.operations),
        "history": _told(change),
    }
    tables = sorted({each.table for each in change.operations})
    undone = change.repairs == "record"
    kept = undone or any(m.undoes == change.version for m in history(systems))
    before = {
        "tables": [list(table) for table in tables], "touched": as_rows(part(change.after, tables)),
        "others": digest_of_others(change.before, tables), "history": {"undone": undone, "kept": kept},
    }  # fmt: skip
    item = PlannedObject(change.identity, shown, {"version": change.version})
    return Preview(_target(systems), (item,), tuple(costs), before, target_was_given=given)


def _cost(systems: Systems, change: Change, one: Operation) -> list[str]:
    """What it does to data; refused where values would be lost, or a column cannot be without them."""
    if one.destroys:
        values = systems.database.count("values", one.table, one.name)
        if values:
            raise Refused(f"{'.'.join(one.place)} holds {values} values written since: they would be lost",
                          where=change.version, next_step=DEPLOY_INSTEAD)  # fmt: skip
        if views := [row["name"] for row in depends_on(systems, [one]) if row["kind"] != "function"]:
            raise Refused(f"{views[0]} stands on {'.'.join(one.place)}", where=change.version,
                          next_step="drop or change it in a migration of its own first")  # fmt: skip
        return [f"{'.'.join(one.place)} holds 0 values: nothing is lost with it"]
    if one.kind is Kind.ADD_COLUMN and one.definition is not None:
        rows = systems.database.count("rows", one.table)
        if rows and one.definition.not_null and not one.definition.has_default:
            raise Refused(f"{'.'.join(one.place)} may not be empty and {rows} rows have no value for it any more",
                          where=change.version, next_step="read the values in a restore: point-in-time-recovery")  # fmt: skip
        return (
            [f"WARNING: the values that {'.'.join(one.place)} had are gone; {rows} rows start without"] if rows else []
        )
    if one.kind is Kind.RENAME_COLUMN:
        values = systems.database.count("values", one.table, one.name)
        return [
            f"{values} values of {'.'.join(one.place)} stay, under the other name; code that reads it by this name fails"
        ]
    return []


def _carry_out(
    systems: Systems, make: Callable[[], Change], item: PlannedObject, found: Sequence[Migration]
) -> Changed:  # fmt: skip
    try:
        change = make()
        for one in change.operations:
            _cost(systems, change, one)
    except Refused as refusal:  # what was safe when it was planned no longer is
        return Changed(Outcome.FAILED, str(refusal))
    if change.identity != item.identity:
        return Changed(Outcome.UNCHANGED, f"{change.version}: schema or history changed since the plan; plan again")
    newest = found[0].version
    if change.repairs == "record":
        version = _next_version(systems, newest)
        values: dict[str, Json] = {"version": version, "name": f"{UNDO}{change.version}", "statements": change.statements,
                                   "newest": newest}  # fmt: skip
    else:
        version, values = newest, {"version": newest}
    bookkeeping = Bookkeeping(f"{change.repairs}_migration", {**values, "identity": change.identity})
    systems.migrator.carry_out(change.operations, change.after, bookkeeping)
    line = f"{change.version}: {'; '.join(one.told for one in change.operations)}; {_told(change)}"
    return Changed(Outcome.DONE, line, {"version": version, "statements": change.statements})


def _next_version(systems: Systems, newest: str) -> str:
    """The time as a version; after the newest one, whoever's clock wrote that."""
    now = iso(systems.times.now())[:19]
    version = "".join(sign for sign in now if sign.isdigit())
    return version if version > newest or not newest.isdigit() else str(int(newest) + 1)


def _told(change: Change) -> str:
    if change.repairs == "record":
        return f"history: {UNDO}{change.version} is added"
    return "history: the newest row is taken out"


def _target(systems: Systems) -> str:
    return systems.profile.database.project_ref if systems.profile.database else ""


roll_back_migration = Action(
    "roll_back_migration", "Undo the last contract migration by a new one", Danger.REVERSIBLE, "database",
    preview_roll_back, change_roll_back, verify, BUDGET_SECONDS, "apply_migration_again", same_migration,
    proposed_target=True,
    follow_up="The schema was changed past the files: put the undoing migration into supabase/migrations under the version "
    "that the record names, or take a half-applied one out, before the next supabase db push.",
)  # fmt: skip
apply_migration_again = Action(
    "apply_migration_again", "Apply the migration again that was undone", Danger.REVERSIBLE, "database",
    preview_again, change_again, verify, BUDGET_SECONDS, "roll_back_migration", same_migration, proposed_target=True,
    follow_up="The migration is in force again: take the file that undid it out of supabase/migrations.",
)  # fmt: skip
EVERY = (roll_back_migration, apply_migration_again)
