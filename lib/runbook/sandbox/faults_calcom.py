"""Faults of Cal.com: a hook that is off, a secret that differs, a calendar that cannot be read. And customers, who book."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, LiteralString

from runbook.sandbox.faults_webhooks import until_sent
from runbook.sandbox.scheduling import PERSONAL_HOOK
from runbook.sandbox.seeds import token
from runbook.sandbox.site_webhooks import CAL_SECRET

if TYPE_CHECKING:
    from runbook.sandbox.world import World

MINUTES = 40.0
EXPIRED = "Credential is invalid: the calendar has to be connected again"
CALLED_OFF = "bk_40"  # of those of before
FORGET: LiteralString = "delete from public.bookings where uid = any(%s)"
ACCEPT: LiteralString = (
    "update public.bookings set status = 'accepted', updated_at = %s where uid = %s"  # as world.sql leaves it
)


def customers_book(world: World, bookings: int = 3, minutes_ago: float = 0) -> None:
    """Customers book calls, spread over the last minutes; returns when Cal.com has told whom it tells."""
    made = []
    for number in range(bookings):
        with world.lock:
            at = world.times.now() - timedelta(minutes=minutes_ago * (bookings - number) / bookings)
            made.append(world.calcom.book(at).uid)
    until_sent(world, lambda: world.calcom.told == world.calcom.owing)
    world.on_repair(lambda: world.admin.patient(FORGET, made))


def cal_hook_inactive(world: World, bookings: int = 3, minutes_ago: float = MINUTES) -> None:
    """Somebody switched Cal.com's webhook off, and customers booked and called off since: nobody was told, or will be."""
    with world.lock:
        world.calcom.hooks[PERSONAL_HOOK].active = False
    customers_book(world, bookings, minutes_ago)
    with world.lock:
        world.calcom.cancel(CALLED_OFF, world.times.now() - timedelta(minutes=minutes_ago / 2))
    world.on_repair(lambda: world.admin.patient(ACCEPT, world.began - timedelta(hours=1), CALLED_OFF))


def cal_secret_rotated(world: World, bookings: int = 3, minutes_ago: float = MINUTES, known: bool = True) -> None:
    """Somebody changed the hook's secret at Cal.com, and the site was not told: it refuses what it is sent as forged.

    ``known``: the new one is in our own hands already.
    """
    before, new = world.secret(CAL_SECRET), token(f"rotated hook {world.times.now().isoformat()}", 32)
    with world.lock:
        world.calcom.hooks[PERSONAL_HOOK].secret = new
    if known:
        world.publish({CAL_SECRET: new})
        world.on_repair(lambda: world.publish({CAL_SECRET: before}))
    customers_book(world, bookings, minutes_ago)


def cal_hook_unsigned(world: World, bookings: int = 3, minutes_ago: float = MINUTES) -> None:
    """Somebody took the hook's secret away: what it sends is not signed, and the site refuses it."""
    with world.lock:
        world.calcom.hooks[PERSONAL_HOOK].secret = ""
    customers_book(world, bookings, minutes_ago)


def cal_hook_template(world: World, bookings: int = 3, minutes_ago: float = MINUTES) -> None:
    """Somebody gave the hook a template of its own: the site cannot read what it is sent."""
    with world.lock:
        world.calcom.hooks[PERSONAL_HOOK].template = "A call was booked"
    customers_book(world, bookings, minutes_ago)


def calendar_credential_broken(world: World) -> None:
    """The calendar's credential ended: Cal.com writes no booking into it, and sees nobody as busy."""
    with world.lock:
        world.calcom.calendar_complaint = EXPIRED
