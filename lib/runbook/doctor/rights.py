"""More of what a token may do: Sentry's scopes, LaunchDarkly's role, the projects that Supabase's token reaches."""

from __future__ import annotations

from collections.abc import Iterator

from runbook.clients.choices import supabase_projects
from runbook.doctor.frame import Item, Question, ok
from runbook.doctor.secrets import made_at
from runbook.errors import Fault, SystemFault
from runbook.model import Status
from runbook.systems import Systems

# docs.sentry.io, API, Permissions & Scopes: what the client's calls need; alerts are what routine/alert-configuration adds.
SENTRY_NEEDS = {"org:read", "project:read", "event:read"}
SENTRY_MAY = SENTRY_NEEDS | {"alerts:read", "alerts:write", "event:write", "member:read", "team:read"}
SENTRY_AT = "Sentry, Settings, Custom Integrations, the integration, Permissions"


def questions(systems: Systems) -> Iterator[Question]:
    """Of the systems that the profile names."""
    profile = systems.profile
    if profile.sentry is not None:
        yield Question("sentry, what we may do", lambda: [sentry(systems)], made_at("SENTRY_AUTH_TOKEN"))
    if profile.launchdarkly is not None:
        yield Question("launchdarkly, our role", lambda: [launchdarkly(systems)], made_at("LD_API_KEY"))
    if profile.supabase is not None:
        yield Question("supabase, what we may do", lambda: [supabase(systems)], made_at("SUPABASE_API_KEY"))


def sentry(systems: Systems) -> Item:
    """The integration's scopes: enough, and no administration."""
    item, scopes = "sentry, what we may do", set(systems.sentry.scopes())
    if not scopes:
        return Item(item, Status.UNKNOWN, "the answer names no scope", f"look at {SENTRY_AT}")
    if lacking := sorted(SENTRY_NEEDS - scopes):
        return Item(item, Status.CRITICAL, f"the token lacks {', '.join(lacking)}", f"add them: {SENTRY_AT}")
    if many := sorted(scopes - SENTRY_MAY):
        said = f"the token may do more than it needs: {', '.join(many)}"
        return Item(item, Status.WARNING, said, f"take these scopes away: {SENTRY_AT}")
    return ok(item, f"scopes {', '.join(sorted(scopes))}")


def launchdarkly(systems: Systems) -> Item:
    """The token's role: a reader cannot turn a flag, an administrator may do anything."""
    item = "launchdarkly, our role"
    try:
        role = systems.launchdarkly.role(systems.launchdarkly.caller().token_id)
    except SystemFault as fault:
        if fault.fault not in (Fault.PERMISSION, Fault.NOT_FOUND):
            raise
        return ok(item, "the token may not read its own role, so it is no administrator's")
    if role == "reader":
        return Item(item, Status.CRITICAL, "the token only reads: no flag can be turned", made_at("LD_API_KEY"))
    if role in ("admin", "owner"):
        return Item(item, Status.WARNING, f"the token has the role {role}: far more than flags", made_at("LD_API_KEY"))
    return ok(item, f"the role {role}")


def supabase(systems: Systems) -> Item:
    """A classic token reaches its owner's whole account; a scoped one can be kept to one project (docs, access tokens)."""
    item, target = "supabase, what we may do", systems.profile.supabase
    ref = target.project_ref if target is not None else ""
    others = [one.name or one.key for one in supabase_projects(systems.supabase.door) if one.key != ref]
    if others:
        said = f"the token reaches other projects, too: {', '.join(others[:5])}"
        return Item(item, Status.WARNING, said, f"{made_at('SUPABASE_API_KEY')}, limited to this project")
    return ok(item, "the token reaches this project only")
