"""Has the site's environment what it needs to sign people in, and has the running build got it? Names and times, no values."""

from __future__ import annotations

import difflib

from runbook.checks.clerk import SECONDS
from runbook.checks.database import not_used
from runbook.checks.frame import Answer, both, check
from runbook.clients.vercel_rows import Variable
from runbook.model import Row, Status
from runbook.profile import ClerkTarget
from runbook.systems import Systems

PRODUCTION = "production"
ALIKE = 0.75  # of a name: CLERK_JWT_PUBLIC_KEY is meant to be CLERK_JWT_KEY


@check(asks=("vercel",), required=False, deadline_seconds=SECONDS)
def in_place(systems: Systems) -> Answer:
    """Is every variable of the sign-in there, and is the running build newer than each of them?"""
    if systems.profile.vercel is None or systems.profile.clerk is None:
        return not_used("Clerk with a site on Vercel", systems)
    wanted = names(systems.profile.clerk)
    found, live = both(
        systems.vercel.variables, lambda: systems.vercel.deployment(systems.vercel.project().production_deployment)
    )
    there = {one.key: one for one in found if PRODUCTION in one.targets}
    others = [key for key in there if key not in wanted]
    missing = [name for name in wanted if name not in there]
    behind = [name for name in wanted if name in there and there[name].updated_at > live.at]
    source = "Vercel, environment variables and the live deployment"
    rows: list[Row] = [_row(one) for one in found if one.key in wanted or _meant(one.key, missing)]
    facts = {"missing": missing, "behind": behind, "live_at": live.at}
    if not found:
        return Answer(Status.UNKNOWN, "Vercel lists no variable: the token sees none", source=source, facts=facts)
    if missing:
        told = "; ".join(_told(name, others) for name in missing)
        return Answer(Status.CRITICAL, told, len(missing), "variables", 0, source, rows, facts)
    if behind:
        told = f"{', '.join(behind)} was set after the live build, which does not have it yet"
        return Answer(Status.WARNING, told, len(behind), "variables", 0, source, rows, facts)
    told = f"all {len(wanted)} are there, the live build is newer than each"
    return Answer(Status.OK, told, 0, "variables", 0, source, rows, facts)


def names(target: ClerkTarget) -> list[str]:
    """The variables that this site needs."""
    return [name for name in (target.key_variable, target.secret_variable, target.publishable_variable) if name]


def _told(name: str, others: list[str]) -> str:
    alike = difflib.get_close_matches(name, others, n=1, cutoff=ALIKE)
    return f"{name} is missing" + (f", {alike[0]} looks like a slip of it" if alike else "")


def _meant(key: str, missing: list[str]) -> bool:
    return bool(difflib.get_close_matches(key, missing, n=1, cutoff=ALIKE))


def _row(one: Variable) -> Row:
    return {"variable": one.key, "for": ", ".join(one.targets), "set": one.updated_at}
