"""The way by which a migration would be undone: does it lead to the right database, and may its role change the tables?"""

from __future__ import annotations

from collections.abc import Iterator

from runbook.doctor.frame import Item, Question, ok
from runbook.model import Status
from runbook.systems import Systems

ITEM = "database migrations"
SHOWN = 3  # tables


def questions(systems: Systems) -> Iterator[Question]:
    """Where the profile names a database."""
    if systems.profile.database is not None:
        yield Question(ITEM, lambda: [rights(systems)], f"mend {systems.profile.database.migrations_variable}")


def rights(systems: Systems) -> Item:
    """Right target, right to change every table and the history; rows that row security hides cannot be counted."""
    variable = systems.migrator.variable
    if not systems.migrator.is_set:
        return Item(ITEM, Status.WARNING, f"{variable} is not set: no migration can be undone from here",
                    f"set {variable} to the DSN of the role that owns the tables, or leave that to who has it")  # fmt: skip
    seen = systems.migrator.rights()
    role = seen["name"]
    if not seen["leads_to_the_right_one"]:
        said = f"leads to the cluster {seen['system_identifier']}, the profile names another"
        return Item(ITEM, Status.CRITICAL, f"{variable} {said}", f"mend {variable}: it would change the wrong database")
    if seen["not_owned"]:
        said = f"the role {role} may not change {', '.join(seen['not_owned'][:SHOWN])}: it does not own them"
        return Item(ITEM, Status.CRITICAL, said, f"put the DSN of the role that owns the tables into {variable}")
    if seen["may_write_history"] is not True:
        return Item(ITEM, Status.CRITICAL, f"the role {role} may not write the history of migrations, or there is none",
                    "GRANT INSERT, DELETE ON supabase_migrations.schema_migrations to it")  # fmt: skip
    if seen["rows_hidden"]:
        said = f"row security hides rows of {', '.join(seen['rows_hidden'][:SHOWN])} from the role {role}"
        return Item(ITEM, Status.WARNING, f"{said}: what a change there would lose cannot be counted, so it is refused",
                    f"ALTER ROLE {role} BYPASSRLS;")  # fmt: skip
    if seen["is_superuser"]:
        return Item(ITEM, Status.WARNING, f"the role {role} is a superuser: far more than changing tables",
                    "use the role that owns the tables")  # fmt: skip
    return ok(ITEM, f"the role {role} may change every table of the right database, and sees all rows")
