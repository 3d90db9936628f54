"""What the profile names inside a system: domains, an environment with flags. Is it really there?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from runbook.clients.choices import vercel_domains
from runbook.doctor.frame import Item, Question, ok
from runbook.model import Status
from runbook.systems import Systems

# The application's own tables: field of the profile, whose events they tell of, a statement that reads them, what fails without.
TABLES = (
    ("events_table", "stripe", "handled_events", "only payments without what was paid for count as missed"),
    ("given_table", "stripe", "given_payments", "nobody can say who has paid and got nothing"),
    ("bookings_table", "calcom", "held_bookings", "bookings that were missed cannot be found"),
)


def questions(systems: Systems) -> Iterator[Question]:
    """Of the systems that the profile names."""
    if systems.profile.vercel is not None:
        yield Question("vercel domains", lambda: [domains(systems)])
    if systems.profile.launchdarkly is not None:
        yield Question("launchdarkly flags", lambda: [flags(systems)])
    if systems.profile.database is not None:
        for field, vendor, statement, loses in TABLES:
            if getattr(systems.profile, vendor) is not None:
                yield Question(
                    f"table {field}", partial(lambda *named: [table(systems, *named)], field, statement, loses),
                    f"mend database.{field} in the profile, or grant the runbook's role SELECT on it", is_ours=True,
                )  # fmt: skip


def domains(systems: Systems) -> Item:
    """Each domain that must serve production is one of the project's: a rollback is proven by them."""
    target = systems.profile.vercel
    assert target is not None
    there = {one.key for one in vercel_domains(systems.vercel.door, target.team_id, target.project_id)}
    if not target.domains:
        return Item(
            "vercel domains", Status.CRITICAL, "the profile names none", "list them in vercel.domains of the profile"
        )
    if lost := [one for one in target.domains if one not in there]:
        said = f"no domains of the project's production: {', '.join(lost)}"
        return Item("vercel domains", Status.WARNING, said, "mend vercel.domains in the profile, or add them at Vercel")
    return ok("vercel domains", f"{len(target.domains)} of the project's {len(there)}")


def flags(systems: Systems) -> Item:
    """A project without any flag is another one than we mean."""
    found = systems.launchdarkly.flags()
    if not found:
        return Item("launchdarkly flags", Status.CRITICAL, "the project has no flag", "mend project_key in the profile")
    return ok("launchdarkly flags", f"{len(found)} there")


def table(systems: Systems, field: str, statement: str, loses: str) -> Item:
    """One of the application's own tables: named, there, with the columns that are read, and readable by us."""
    target = systems.profile.database
    named = str(getattr(target, field))
    if not named:
        return Item(f"table {field}", Status.WARNING, f"is not named: {loses}", f"name it in database.{field}")
    systems.database.query(statement, table=named, ids="")
    return ok(f"table {field}", f"{named} can be read")
