"""Faults of the vendors, of the way to them, and of what we have in hand: outages, hanging answers, a revoked token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runbook.sandbox import seeds
from runbook.sandbox.twins.status_pages import incident

if TYPE_CHECKING:
    from runbook.sandbox.world import World


def status_noise(world: World) -> None:
    """The vendor's page is red for a region and for parts that we do not use."""
    page = world.pages["supabase"]
    page.components |= {"ap-southeast-1": "major_outage", "Edge Functions": "partial_outage"}
    page.incidents.append(
        incident(page, "Elevated errors in ap-southeast-1", "major", ["ap-southeast-1", "Edge Functions"],
                 world.times.now(), "We are investigating elevated errors for projects in ap-southeast-1.")
    )  # fmt: skip


def vendor_outage(world: World, services: Sequence[str] = ("auth", "storage")) -> None:
    """Supabase loses services in our region: their sessions go, and the management API refuses every change."""
    page = world.pages["supabase"]
    names = {"auth": "Auth", "storage": "Storage", "realtime": "Realtime", "rest": "API Gateway"}
    hit = [names[service] for service in services]
    page.components |= dict.fromkeys([*hit, seeds.REGION], "major_outage")
    page.incidents.append(
        incident(page, f"{' and '.join(hit)} unavailable in {seeds.REGION}", "critical", [*hit, seeds.REGION],
                 world.times.now(), f"We are investigating errors of {', '.join(hit)} in {seeds.REGION}.")
    )  # fmt: skip
    world.sessions.cut_off(*services)
    world.platform.refuses_changes = True


def api_hangs(world: World, systems: Sequence[str] = ("supabase",)) -> None:
    """A vendor's API takes requests and never answers."""
    for system in systems:
        world.set_transport(system, kind="hang")


def api_html(world: World, systems: Sequence[str] = ("supabase",)) -> None:
    """A gateway in front of a vendor's API answers 502 with a page of HTML."""
    for system in systems:
        world.set_transport(system, kind="html")


def api_truncated(world: World, systems: Sequence[str] = ("supabase",)) -> None:
    """A vendor's API answers half of its JSON."""
    for system in systems:
        world.set_transport(system, kind="truncated")


def slow_answers(world: World, milliseconds: int = 200, systems: Sequence[str] = ()) -> None:
    """Answers take as long as they do over the Internet."""
    for system in systems or [name for name in world.urls if name not in ("site", "portal", "control")]:
        world.set_transport(system, delay_seconds=milliseconds / 1000)


def token_revoked(world: World, secret: str = "SUPABASE_API_KEY") -> None:
    """Somebody revoked our token at the vendor."""
    world.revoked.add(secret)
