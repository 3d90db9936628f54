"""Has the new secret taken the old one's place: in the site's environment, in what runs, and in what customers see?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from runbook.checks.database import not_used
from runbook.checks.frame import Answer, check
from runbook.checks.leaked import made_at, meant, tried
from runbook.errors import SystemFault
from runbook.known_secrets import old_name
from runbook.model import Row, Status
from runbook.settings import ALIASES
from runbook.systems import Systems
from runbook.times import parse_iso

HOURS = 24
PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Rotation:
    """What is being replaced. ``variable``: its name in the site's environment, empty for the same one.

    ``seen_working``: who saw the site work with the new one, where no page of it tells.
    """

    secret: str
    variable: str = ""
    hours: int = HOURS
    seen_working: str = ""

    @property
    def name(self) -> str:
        """Under which name the site's environment has it."""
        return self.variable or self.secret


@dataclass(frozen=True, slots=True)
class Place:
    """The variable in the site's environment; ``why_not``: why what runs cannot have the new value, empty when it has."""

    rows: Sequence[Row]
    changed_at: datetime | None = None  # None: it is not there
    why_not: str = ""

    @property
    def is_there(self) -> bool:
        """Whether the site's environment has it."""
        return self.changed_at is not None


def place_of(systems: Systems, rotation: Rotation) -> Place:
    """Where the site's environment has it, and whether production was built since it was changed. Values are never read."""
    name, rows, why = rotation.name, [], ""
    found = [one for one in systems.vercel.variables() if one.key == name]
    production = systems.vercel.project().production_deployment
    built = systems.vercel.deployment(production)
    oldest = systems.times.now() - timedelta(hours=rotation.hours)
    if found and (made := made_at(systems, rotation.secret)):  # what was there before the new one was made is not it
        oldest = max(oldest, parse_iso(made))
    for one in found:
        is_new = parse_iso(one.updated_at) >= oldest
        in_use = is_new and parse_iso(built.at) > parse_iso(one.updated_at)
        rows.append({"variable": name, "targets": ", ".join(one.targets), "type": one.kind, "changed": one.updated_at,
                     "in production's build": in_use})  # fmt: skip
        if PRODUCTION in one.targets and not is_new:
            why = f"{name} in the site's environment is of {one.updated_at}, older than the new one: put it there"
        elif PRODUCTION in one.targets and not in_use:
            why = f"production ({production}) was built before {name} was changed: redeploy"
    return Place(rows, max((parse_iso(one.updated_at) for one in found), default=None), why)


@check(asks=("vercel",))
def environment(systems: Systems, secret: str = "", variable: str = "", hours: int = HOURS) -> Answer:
    """Which of the site's environments have it, and was production built with the new one?"""
    meant(secret)
    if systems.profile.vercel is None:
        return not_used("Vercel", systems)
    rotation = Rotation(secret, variable, hours)
    place = place_of(systems, rotation)
    source = "Vercel, environment variables and deployments"
    facts = {"is_there": place.is_there, "stale": bool(place.why_not)}
    if place.changed_at is None:
        return Answer(Status.OK, _not_there(rotation), 0, "variables", source=source, facts=facts)
    if place.why_not:
        return Answer(
            Status.WARNING, place.why_not, len(place.rows), "variables", source=source, rows=place.rows, facts=facts
        )
    older = [one for one in systems.vercel.rollback_candidates() if parse_iso(one.at) < place.changed_at]
    told = f"production was built after {rotation.name} was changed"
    told += f"; {len(older)} older deployments have the leaked one: do not roll back to them" if older else ""
    return Answer(Status.OK, told, len(place.rows), "variables", source=source, rows=place.rows, facts=facts)


@check()
def pages(systems: Systems, secret: str = "") -> Answer:
    """Do the site's pages that need it work?"""
    meant(secret)
    if systems.profile.site is None:
        return not_used("site", systems)
    path = systems.profile.site.needs.get(secret, "")
    if not path:
        told = f"the profile names no page that needs {secret} (site.needs): somebody must look"
        return Answer(Status.OK, told, source="our own site", facts={"named": False})
    seen = systems.site.get(path)
    works = seen.status_code == 200
    return Answer(
        Status.OK if works else Status.CRITICAL, f"{path}, which needs {secret}, answers {seen.status_code}",
        seen.status_code, "", 200, "our own site", facts={"named": True, "works": works},
    )  # fmt: skip


def unproven(systems: Systems, rotation: Rotation) -> str:
    """Why the new one is not proven to work everywhere; empty when it is. What cannot be told is no proof."""
    secret = rotation.secret
    if not systems.has_secret(old_name(secret)) or systems.are_the_same(secret, old_name(secret)):
        return f"there is none: the leaked one stands under {old_name(secret)}, the new one under {secret}"
    try:
        ours = tried(systems, secret, secret)
        if not ours.opens:
            return f"it opens nothing, {ours.told}"
        place = place_of(systems, rotation) if systems.profile.vercel is not None else Place(())
        if place.why_not:
            return place.why_not
        page = pages.function(systems, secret=secret)
    except SystemFault as fault:
        return f"it cannot be told: {fault}"
    if page.status is Status.CRITICAL:
        return page.summary
    if page.facts.get("named") and systems.profile.vercel is not None and not place.is_there:
        return _not_there(rotation)
    if not page.facts.get("named") and not rotation.seen_working:
        return f"{page.summary}, also at CI, jobs and laptops; then set seen_working to who saw the new one work"
    return ""


def _not_there(rotation: Rotation) -> str:
    others = [alias for alias, name in ALIASES.items() if name == rotation.secret]
    hint = f", like {others[0]}" if others else ""
    return f"the site's environment has no {rotation.name}; if it has another name there{hint}, set variable"
