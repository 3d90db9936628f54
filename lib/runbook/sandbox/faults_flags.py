"""Faults of feature flags: code that fails once its flag is on, and what stands in the way of turning it off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from runbook.sandbox.seeds import AuditEntry, token

if TYPE_CHECKING:
    from runbook.sandbox.world import World

PRICING = "new-pricing"


def flag_raises_errors(world: World, key: str = PRICING, minutes_ago: float = 8) -> None:
    """Somebody turned a flag on, and the code behind it fails on every page."""
    at = world.times.now() - timedelta(minutes=minutes_ago)
    with world.lock:
        flag = world.flags[key]
        world.flags[key] = replace(flag, on=True, version=flag.version + 1, modified=at, breaks_pages=True)
        world.audit.insert(
            0, AuditEntry(token(f"audit {key} on"), at, key, flag.name, "turned on", "mira", "to everybody")
        )


def flag_without_off_variation(world: World, key: str = PRICING) -> None:
    """The same, and the flag says nothing about what is served when it is off."""
    flag_raises_errors(world, key)
    with world.lock:
        world.flags[key] = replace(world.flags[key], off_variation=None)


def flag_needs_approval(world: World, key: str = PRICING) -> None:
    """The same, and this environment wants an approval at the vendor for every change."""
    flag_raises_errors(world, key)
    world.flag_approvals = True


def flag_usage_not_bought(world: World) -> None:
    """The account's plan does not tell how often a flag was evaluated."""
    world.tokens.launchdarkly_usage = False


def flag_environment_gone(world: World) -> None:
    """The environment that the profile names is not there: it was deleted, or the profile means another account."""
    world.flag_environment_gone = True


def flag_off_already(world: World, key: str = PRICING) -> None:
    """Somebody turned the failing flag on and off again before we came."""
    flag_raises_errors(world, key)
    at = world.times.now() - timedelta(minutes=1)
    with world.lock:
        flag = world.flags[key]
        world.flags[key] = replace(flag, on=False, version=flag.version + 1, modified=at)
        world.audit.insert(
            0, AuditEntry(token(f"audit {key} off"), at, key, flag.name, "turned off", "mira", "it fails")
        )
