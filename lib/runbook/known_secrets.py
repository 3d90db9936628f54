"""What is known of each declared secret: who needs it, where it is made and ended, what it opens. Never a value.

Pages are the vendors' own; what they offer by API was read in their documents, and is named where it is used.
"""

from __future__ import annotations

from dataclasses import dataclass

# Part of the profile -> the secrets that it needs.
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
    "SUPABASE_SERVICE_KEY": "Supabase, Project settings, API keys, a secret key",
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


@dataclass(frozen=True, slots=True)
class Opens:
    """What a secret opens: at which system, what a stranger could do with it, and where it is ended and seen by hand.

    ``ended_by_api``: the runbook can end it itself. Without that the person does, at ``ended_at``.
    """

    system: str
    may: str
    ended_at: str
    seen_at: str
    ended_by_api: bool = False


# The secrets of which two can live side by side, so that the old one is ended after the new one is proven.
OPENS = {
    "CALCOM_API_KEY": Opens(
        "calcom",
        "read and change bookings, hooks and customers' addresses",
        "https://app.cal.com/settings/developer/api-keys: the key, Revoke",
        "Cal.com tells nobody when a key was used",
    ),
    "CLERK_API_KEY": Opens(
        "clerk",
        "read every user, sign in as any of them, delete them",
        "https://dashboard.clerk.com, API keys: the old secret key, Delete",
        "https://dashboard.clerk.com, API keys: last used; there is no log in the API",
    ),
    "LD_API_KEY": Opens(
        "launchdarkly",
        "turn every flag that its role may",
        "https://app.launchdarkly.com/settings/authorization: the token, Delete",
        "https://app.launchdarkly.com/settings/authorization: last used; reads are not in the audit log",
        ended_by_api=True,
    ),
    "PAGERDUTY_API_KEY": Opens(
        "pagerduty",
        "read who is on call and every incident; with full access, change them",
        "PagerDuty, Integrations, API Access Keys: the key, Remove",
        "PagerDuty, Integrations, API Access Keys: last used",
    ),
    "SENTRY_AUTH_TOKEN": Opens(
        "sentry",
        "read errors, which hold customers' data, and what its scopes say",
        "Sentry, Settings, Custom Integrations, the integration: the token, Remove",
        "Sentry, Settings, Audit Log: changes only, reads are in no log",
    ),
    "SLACK_BOT_TOKEN": Opens(
        "slack",
        "write as the bot, read what it may read",
        "https://api.slack.com/apps, the app, OAuth & Permissions: Revoke Tokens",
        "Slack's audit log, on the Enterprise plan only",
    ),
    "STATUSPAGE_API_KEY": Opens(
        "statuspage",
        "write to every subscriber of the status page",
        "Statuspage, your avatar, API info: the key, Delete",
        "Statuspage, Activity log",
    ),
    "STRIPE_SECRET_KEY": Opens(
        "stripe",
        "read customers and payments; with sk_ refund, pay out and change everything; with rk_ what the key was given",
        "https://dashboard.stripe.com/apikeys: the old key, Expire key",
        "https://dashboard.stripe.com/workbench/logs, filtered by the key; requests are in no API",
    ),
    "SUPABASE_API_KEY": Opens(
        "supabase",
        "all that its owner may: read and change every project's data, settings and secrets",
        "https://supabase.com/dashboard/account/tokens: the token, Revoke",
        "Supabase, the organization's Audit logs",
    ),
    "SUPABASE_SERVICE_KEY": Opens(
        "supabase",
        "read and change every row of every table, past row level security, and every user",
        "Supabase, Project settings, API keys: the old secret key, Delete",
        "Supabase, Logs, API Gateway: request.sb.apikey.apikey.prefix",
        ended_by_api=True,
    ),
    "TINYBIRD_TOKEN": Opens(
        "tinybird",
        "read the site's requests, with visitors' paths",
        "Tinybird, Tokens: the token, Delete",
        "Tinybird, the data source tinybird.pipe_stats_rt: by token",
    ),
    "VERCEL_TOKEN": Opens(
        "vercel",
        "deploy any code, read and change the environment, in every team that it reaches",
        "https://vercel.com/account/settings/tokens: the token, Delete",
        "https://vercel.com/account/settings/tokens: last used; https://vercel.com, the team, Activity",
        ended_by_api=True,
    ),
}
# The secrets of which there is one at a time: a new one ends the old one in the same moment, or asks for another procedure.
ONE_AT_A_TIME = {
    "AUTH_TEST_PASSWORD": "give the test user another password, set it here and at the site's tests",
    "AUTH_TEST_USER": "it is no secret alone; change AUTH_TEST_PASSWORD",
    "CALCOM_WEBHOOK_SECRET": "change the hook's secret at Cal.com, then the site's environment, minutes apart; pull the "
    "bookings of those minutes: webhook-failure",
    "DATABASE_URL": "make a second role with the same rights, move everything to it, then drop the first: a role has one "
    "password",
    "PAGERDUTY_ROUTING_KEY": "add a second Events API v2 integration to the service, move to its key, delete the first",
    "POOLER_URL": "as DATABASE_URL",
    "PROD_DATABASE_URL": "as DATABASE_URL",
    "REDIS_URL": "add a second ACL user, move everything to it, then delete the first",
    "REPLICA_URL": "as DATABASE_URL",
    "SMTP_URL": "make a second login at the mail provider, move to it, then delete the first",
    "STRIPE_WEBHOOK_SECRET": "roll it at Stripe, Webhooks, the endpoint, and keep the old one alive for 24 hours; put the "
    "new one into the site's environment: webhook-failure",
    "SUPABASE_ANON_KEY": "it is public by design: every visitor has it. What it may do is row level security's matter",
}


def old_name(name: str) -> str:
    """Under which name the leaked value is kept beside the new one."""
    return f"{name}_OLD"
