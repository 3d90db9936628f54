"""What the vendors know when the world begins: deployments, flags, backups, ids. Deterministic but for the clock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from runbook.sandbox.evaluating import Evaluations

Json = Any
PROJECT_REF = "sandboxsandboxsandbo"
ORGANIZATION = "agency"
REGION = "eu-central-1"
TEAM = "team_sandbox"
VERCEL_PROJECT = "prj_agencysite"
LD_PROJECT = "agency"
LD_ENVIRONMENT = "production"
DOMAINS = ("agency.test", "www.agency.test", "portal.agency.test")


def token(text: str, length: int = 24) -> str:
    """The same id-like text for the same input, in every world."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def millis(moment: datetime) -> int:
    """Epoch milliseconds, as Vercel and LaunchDarkly write times."""
    return int(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Deployment:
    """One Vercel deployment of the company's site."""

    uid: str
    created: datetime
    message: str
    author: str
    target: str | None = "production"  # None: a preview
    state: str = "READY"
    substate: str | None = "PROMOTED"
    branch: str = "main"
    env: Mapping[str, str] = field(default_factory=dict, repr=False)  # what it was built with
    reads: str = "value"  # the column of site_settings that its code needs
    defect: str = ""  # what is wrong with its code: errors (pages answer 500), slow, or one of site_webhooks.py

    @property
    def sha(self) -> str:
        """The commit it was built from."""
        return token(f"commit {self.message}", 40)

    @property
    def url(self) -> str:
        """Its own host name."""
        return f"agency-site-{self.uid.removeprefix('dpl_')[:9].lower()}-agency.vercel.test"


def deployment(created: datetime, message: str, author: str, **rest: Any) -> Deployment:
    """A deployment whose id follows from its commit message."""
    return Deployment("dpl_" + token(f"deployment {message}", 28), created, message, author, **rest)


def deployments(now: datetime) -> list[Deployment]:
    """Newest first: what went out in the last days. The first READY production one is live."""

    def ago(hours: float) -> datetime:
        return now - timedelta(hours=hours)

    return [
        deployment(ago(3.2), "Try a calmer hero image", "mira", target=None, substate=None, branch="calmer-hero"),
        deployment(ago(26), "Portal: remember the last project", "jonas"),
        deployment(ago(50), "Contact form: ask for the budget", "mira"),
        deployment(ago(51), "Contact form: ask for the budget (typo in schema)", "mira", state="ERROR", substate=None),
        deployment(ago(99), "Booking page: show free slots", "jonas"),
        deployment(ago(170), "Upgrade the framework", "jonas"),
        deployment(ago(265), "Prices for the new year", "mira"),
    ]


@dataclass(slots=True)
class Flag:
    """One boolean feature flag, in the one environment the company uses."""

    key: str
    name: str
    on: bool
    created: datetime
    version: int = 1
    modified: datetime | None = None
    variations: tuple[bool, bool] = (True, False)
    off_variation: int | None = 1  # None: applications fall back to the value in their own code
    fallthrough: int = 0
    temporary: bool = False
    needs: tuple[str, ...] = ()
    breaks_pages: bool = False  # the code behind it fails where it is served as true
    evaluations: Evaluations = field(default_factory=Evaluations)

    def evaluate(self, at: float) -> bool:
        """The value that everybody gets now; the vendor counts that somebody asked."""
        served = self.fallthrough if self.on else self.off_variation
        self.evaluations.saw(at, served)
        return False if served is None else self.variations[served]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of LaunchDarkly's audit log."""

    uid: str
    date: datetime
    flag_key: str
    flag_name: str
    verb: str
    member: str
    comment: str = ""
    token: str = ""  # the id of the access token that it was done with; empty: in the dashboard


def flags(now: datetime) -> list[Flag]:
    """The company's flags."""
    old = now - timedelta(days=200)
    return [
        Flag("contact-form", "Contact form", True, old, version=4, modified=now - timedelta(days=30)),
        Flag("booking-calendar", "Booking calendar", True, old, version=9, modified=now - timedelta(hours=5)),
        Flag("portal-search", "Search in the portal", True, old, version=3, modified=now - timedelta(days=4)),
        Flag("search-suggestions", "Suggestions while searching", False, old, version=2, needs=("portal-search",)),
        Flag(
            "new-pricing", "New pricing page", False, old, version=2, modified=now - timedelta(days=12), temporary=True
        ),
    ]


def audit(now: datetime) -> list[AuditEntry]:
    """Newest first."""
    rows = [
        (timedelta(hours=5), "booking-calendar", "Booking calendar", "updated the default rule of", "mira", ""),
        (timedelta(hours=30), "booking-calendar", "Booking calendar", "turned on", "mira", "launch"),
        (timedelta(days=4), "portal-search", "Search in the portal", "turned on", "jonas", ""),
        (timedelta(days=12), "new-pricing", "New pricing page", "created", "mira", ""),
    ]
    return [
        AuditEntry(token(f"audit {key} {verb}"), now - ago, key, name, verb, member, comment)
        for ago, key, name, verb, member, comment in rows
    ]


def backups(now: datetime) -> list[Json]:
    """A week of daily backups, newest first; point-in-time recovery is not bought."""
    night = now.replace(hour=2, minute=14, second=31, microsecond=0)
    night = night if night < now else night - timedelta(days=1)
    return [
        {
            "id": 4711_000 - day,
            "is_physical_backup": False,
            "status": "COMPLETED",
            "inserted_at": (night - timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        for day in range(7)
    ]


@dataclass(slots=True)
class Disk:
    """The figures that Supabase gives for the project's disk."""

    size_bytes: int = 8 * 1024**3
    used_bytes: int = int(2.4 * 1024**3)
    iops: int = 3000
    throughput_mibps: int = 125


@dataclass(slots=True)
class StatusPage:
    """A vendor's public status page: components and incidents as in its summary.json."""

    name: str
    url: str
    components: dict[str, str]  # name -> status
    incidents: list[Json] = field(default_factory=list)


def status_pages() -> dict[str, StatusPage]:
    """All operational. Supabase lists regions beside its services, as its page does."""
    regions = ("eu-central-1", "us-east-1", "ap-southeast-1")

    def page(name: str, url: str, *components: str) -> StatusPage:
        return StatusPage(name, url, dict.fromkeys(components, "operational"))

    return {
        "clerk": page(
            "Clerk", "https://status.clerk.com", "Dashboard", "Machine authentication", "Session management",
            "User and authentication", "Webhooks",
        ),
        "stripe": page(
            "Stripe", "https://www.stripestatus.com", "API", "Checkout", "Dashboard", "Payment methods", "Webhooks",
        ),
        "supabase": page(
            "Supabase", "https://status.supabase.com", "API Gateway", "Analytics", "Auth", "Connection Pooler",
            "Dashboard", "Database", "Edge Functions", "Management API", "Realtime", "Storage", *regions,
        ),
        "vercel": page(
            "Vercel", "https://www.vercel-status.com", "API", "Build & Deploy", "Dashboard", "DNS", "Edge Network",
            "Functions", "Logs",
        ),
        "launchdarkly": page(
            "LaunchDarkly", "https://status.launchdarkly.com", "Account management", "Audit log", "Authentication",
            "Flag targeting", "SDK delivery", "Segment management",
        ),
        "calcom": page("Cal.com", "https://status.cal.com", "API", "Booker", "Webhooks"),
        "slack": page("Slack", "https://slack-status.com", "Apps/Integrations/APIs", "Messaging", "Notifications"),
    }  # fmt: skip
