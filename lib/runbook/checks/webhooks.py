"""Do the vendor's events reach us: is the endpoint on, does our handler take them, which has it missed, and whom did that hurt?

Stripe has no log of deliveries, and owes nothing of the time in which an endpoint was disabled. So what counts is the
application's own table of handled events, compared with the vendor's list of all that were made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from runbook.checks import handing, vendor
from runbook.checks.database import not_used
from runbook.checks.frame import Answer, check
from runbook.checks.handing import site_of
from runbook.checks.judge import bar, judged
from runbook.checks.missed import GRACE, amounts, missed_events, money, no_table, since, times_given
from runbook.clients.stripe_rows import Endpoint, Event
from runbook.model import Row, Status
from runbook.systems import Systems
from runbook.times import parse_iso

STRIPE = ("stripe",)
COMPONENTS = ("API", "Webhooks")
HOURS = 24
CLIFF = timedelta(days=3)  # Stripe's retries end (docs.stripe.com/webhooks)
SHOWN = 20
SECONDS = 8.0  # some pages of events, one after the other
SOURCE = "Stripe's events, against the application's own table"


@check(asks=STRIPE)
def endpoints(systems: Systems) -> Answer:
    """Is Stripe's endpoint for our handler there and enabled, and does it get the types that we act on?"""
    target = systems.profile.stripe
    if target is None:
        return not_used("Stripe", systems)
    found = systems.stripe.endpoints()
    ours = [one for one in found if _is_ours(systems, one)]
    rows: list[Row] = [
        {"endpoint": one.endpoint_id, "url": one.url, "enabled": one.is_enabled, "ours": one in ours,
         "types": ", ".join(one.types), "version": one.api_version or "the account's"}
        for one in found
    ]  # fmt: skip
    off = [one.endpoint_id for one in ours if not one.is_enabled]
    missing = [kind for kind in target.types if not any(_wants(one, kind) for one in ours)]
    facts = {"disabled": off, "missing_types": missing, "ours": [one.endpoint_id for one in ours]}
    source = f"Stripe, webhook endpoints, {target.mode} mode"
    if not ours:
        told = f"none of Stripe's {len(found)} endpoints is at {site_of(systems).stripe_path} of our domains"
        return Answer(Status.CRITICAL, told, 0, "endpoints", 1, source, rows, facts)
    if off:
        told = f"{off[0]} is disabled: what happens meanwhile is never sent to it, not even later"
        return Answer(Status.CRITICAL, told, len(off), "disabled", 0, source, rows, facts)
    if missing:
        told = f"no endpoint of ours gets {', '.join(missing)}"
        return Answer(Status.CRITICAL, told, len(missing), "types", 0, source, rows, facts)
    return Answer(Status.OK, f"{', '.join(one.endpoint_id for one in ours)} is enabled for every type we act on",
                  0, "disabled", 0, source, rows, facts)  # fmt: skip


@check(asks=STRIPE)
def undelivered(systems: Systems, hours: int = HOURS) -> Answer:
    """Which events does Stripe still try to deliver, of which type, and when does it give up?"""
    if systems.profile.stripe is None:
        return not_used("Stripe", systems)
    now, threshold = systems.times.now(), systems.policy.threshold("undelivered_webhooks")
    found = systems.stripe.events(since=since(systems, hours), delivered=False)
    late = [one for one in found.rows if now - parse_iso(one.created_at) > GRACE]
    rows = _by_type(late)
    more = "" if found.is_whole else " at least"
    if not late:
        return Answer(
            Status.OK, f"none of the last {hours} h waits", 0, "events", bar(threshold), "Stripe, events", rows
        )
    ends = parse_iso(late[0].created_at) + CLIFF - now
    told = f"{more}{len(late)} wait; Stripe gives the oldest up in {ends.total_seconds() / 3600:.0f} h".strip()
    return Answer(judged(len(late), threshold), told, len(late), "events", bar(threshold), "Stripe, events", rows,
                  facts={"count": len(late), "hours_left": round(ends.total_seconds() / 3600, 1)})  # fmt: skip


@check(asks=("stripe", "database"), deadline_seconds=SECONDS)
def unhandled(systems: Systems, hours: int = HOURS) -> Answer:
    """Which events has our application never handled, whatever Stripe thinks of them?"""
    if systems.profile.stripe is None:
        return not_used("Stripe", systems)
    threshold, now = systems.policy.threshold("unhandled_events"), systems.times.now()
    missed = missed_events(systems, hours)
    late = [one for one in missed.events if now - parse_iso(one.created_at) > GRACE]
    rows, facts = _by_type(late), {"count": len(late), "newest_is_missed": missed.newest_is_missed}
    cut = "" if missed.is_whole else f"; only the newest {missed.asked} were looked at"
    if not late:
        told = f"all {missed.asked} of the last {hours} h are handled{cut}"
        return Answer(
            Status.OK if missed.is_whole else Status.UNKNOWN, told, 0, "events", bar(threshold), SOURCE, rows, facts
        )
    told = (
        f"{len(late)} of {missed.asked} are not handled, the oldest of {late[0].created_at[:16].replace('T', ' ')}{cut}"
    )
    return Answer(judged(len(late), threshold), told, len(late), "events", bar(threshold), SOURCE, rows, facts)


@check(required=False)
def status_page(systems: Systems) -> Answer:
    """Does Stripe's status page report something about its API or its webhooks?"""
    if systems.profile.stripe is None:
        return not_used("Stripe", systems)
    return vendor.status_page(systems.status_pages["stripe"].summary(), COMPONENTS, "")


@check(asks=("site",))
def endpoint_answers(systems: Systems) -> Answer:
    """Does our handler refuse what is not signed, and take what is?"""
    if systems.profile.site is None:
        return not_used("site", systems)
    return handing.answered(systems, handing.STRIPE)


@check(asks=("stripe", "database"), deadline_seconds=SECONDS)
def customers(systems: Systems, hours: int = HOURS) -> Answer:
    """How many customers have paid and not got what they paid for, and did anybody get it twice?"""
    if systems.profile.stripe is None:
        return not_used("Stripe", systems)
    target = systems.profile.database
    if target is None or not target.given_table:
        raise no_table("given_table", "what was given for which payment")
    now = systems.times.now()
    found = systems.stripe.payments(since=since(systems, hours))
    paid = [one for one in found.rows if one.status == "succeeded"]
    given = times_given(systems, [one.payment_id for one in paid])
    without = [one for one in paid if one.payment_id not in given and now - parse_iso(one.created_at) > GRACE]
    twice = [name for name, times in given.items() if times > 1]
    hurt = {one.customer_id or one.payment_id for one in without}
    paid_in_all = amounts(without)
    facts = {"customers_hurt": len(hurt), "amounts": paid_in_all, "twice": twice[:SHOWN], "whole": found.is_whole}
    rows: list[Row] = [
        {"payment": one.payment_id, "customer": one.customer_id, "amount": money(one.cents, one.currency),
         "paid": one.created_at} for one in without[:SHOWN]
    ]  # fmt: skip
    source = "Stripe's payments, against the application's own table"
    if twice:
        told = f"{len(twice)} payments were provisioned more than once, like {twice[0]}"
        return Answer(Status.CRITICAL, told, len(hurt), "customers", 0, source, rows, facts)
    if hurt:
        told = f"{len(hurt)} customers have paid {', '.join(paid_in_all)} and got nothing"
        return Answer(Status.CRITICAL, told, len(hurt), "customers", 0, source, rows, facts)
    told = f"all {len(paid)} payments of the last {hours} h are provisioned, none twice"
    status = Status.OK if found.is_whole else Status.UNKNOWN
    return Answer(status, told, 0, "customers", 0, source, rows, facts)


def _by_type(events: Sequence[Event]) -> list[Row]:
    """How many of each type, and the oldest."""
    counted = Counter(one.kind for one in events)
    oldest = {one.kind: one.created_at for one in reversed(events)}
    return [{"type": kind, "events": count, "oldest": oldest[kind]} for kind, count in counted.most_common()]


def _is_ours(systems: Systems, one: Endpoint) -> bool:
    """Whether an endpoint is at our handler's path, on one of our domains where the profile names them."""
    url, domains = urlsplit(one.url), systems.profile.vercel.domains if systems.profile.vercel else ()
    return url.path == site_of(systems).stripe_path and (not domains or url.hostname in domains)


def _wants(one: Endpoint, kind: str) -> bool:
    return kind in one.types or "*" in one.types
