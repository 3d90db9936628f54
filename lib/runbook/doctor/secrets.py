"""The secrets that the systems of a profile need: is each there, and is it of the right kind? Their values are never shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from runbook.doctor.frame import Item, ok
from runbook.model import Status
from runbook.profile import Profile
from runbook.settings import Secrets

# part of the profile -> its secrets
NEEDED = {
    "calcom": ("CALCOM_API_KEY", "CALCOM_WEBHOOK_SECRET"),
    "clerk": ("CLERK_API_KEY",),
    "launchdarkly": ("LD_API_KEY",),
    "pagerduty": ("PAGERDUTY_API_KEY", "PAGERDUTY_ROUTING_KEY"),
    "sentry": ("SENTRY_AUTH_TOKEN",),
    "slack": ("SLACK_BOT_TOKEN",),
    "statuspage": ("STATUSPAGE_API_KEY",),
    "stripe": ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"),
    "supabase": ("SUPABASE_API_KEY",),
    "supabase_auth": ("SUPABASE_ANON_KEY", "AUTH_TEST_USER", "AUTH_TEST_PASSWORD"),
    "tinybird": ("TINYBIRD_TOKEN",),
    "vercel": ("VERCEL_TOKEN",),
}
# Where each is made. The vendors' own pages.
MADE_AT = {
    "CALCOM_API_KEY": "https://app.cal.com/settings/developer/api-keys",
    "CALCOM_WEBHOOK_SECRET": "https://app.cal.com/settings/developer/webhooks, the hook's secret",
    "CLERK_API_KEY": "https://dashboard.clerk.com, API keys, secret keys",
    "LD_API_KEY": "https://app.launchdarkly.com/settings/authorization, a service token",
    "PAGERDUTY_API_KEY": "PagerDuty, Integrations, API Access Keys, read-only",
    "PAGERDUTY_ROUTING_KEY": "PagerDuty, the service, Integrations, Events API v2",
    "SENTRY_AUTH_TOKEN": "Sentry, Settings, Custom Integrations, an internal integration",
    "SLACK_BOT_TOKEN": "https://api.slack.com/apps, OAuth & Permissions",
    "STATUSPAGE_API_KEY": "Statuspage, your avatar, API info",
    "STRIPE_SECRET_KEY": "https://dashboard.stripe.com/apikeys, a restricted key",
    "STRIPE_WEBHOOK_SECRET": "Stripe, Webhooks, the endpoint, signing secret",
    "SUPABASE_API_KEY": "https://supabase.com/dashboard/account/tokens",
    "SUPABASE_ANON_KEY": "Supabase, Project settings, API keys, publishable",
    "TINYBIRD_TOKEN": "Tinybird, Tokens, one that reads the table of requests",
    "VERCEL_TOKEN": "https://vercel.com/account/settings/tokens, scoped to the team",
}
# How the right kind is written, and what another kind would be. Prefixes are from the vendors' documents.
KINDS = {
    "LD_API_KEY": (r"api-", "an access token begins with api-; sdk- and mob- keys read flags only"),
    "SENTRY_AUTH_TOKEN": (r"(?!sntrys_)", "an organization's token (sntrys_) uploads source maps and may not read"),
    "SLACK_BOT_TOKEN": (r"xoxb-", "a bot's token begins with xoxb-"),
    "STRIPE_WEBHOOK_SECRET": (r"whsec_", "a signing secret begins with whsec_"),
    "SUPABASE_ANON_KEY": (r"sb_publishable_|eyJ", "the public key is wanted; sb_secret_ opens everything"),
    "SUPABASE_API_KEY": (
        r"sbp_",
        "a personal access token begins with sbp_; a project's own key does not open the API",
    ),
}


def secrets_of_profile(profile: Profile) -> list[tuple[str, str]]:
    """The part of the profile and the name of each secret that it needs."""
    parts = [(part, name) for part, names in NEEDED.items() if getattr(profile, part) is not None for name in names]
    if profile.database is not None:
        parts += [("database", profile.database.direct_variable), ("database", profile.database.pooler_variable)]
    parts += [("queue", profile.queue.variable)] if profile.queue is not None else []
    return parts + ([("mail", profile.mail.variable)] if profile.mail is not None else [])


def look(profile: Profile, secrets: Secrets) -> Iterator[Item]:
    """Each secret: missing, of another kind or mode, or there."""
    for part, name in secrets_of_profile(profile):
        yield _one(profile, part, name, secrets.get(name))


def made_at(name: str) -> str:
    """The next step for a secret that is missing or wrong."""
    place = MADE_AT.get(name, "")
    return f"set {name} in the environment or in .env" + (f"; it is made at {place}" if place else "")


def _one(profile: Profile, part: str, name: str, value: str | None) -> Item:
    item = f"secret {name}"
    if value is None:
        return Item(item, Status.CRITICAL, f"is not set; {part} needs it", made_at(name))
    if complaint := _complaint(profile, name, value):
        return Item(item, Status.CRITICAL, complaint, made_at(name))
    if name == "STRIPE_SECRET_KEY" and value.startswith("sk_"):
        return Item(
            item,
            Status.WARNING,
            "a secret key may do everything, money included",
            f"use a restricted key: {MADE_AT[name]}",
        )
    return ok(item, "is set")


def _complaint(profile: Profile, name: str, value: str) -> str:
    """What is wrong with a secret, told without any of it."""
    if value != value.strip() or not value.isprintable():
        return "has a space or a line break around or in it"
    pattern, says = KINDS.get(name, ("", ""))
    if not re.match(pattern, value):
        return says
    if name == "STRIPE_SECRET_KEY" and profile.stripe is not None:
        return _mode(value, ("sk", "rk"), profile.stripe.mode)
    if name == "CLERK_API_KEY" and not profile.sandbox:
        return _mode(value, ("sk",), "live")
    if name.endswith("_URL") and not urlsplit(value).hostname and "host=" not in value:
        return "is no address with a host in it"
    return ""


def _mode(value: str, kinds: tuple[str, ...], mode: str) -> str:
    found = re.match(rf"({'|'.join(kinds)})_(live|test)_", value)
    if found is None:
        return f"does not begin with {' or '.join(f'{kind}_{mode}_' for kind in kinds)}"
    return "" if found[2] == mode else f"is a {found[2]} key, this environment is {mode}"
