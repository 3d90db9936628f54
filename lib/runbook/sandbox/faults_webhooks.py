"""Faults of webhooks: an endpoint that is off, code that does not take them. And customers, who pay and book meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from runbook.sandbox.paying import ENDPOINT, TYPES, Event, payment
from runbook.sandbox.scheduling import PERSONAL_HOOK
from runbook.sandbox.seeds import token

if TYPE_CHECKING:
    from runbook.sandbox.world import World

SEEN_SECONDS = 10.0  # until every event was tried once


def customers_pay(world: World, events: int = 5) -> None:
    """Customers pay now; returns when Stripe has tried every event once."""
    made = _pay(world, events, minutes=0)
    _wait(world, lambda: all(delivery.tries for one in made for delivery in one.deliveries))


def customers_book(world: World, bookings: int = 3) -> None:
    """Customers book a call now; returns when Cal.com has told whom it tells."""
    for _ in range(bookings):
        with world.lock:
            world.calcom.book(world.times.now())
    _wait(world, lambda: world.calcom.told == world.calcom.owing)


def webhook_endpoint_disabled(world: World, events: int = 12, minutes_ago: float = 90) -> None:
    """Somebody disabled the endpoint, and customers paid since: nothing of that was sent, or ever will be by itself."""
    with world.lock:
        world.stripe.endpoints[ENDPOINT].enabled = False
    _pay(world, events, minutes_ago)


def webhook_receiver_failing(world: World, events: int = 12, minutes_ago: float = 12) -> None:
    """What went live last answers 500 to every webhook. Its pages are well; Stripe tries again and again."""
    world.deploy("Webhooks: typed events", "mira", minutes_ago=minutes_ago, defect="webhooks")
    customers_pay(world, events)


def webhook_secret_rotated(world: World, events: int = 6) -> None:
    """Somebody rotated the endpoint's secret at Stripe, and the site was not told: it refuses every webhook as forged."""
    with world.lock:
        world.stripe.endpoints[ENDPOINT].secret = "whsec_" + token("rotated secret", 32)
    customers_pay(world, events)


def cal_hook_inactive(world: World, bookings: int = 3) -> None:
    """Somebody switched Cal.com's webhook off, and customers booked since: nobody was told, and nobody will be."""
    with world.lock:
        world.calcom.hooks[PERSONAL_HOOK].active = False
    customers_book(world, bookings)


def _pay(world: World, events: int, minutes: float) -> list[Event]:
    """Payments spread over the last minutes, oldest first."""
    made = []
    with world.lock:
        now = world.times.now()
        for number in range(events):
            at = now - timedelta(minutes=minutes * (events - number) / events)
            name = token(f"payment {number} {now.isoformat()}", 24)
            made.append(world.stripe.make(TYPES[0], payment(name, at), at))
    return made


def _wait(world: World, holds: Callable[[], bool]) -> None:
    until = world.times.monotonic() + SEEN_SECONDS
    while not holds():
        if world.times.monotonic() > until:
            raise RuntimeError("the webhooks were not sent in time")
        world.times.sleep(0.02)
