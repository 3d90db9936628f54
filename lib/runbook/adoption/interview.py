"""One system after the other: its token first, and from then on the vendor answers more than the person does."""

from __future__ import annotations

from collections.abc import Callable

from runbook.adoption import telling, watching
from runbook.adoption.desk import Desk
from runbook.clients import choices
from runbook.clients.calcom import Calcom
from runbook.clients.clerk import Clerk
from runbook.clients.launchdarkly import LaunchDarkly
from runbook.clients.stripe import Stripe
from runbook.clients.supabase import Supabase
from runbook.clients.vercel import Vercel
from runbook.db import Database
from runbook.errors import SystemFault

# Supabase's documents, Database roles: sessions of these are never ended by a runbook.
PROTECTED = [
    "supabase_admin", "authenticator", "supabase_auth_admin", "supabase_storage_admin", "supabase_replication_admin",
    "supabase_realtime_admin", "supabase_etl_admin", "supabase_read_only_user", "pgbouncer", "postgres",
]  # fmt: skip
COMPONENTS = ["Database", "Connection Pooler", "API Gateway", "Management API", "Auth", "Storage", "Realtime"]


def interview(desk: Desk) -> None:
    """Every system, in the order in which they build on one another; each can be left out."""
    steps: dict[str, Callable[[Desk], None]] = {
        "Supabase": supabase, "Vercel": vercel, "The site": site, "LaunchDarkly": launchdarkly, "Stripe": stripe,
        "Cal.com": calcom, "Clerk": clerk, "Sentry": watching.sentry, "Tinybird": watching.tinybird, "Queue": watching.queue,
        "Slack": telling.slack, "PagerDuty": telling.pagerduty, "Statuspage": telling.statuspage, "Mail": telling.mail,
    }  # fmt: skip
    for title, step in steps.items():
        desk.say(f"\n{title}")
        try:
            step(desk)
        except SystemFault as fault:  # its token works, a list does not: the systems before and after it are not lost
            desk.say(f"  {fault}\n  {title} is left out; init can be run again.")


def supabase(desk: Desk) -> None:
    """The project, its Auth, and the database behind it."""
    url = desk.address("supabase", "url", "https://api.supabase.com")
    found = desk.secret_that("SUPABASE_API_KEY", "Supabase is left out", lambda token: choices.supabase_projects(
        desk.opened(Supabase(url, token, "", times=desk.times)).door))  # fmt: skip
    if found is None:
        return
    ref = desk.choose("project", found)
    region = next((one.more for one in found if one.key == ref), "") or desk.line("region")
    desk.profile["supabase"] = {
        "url": url, "project_ref": ref, "region": region, "status_components": COMPONENTS,
        "status_url": desk.address("supabase", "status_url", "https://status.supabase.com"),
    }  # fmt: skip
    if desk.secret("SUPABASE_ANON_KEY", "Supabase Auth is left out"):
        desk.profile["supabase_auth"] = {"url": desk.address("supabase_auth", "url", f"https://{ref}.supabase.co")}
        desk.say("  A user who exists for nothing but this test:")
        desk.secret("AUTH_TEST_USER", "no login is tried")
        desk.secret("AUTH_TEST_PASSWORD", "no login is tried")
    identifier = desk.secret_that("DATABASE_URL", "the database is left out", lambda direct: _identifier(desk, direct))
    if identifier is not None:
        desk.profile["database"] = {"project_ref": ref, "system_identifier": identifier, "protected_roles": PROTECTED}


def _identifier(desk: Desk, direct: str) -> str:
    """Which cluster it is, by whichever way answers: the direct address has IPv6 only."""
    database = Database(direct, desk.secret("POOLER_URL", "no pooler is used") or None, times=desk.times)
    try:
        return database.system_identifier()
    finally:
        database.close()


def vercel(desk: Desk) -> None:
    """Team, project, and every domain that serves it."""
    url = desk.address("vercel", "url", "https://api.vercel.com")

    def reached(token: str) -> tuple[Vercel, list[choices.Choice]]:
        client = desk.opened(Vercel(url, token, "", "", times=desk.times))
        return client, choices.vercel_teams(client.door)

    found = desk.secret_that("VERCEL_TOKEN", "Vercel is left out", reached)
    if found is None:
        return
    client, teams = found
    team = desk.choose("team", teams)
    project = desk.choose("project", choices.vercel_projects(client.door, team))
    domains = [one.key for one in choices.vercel_domains(client.door, team, project)]
    kept = desk.line("production's domains, by commas", ", ".join(domains))
    desk.profile["vercel"] = {
        "url": url, "team_id": team, "project_id": project, "domains": [name.strip() for name in kept.split(",") if name.strip()],
        "status_url": desk.address("vercel", "status_url", "https://www.vercel-status.com"),
    }  # fmt: skip


def site(desk: Desk) -> None:
    """Our own site, where Vercel's domains say it is."""
    domains = desk.profile.get("vercel", {}).get("domains") or [""]
    url = desk.address("site", "url", f"https://{domains[0]}" if domains[0] else "", asks=True)
    if not url:
        desk.say("  The site is left out.")
        return
    portal = next((name for name in domains if name.startswith("portal.")), "")
    desk.profile["site"] = {
        "url": url, "portal_url": desk.address("site", "portal_url", f"https://{portal}" if portal else url, asks=True),
    }  # fmt: skip


def launchdarkly(desk: Desk) -> None:
    """Project and environment."""
    url = desk.address("launchdarkly", "url", "https://app.launchdarkly.com")

    def reached(token: str) -> tuple[LaunchDarkly, list[choices.Choice]]:
        client = desk.opened(LaunchDarkly(url, token, "", "", times=desk.times))
        return client, choices.launchdarkly_projects(client.door)

    found = desk.secret_that("LD_API_KEY", "LaunchDarkly is left out", reached)
    if found is None:
        return
    client, projects = found
    project = desk.choose("project", projects)
    environments = choices.launchdarkly_environments(client.door, project)
    environment = desk.choose("environment", environments)
    status = desk.address("launchdarkly", "status_url", "https://status.launchdarkly.com")
    desk.profile["launchdarkly"] = {
        "url": url,
        "project_key": project,
        "environment_key": environment,
        "status_url": status,
    }


def stripe(desk: Desk) -> None:
    """The account; the mode is the key's own."""
    url = desk.address("stripe", "url", "https://api.stripe.com")

    def reached(key: str) -> tuple[str, str, list[str]]:
        mode = "test" if "_test_" in key[:9] else "live"
        client = desk.opened(Stripe(url, key, mode, times=desk.times))
        return (
            client.account().account_id,
            mode,
            [f"{one.url}{'' if one.is_enabled else ' (disabled)'}" for one in client.endpoints()],
        )

    found = desk.secret_that("STRIPE_SECRET_KEY", "Stripe is left out", reached)
    if found is None:
        return
    account, mode, endpoints = found
    desk.say(f"  {account}, {mode} mode; webhooks go to {', '.join(endpoints) or 'nowhere'}")
    desk.secret("STRIPE_WEBHOOK_SECRET", "signatures are not checked")
    status = desk.address("stripe", "status_url", "https://www.stripestatus.com")
    desk.profile["stripe"] = {"url": url, "account_id": account, "mode": mode, "status_url": status}


def calcom(desk: Desk) -> None:
    """The user whose bookings and hooks they are."""
    url = desk.address("calcom", "url", "https://api.cal.com", asks=True)

    def reached(key: str) -> tuple[str, list[str]]:
        client = desk.opened(Calcom(url, key, times=desk.times))
        return client.me().user_id, [one.url for one in client.webhooks()]

    found = desk.secret_that("CALCOM_API_KEY", "Cal.com is left out", reached)
    if found is None:
        return
    user, hooks = found
    desk.say(f"  user {user}; hooks go to {', '.join(hooks) or 'nowhere'}")
    desk.secret("CALCOM_WEBHOOK_SECRET", "signatures are not checked")
    status = desk.address("calcom", "status_url", "https://status.cal.com")
    desk.profile["calcom"] = {"url": url, "user_id": user, "status_url": status}


def clerk(desk: Desk) -> None:
    """The instance, and where browsers meet it."""
    url = desk.address("clerk", "url", "https://api.clerk.com")

    def reached(key: str) -> tuple[str, str, str]:
        client = desk.opened(Clerk(url, key, times=desk.times))
        instance, domains = client.instance(), client.domains()
        return (
            instance.instance_id,
            instance.environment_type,
            next((one.frontend_url for one in domains if not one.is_satellite), ""),
        )

    found = desk.secret_that("CLERK_API_KEY", "Clerk is left out", reached)
    if found is None:
        return
    instance, kind, frontend = found
    desk.say(f"  {instance}, a {kind} instance")
    desk.profile["clerk"] = {
        "url": url, "instance_id": instance, "frontend_url": desk.address("clerk", "frontend_url", frontend, asks=True),
        "status_url": desk.address("clerk", "status_url", "https://status.clerk.com"),
    }  # fmt: skip
