"""What our application has missed of Stripe's events: its own tables, compared with the vendor's list. And money, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from runbook.checks.database import read
from runbook.clients.stripe_rows import Event, Payment
from runbook.errors import Fault, SystemFault
from runbook.model import Row
from runbook.systems import Systems
from runbook.times import parse_iso

GRACE = timedelta(seconds=30)  # ours: an event this young may still be on its way
AT_ONCE = 500  # ids in one question to the database


@dataclass(frozen=True, slots=True)
class Missed:
    """The events that our application has not handled, oldest first; not whole: there are more than were asked for."""

    events: tuple[Event, ...]
    asked: int
    is_whole: bool
    newest_is_missed: bool  # the newest that had its time: they still get lost


def missed_events(systems: Systems, hours: int) -> Missed:
    """What Stripe has made of the types that we act on, and our application has not noted as handled."""
    target, database = systems.profile.stripe, systems.profile.database
    if target is None or database is None or not database.events_table:
        raise no_table("events_table", "the events that were handled")
    found = systems.stripe.events(types=target.types, since=since(systems, hours))
    handled = handled_events(systems, [one.event_id for one in found.rows])
    missed = tuple(one for one in found.rows if one.event_id not in handled)
    now = systems.times.now()
    had_time = [one for one in found.rows if now - parse_iso(one.created_at) > GRACE]
    return Missed(missed, len(found.rows), found.is_whole, bool(had_time) and had_time[-1] in missed)


def handled_events(systems: Systems, ids: Sequence[str]) -> set[str]:
    """Those of these events that the application has noted as handled."""
    database = systems.profile.database
    if database is None or not database.events_table:
        raise no_table("events_table", "the events that were handled")
    return {str(row["event_id"]) for row in in_parts(systems, "handled_events", database.events_table, ids)}


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
