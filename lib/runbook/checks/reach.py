"""What a leaked secret may really do, asked of its vendor with it: its scopes, its role, what it reaches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from runbook.checks.frame import Answer, check
from runbook.checks.leaked import leaked_name, meant
from runbook.clients.choices import supabase_projects
from runbook.model import Status
from runbook.systems import Systems


def _stripe(systems: Systems) -> str:
    """Its kind stands in its first letters; a restricted key's own permissions are in no API."""
    if systems.begins_with("STRIPE_SECRET_KEY", "sk_"):
        return "a secret key: everything, refunds and payouts included"
    return "a restricted key: what it was given, see https://dashboard.stripe.com/apikeys"


def _vercel(systems: Systems) -> str:
    token = systems.vercel.token()
    reaches = f"{len(token.team_ids)} teams" if token.team_ids else "all that its owner may, in every team"
    return f"{reaches}, {f'until {token.expires_at[:10]}' if token.expires_at else 'without an end'}"


REACH: Mapping[str, Callable[[Systems], str]] = {
    "LD_API_KEY": lambda s: f"the role {s.launchdarkly.role(s.launchdarkly.caller().token_id)}",
    "SENTRY_AUTH_TOKEN": lambda s: f"the scopes {', '.join(s.sentry.scopes()) or 'that it does not tell'}",
    "SLACK_BOT_TOKEN": lambda s: f"the scopes {', '.join(s.slack.workspace().scopes) or 'that it does not tell'}",
    "STRIPE_SECRET_KEY": _stripe,
    "SUPABASE_API_KEY": lambda s: (
        f"the projects {', '.join(one.name or one.key for one in supabase_projects(s.supabase.door))}"
    ),
    "VERCEL_TOKEN": _vercel,
}


@check(required=False)
def of_the_leaked(systems: Systems, secret: str = "") -> Answer:
    """What may the leaked one do, as its vendor tells it now?"""
    known = meant(secret)
    if secret not in REACH:
        return Answer(Status.OK, f"no scopes: it can {known.may}", source="the vendor's documents")
    with contextlib.closing(systems.opened_by(secret, leaked_name(systems, secret))) as opened:
        told = REACH[secret](opened)
    return Answer(Status.OK, f"it has {told}", source=f"{known.system}, asked with {leaked_name(systems, secret)}")
