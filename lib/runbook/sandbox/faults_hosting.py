"""Faults of what we deploy: code that fails or crawls, and moves of production that went half the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from runbook.sandbox import seeds

if TYPE_CHECKING:
    from runbook.sandbox.world import World

PORTAL = seeds.DOMAINS[2]


def bad_deployment(world: World, minutes_ago: float = 12, defect: str = "errors", reads: str = "value") -> None:
    """What went live last answers 500 on every page, or takes seconds (``slow``); its health question still says ok.

    ``reads``: the column of the site's settings that its code was written for.
    """
    world.deploy("Portal: new session handling", "mira", minutes_ago=minutes_ago, defect=defect, reads=reads)


def domain_left_behind(world: World, minutes_ago: float = 12) -> None:
    """Somebody rolled a bad deployment back, and the portal's domain did not follow."""
    good = world.production()
    bad_deployment(world, minutes_ago)
    _rolled_back(world, good.uid, stuck=frozenset({PORTAL}))


def rolled_back_already(world: World, minutes_ago: float = 12) -> None:
    """A bad deployment was rolled back before we came: nothing is broken any more."""
    good = world.production()
    bad_deployment(world, minutes_ago)
    _rolled_back(world, good.uid)


def rolling_release(world: World, minutes_ago: float = 12) -> None:
    """A bad deployment, and on top of it a rolling release that somebody has begun."""
    bad_deployment(world, minutes_ago)
    canary = seeds.deployment(world.times.now(), "Portal: try the new navigation", "jonas", substate="ROLLING")
    with world.lock:
        world.hosting.add(canary, live=False)
        world.hosting.rolling_release = canary.uid


def no_candidate(world: World) -> None:
    """Every deployment before the bad one has been deleted: there is nothing to go back to."""
    bad_deployment(world)
    with world.lock:
        world.hosting.deployments = [each for each in world.hosting.deployments
                                     if each.uid == world.hosting.production or each.target is None]  # fmt: skip


def slow_alias(world: World, seconds: float = 3) -> None:
    """Moving the domains takes the vendor so long."""
    with world.lock:
        world.hosting.move_seconds = seconds


def hobby_plan(world: World) -> None:
    """The account's plan allows a rollback to the deployment right before, and to no other."""
    with world.lock:
        world.hosting.plan = "hobby"


def build_under_way(world: World, seconds: float = 2) -> None:
    """Somebody has merged: a build is ready in so many seconds, and goes live if new deployments do."""
    now = world.times.now()
    built = seeds.deployment(now, "Portal: a change that nobody needs now", "jonas", defect="errors")
    with world.lock:
        world.hosting.build(built, now + timedelta(seconds=seconds))


def builds_fail(world: World) -> None:
    """Whatever is built now fails: a dependency is gone from its registry."""
    with world.lock:
        world.hosting.builds_fail = True


def _rolled_back(world: World, uid: str, stuck: frozenset[str] = frozenset()) -> None:
    with world.lock:
        hosting = world.hosting
        hosting.stuck_domains, usual, hosting.move_seconds = stuck, hosting.move_seconds, 0.0
        now = world.times.now()
        hosting.move("rollback", uid, now)
        hosting.settle(now)
        hosting.stuck_domains, hosting.move_seconds = frozenset(), usual
