"""What the profile names inside a system: domains, an environment with flags. Is it really there?"""

from __future__ import annotations

from collections.abc import Iterator

from runbook.clients.choices import vercel_domains
from runbook.doctor.frame import Item, Question, ok
from runbook.model import Status
from runbook.systems import Systems


def questions(systems: Systems) -> Iterator[Question]:
    """Of the systems that the profile names."""
    if systems.profile.vercel is not None:
        yield Question("vercel domains", lambda: [domains(systems)])
    if systems.profile.launchdarkly is not None:
        yield Question("launchdarkly flags", lambda: [flags(systems)])


def domains(systems: Systems) -> Item:
    """Each domain that must serve production is one of the project's: a rollback is proven by them."""
    target = systems.profile.vercel
    assert target is not None
    there = {one.key for one in vercel_domains(systems.vercel.door, target.team_id, target.project_id)}
    if not target.domains:
        return Item(
            "vercel domains", Status.CRITICAL, "the profile names none", "list them in vercel.domains of the profile"
        )
    if lost := [one for one in target.domains if one not in there]:
        said = f"no domains of the project's production: {', '.join(lost)}"
        return Item("vercel domains", Status.WARNING, said, "mend vercel.domains in the profile, or add them at Vercel")
    return ok("vercel domains", f"{len(target.domains)} of the project's {len(there)}")


def flags(systems: Systems) -> Item:
    """A project without any flag is another one than we mean."""
    found = systems.launchdarkly.flags()
    if not found:
        return Item("launchdarkly flags", Status.CRITICAL, "the project has no flag", "mend project_key in the profile")
    return ok("launchdarkly flags", f"{len(found)} there")
