"""Faults of the vendors, of the way to them, and of what we have in hand: outages, hanging answers, a revoked token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runbook.errors import SettingError
from runbook.sandbox import seeds
from runbook.sandbox.twins.arriving import KINDS
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


def vendor_incident(world: World, system: str = "slack", component: str = "") -> None:
    """A vendor's page says that something is wrong there; what we use of it goes on."""
    if system not in world.pages:
        raise SettingError(
            f"{system!r} has no status page; there are {', '.join(world.pages)}", where="vendor_incident"
        )
    page = world.pages[system]
    hit = component or next(iter(page.components))
    page.components[hit] = "degraded_performance"
    page.incidents.append(
        incident(page, f"Trouble with {hit}", "minor", [hit], world.times.now(), "We are investigating.")
    )


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


def api_answers(world: World, kind: str, systems: Sequence[str] = ("supabase",)) -> None:
    """A vendor's API answers as it should not: ``hang``, ``html``, ``truncated``, ``429`` … (``twins.arriving.KINDS``)."""
    if kind not in KINDS:
        raise SettingError(f"no kind of answer {kind!r}; there are {', '.join(KINDS)}", where="api_answers")
    for system in systems:
        world.set_transport(system, kind=kind)


def slow_answers(world: World, milliseconds: int = 200, systems: Sequence[str] = ()) -> None:
    """Answers take as long as they do over the Internet."""
    for system in systems or [name for name in world.urls if name not in ("site", "portal", "control")]:
        world.set_transport(system, delay_seconds=milliseconds / 1000)


def token_revoked(world: World, secret: str = "SUPABASE_API_KEY") -> None:
    """Somebody revoked our token at the vendor."""
    world.revoked.add(secret)
