"""Signs that somebody used a leaked secret: what the vendors' own logs say, each as far as it says anything."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TypeVar

from runbook.checks.changes import since_ms
from runbook.checks.frame import Answer, check
from runbook.checks.leaked import leaked_name, meant
from runbook.clients.supabase_rows import KeyUse
from runbook.errors import Fault, SystemFault
from runbook.model import Row, Status
from runbook.systems import Systems
from runbook.times import iso

MOST_HOURS = 24  # of Supabase's log in one question (API reference, Gets project's logs)
MOST_ROWS = 1000  # of one answer
OURS = "runbook"  # how this library calls itself
# Events that a stranger with a key is after: money out, and what lets one back in. Stripe's own names.
GRAVE = ("payout.", "transfer.", "charge.refund", "refund.", "account.", "capability.", "person.", "topup.")


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Signs:
    """What one vendor's log says. ``rows`` may name people: they go to evidence. ``cut`` is what everybody may read."""

    source: str
    told: str
    is_strange: bool
    is_whole: bool  # whether every use would be in it; a log of changes says nothing of what was read
    rows: Sequence[Row] = ()
    cut: Sequence[Row] = ()


def supabase_key(systems: Systems, secret: str, hours: int) -> Signs:
    """Every request that came with the key, by who came."""
    name = leaked_name(systems, secret)
    key = next((one for one in systems.supabase.api_keys() if systems.begins_with(name, one.prefix)), None)
    if key is None:
        raise SystemFault("the project lists no key that begins as the leaked one: ended already, or a legacy key",
                          system="supabase", fault=Fault.NOT_FOUND)  # fmt: skip
    until = systems.times.now() + timedelta(minutes=1)  # the vendor rounds to minutes
    found = systems.supabase.key_uses(key.prefix, iso(until - timedelta(hours=min(hours, MOST_HOURS))), iso(until))
    ours = (OURS, *(systems.profile.site.programs if systems.profile.site is not None else ()))
    by_client: dict[tuple[str, str, str], list[KeyUse]] = {}
    for one in found:
        by_client.setdefault((one.address, one.country, one.agent), []).append(one)
    cut = [
        {"client": f"client {number}", "ours": agent.startswith(ours), "requests": len(uses), "country": country,
         "program": agent[:60], "paths": ", ".join(sorted({one.path for one in uses})[:3]), "last": uses[0].at}
        for number, ((_, country, agent), uses) in enumerate(by_client.items(), 1)
    ]  # fmt: skip
    strange = [uses for (_, _, agent), uses in by_client.items() if not agent.startswith(ours)]
    told = (f"requests in {min(hours, MOST_HOURS)} h: {len(found)}, of which {sum(map(len, strange))} by {len(strange)} "
            "who do not call themselves ours")  # fmt: skip
    is_whole = hours <= MOST_HOURS and len(found) < MOST_ROWS
    return Signs("Supabase, log of the API gateway", told, bool(strange), is_whole, [asdict(one) for one in found], cut)


def launchdarkly_token(systems: Systems, secret: str, hours: int) -> Signs:
    """Every change that was made with the token and is not a runbook's; of a dead one: with any token but the new one."""
    found = _by_either(systems, secret, lambda opened: opened.launchdarkly.changes_by_token(since_ms(systems, hours)))
    try:
        with contextlib.closing(systems.opened_by(secret, leaked_name(systems, secret))) as opened:
            leaked, new = opened.launchdarkly.caller().token_id, ""
    except SystemFault as fault:
        if fault.fault is not Fault.AUTH:
            raise
        leaked, new = "", systems.launchdarkly.caller().token_id
    strange = [
        one for one in found
        if (one.token_id == leaked if leaked else one.token_id != new) and not one.comment.startswith("runbook plan ")
    ]  # fmt: skip
    cut = [{"at": one.at, "what": one.what, "flag": one.flag} for one in strange]
    told = f"changes with this token in {hours} h that no runbook made: {len(strange)}; what it read is in no log"
    return Signs("LaunchDarkly, audit log", told, bool(strange), False, [asdict(one) for one in strange], cut)


def _by_either(systems: Systems, secret: str, ask: Callable[[Systems], T]) -> T:
    """Asked with the new one; with the leaked one where that is refused."""
    try:
        return ask(systems)
    except SystemFault as fault:
        if fault.fault is not Fault.AUTH or leaked_name(systems, secret) == secret:
            raise
    with contextlib.closing(systems.opened_by(secret, leaked_name(systems, secret))) as opened:
        return ask(opened)


def stripe_events(systems: Systems, secret: str, hours: int) -> Signs:
    """What happened in the account, whoever did it: requests themselves are in no API."""
    since = since_ms(systems, hours) // 1000
    found = _by_either(systems, secret, lambda opened: opened.stripe.events(since=since).rows)
    grave = [one for one in found if one.kind.startswith(GRAVE)]
    counts = Counter(one.kind for one in found)
    cut = [{"event": kind, "count": count, "grave": kind.startswith(GRAVE)} for kind, count in counts.most_common(20)]
    told = f"{len(grave)} of {len(found)} events in {hours} h move money out or change the account, whoever did it"
    return Signs("Stripe, events", told, bool(grave), False, [asdict(one) for one in found], cut)


def vercel_activity(systems: Systems, secret: str, hours: int) -> Signs:
    """What was done in the project, whoever did it: the activity names no token."""
    found = systems.vercel.activity(since_ms(systems, hours), limit=100)
    cut = [{"at": one.at, "what": one.what} for one in found]
    told = f"things done in {hours} h, by whichever token: {len(found)}; is each of them yours?"
    return Signs("Vercel, activity", told, bool(found), False, [asdict(one) for one in found], cut)


READ: Mapping[str, Callable[[Systems, str, int], Signs]] = {
    "LD_API_KEY": launchdarkly_token, "STRIPE_SECRET_KEY": stripe_events, "SUPABASE_SERVICE_KEY": supabase_key,
    "VERCEL_TOKEN": vercel_activity,
}  # fmt: skip


@check(required=False, deadline_seconds=15.0)
def seen(systems: Systems, secret: str = "", hours: int = MOST_HOURS) -> Answer:
    """Who used it since, as far as its vendor tells?"""
    known = meant(secret)
    if secret not in READ:
        return Answer(Status.UNKNOWN, f"{known.system} tells no use by API. Look yourself: {known.seen_at}",
                      source="the vendor's documents")  # fmt: skip
    signs = READ[secret](systems, secret, hours)
    status = Status.WARNING if signs.is_strange else Status.OK if signs.is_whole else Status.UNKNOWN
    told = f"{signs.told}. More: {known.seen_at}"
    return Answer(status, told, len(signs.rows), "lines", source=signs.source, rows=signs.cut,
                  facts={"strange": signs.is_strange})  # fmt: skip


def evidence(systems: Systems, secret: str = "", hours: int = MOST_HOURS) -> tuple[str, Sequence[Row]]:
    """What the vendor's log says of the secret's use, whole: it may be gone tomorrow. Empty where it says nothing by API."""
    known = meant(secret)
    if secret not in READ:
        return f"{known.system} tells no use by API; keep by hand what {known.seen_at} shows", ()
    signs = READ[secret](systems, secret, hours)
    return f"{signs.source}, about {secret}, the last {hours} h; lines: {len(signs.rows)}", signs.rows
