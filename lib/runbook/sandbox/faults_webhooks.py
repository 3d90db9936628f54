"""Faults of webhooks: an endpoint that is off, code that does not take them. And customers, who pay meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from runbook.sandbox.paying import ENDPOINT, TYPES, Event, payment
from runbook.sandbox.seeds import token
from runbook.sandbox.site_webhooks import STRIPE_SECRET

if TYPE_CHECKING:
    from runbook.sandbox.world import World

PAYING_MINUTES = 2.0
SEEN_SECONDS = 10.0  # until every event was tried once


def customers_pay(world: World, events: int = 5) -> None:
    """Customers pay now; returns when Stripe has tried every event once."""
    _pay_and_wait(world, events, minutes=0)


def webhook_endpoint_disabled(world: World, events: int = 12, minutes_ago: float = 90) -> None:
    """Somebody disabled the endpoint, and customers paid since: nothing of that was sent, or ever will be by itself."""
    with world.lock:
        world.stripe.endpoints[ENDPOINT].enabled = False
    _pay(world, events, minutes_ago)


def webhook_receiver_failing(
    world: World, events: int = 12, minutes_ago: float = 12, paying_minutes: float = PAYING_MINUTES
) -> None:
    """What went live last answers 500 to every webhook. Its pages are well; Stripe tries again and again."""
    world.deploy("Webhooks: typed events", "mira", minutes_ago=minutes_ago, defect="webhooks")
    _pay_and_wait(world, events, minutes=paying_minutes)


def webhook_handler_slow(world: World, events: int = 4, minutes_ago: float = 12) -> None:
    """What went live last makes the invoice before it answers: Stripe hangs up, and so does whoever asks like Stripe."""
    world.deploy("Webhooks: invoices at once", "mira", minutes_ago=minutes_ago, defect="webhooks-slow")
    _pay_and_wait(world, events, minutes=PAYING_MINUTES)


def webhook_handler_forgetful(world: World, minutes_ago: float = 12) -> None:
    """What went live last gives what was paid whenever an event comes, also when it comes again."""
    world.deploy("Webhooks: fewer queries", "mira", minutes_ago=minutes_ago, defect="webhooks-forgetful")


def webhook_walled(world: World, events: int = 6) -> None:
    """Somebody's firewall rule challenges whoever is no browser under the webhooks' path: no vendor is one."""
    world.traffic.walled = "/api/webhooks/"
    _pay_and_wait(world, events, minutes=PAYING_MINUTES)


def webhook_secret_rotated(world: World, events: int = 6, known: bool = True) -> None:
    """Somebody rotated the endpoint's secret at Stripe, and the site was not told: it refuses every webhook as forged.

    ``known``: the new one is in our own hands already.
    """
    before, new = world.secret(STRIPE_SECRET), "whsec_" + token(f"rotated secret {world.times.now().isoformat()}", 32)
    with world.lock:
        world.stripe.endpoints[ENDPOINT].secret = new
    if known:
        world.publish({STRIPE_SECRET: new})
        world.on_repair(lambda: world.publish({STRIPE_SECRET: before}))
    _pay_and_wait(world, events, minutes=PAYING_MINUTES)


def webhook_redirected(world: World, events: int = 6, minutes_ago: float = 12) -> None:
    """What went live last sends every webhook on to an address with a slash; Stripe does not follow, and counts it as failed."""
    world.deploy("Addresses end with a slash", "mira", minutes_ago=minutes_ago, defect="webhook-redirect")
    _pay_and_wait(world, events, minutes=PAYING_MINUTES)


def stripe_key_of_test_mode(world: World) -> None:
    """Somebody put the key of test mode into our hands: it answers every question well, with other data."""
    before = world.secret("STRIPE_SECRET_KEY")
    world.publish({"STRIPE_SECRET_KEY": world.secret("STRIPE_TEST_KEY")})
    world.on_repair(lambda: world.publish({"STRIPE_SECRET_KEY": before}))


def _pay_and_wait(world: World, events: int, minutes: float) -> None:
    """Payments over the last minutes, each tried once at least. The oldest ones Stripe gives up at once (an hour is a second)."""
    made = _pay(world, events, minutes)
    until_sent(world, lambda: all(delivery.tries for one in made for delivery in one.deliveries))


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


def until_sent(world: World, holds: Callable[[], bool]) -> None:
    """Wait until what holds says that all was sent."""
    until = world.times.monotonic() + SEEN_SECONDS
    while not holds():
        if world.times.monotonic() > until:
            raise RuntimeError("the webhooks were not sent in time")
        world.times.sleep(0.02)
