"""What our application has missed of Stripe's events: its own tables, compared with the vendor's list. And money, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from runbook.checks.database import read
from runbook.clients.stripe_rows import Event, Payment
from runbook.errors import Fault, SystemFault
from runbook.model import Row
from runbook.systems import Systems
from runbook.times import parse_iso

GRACE = timedelta(seconds=30)  # ours: an event this young may still be on its way
PAID = "payment_intent.succeeded"
AT_ONCE = 500  # ids in one question to the database


@dataclass(frozen=True, slots=True)
class Missed:
    """The events that our application has not handled, oldest first; not whole: there are more than were asked for."""

    events: tuple[Event, ...]
    asked: int
    is_whole: bool
    newest_is_missed: bool  # the newest that had its time: they still get lost


def missed_events(systems: Systems, hours: int) -> Missed:
    """What Stripe has made of the types that we act on, and our application has not handled.

    Where the application notes no events: what was paid, and not given.
    """
    target = systems.profile.stripe
    if target is None:
        raise no_table("events_table", "the events that were handled")
    types = target.types if notes_events(systems) else (PAID,)
    found = systems.stripe.events(types=types, since=since(systems, hours))
    handled = handled_events(systems, {one.event_id: one.object_id for one in found.rows})
    missed = tuple(one for one in found.rows if one.event_id not in handled)
    now = systems.times.now()
    had_time = [one for one in found.rows if now - parse_iso(one.created_at) > GRACE]
    return Missed(missed, len(found.rows), found.is_whole, bool(had_time) and had_time[-1] in missed)


def handled_events(systems: Systems, about: Mapping[str, str]) -> set[str]:
    """Those of these events, by id with what each is about, that the application has noted; else whose payment it has given."""
    database = systems.profile.database
    if database is not None and database.events_table:
        rows = in_parts(systems, "handled_events", database.events_table, list(about))
        return {str(row["event_id"]) for row in rows}
    given = times_given(systems, list(about.values()))
    return {event for event, payment in about.items() if payment in given}


def times_given(systems: Systems, payments: Sequence[str]) -> dict[str, int]:
    """How often the application gave what was paid for, by payment; one that was never given is not in it."""
    database = systems.profile.database
    if database is None or not database.given_table:
        raise no_table("events_table", "the events that were handled")
    rows = in_parts(systems, "given_payments", database.given_table, payments)
    return {str(row["payment_id"]): int(row["times"]) for row in rows}


def notes_events(systems: Systems) -> bool:
    """Whether the application has a table of the events that it has handled."""
    return systems.profile.database is not None and bool(systems.profile.database.events_table)


def money(cents: int, currency: str) -> str:
    """An amount, which Stripe gives in the smallest unit of its currency; some currencies have no smaller one."""
    whole = currency.lower() in ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv",
                                 "xaf", "xof", "xpf")  # docs.stripe.com/currencies, zero-decimal  # fmt: skip
    return f"{cents if whole else cents / 100:,.{0 if whole else 2}f} {currency.upper()}"


def in_parts(systems: Systems, name: str, table: str, ids: Sequence[str]) -> list[Row]:
    """Rows about many ids, some hundreds at a time."""
    parts = [ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE)]
    return [row for part in parts for row in read(systems, name, table=table, ids=",".join(part))]


def amounts(payments: Iterable[Payment]) -> list[str]:
    """What they are together, by currency."""
    sums: Counter[str] = Counter()
    for one in payments:
        sums[one.currency] += one.cents
    return [money(cents, currency) for currency, cents in sorted(sums.items())]


def since(systems: Systems, hours: int) -> int:
    """So many hours ago, in Unix seconds."""
    return int((systems.times.now() - timedelta(hours=hours)).timestamp())


def no_table(field: str, what: str) -> SystemFault:
    """The profile does not name the table that would know."""
    return SystemFault(f"the profile names no table of {what}: database.{field}", system="database", fault=Fault.NOT_SET,
                       next_step="name it, or ask a developer which table that is")  # fmt: skip
