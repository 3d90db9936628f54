"""What a profile is: the hosts and ids of one environment, typed. No secrets, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class CalcomTarget:
    """One user of Cal.com, whose bookings and webhooks the company lives on."""

    url: str
    user_id: str
    status_url: str = "https://status.cal.com"
    # that the site acts on, and the event types with hooks of their own
    triggers: tuple[str, ...] = ("BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_CANCELLED")
    event_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClerkTarget:
    """One Clerk instance: its backend API, and the frontend API at the company's own domain."""

    url: str
    frontend_url: str
    instance_id: str
    status_url: str
    # the variables by which the site signs people in (Clerk docs, environment variables): the pinned public key, the secret key
    # and the publishable key; an empty name: the site does without
    key_variable: str = "CLERK_JWT_KEY"
    secret_variable: str = "CLERK_SECRET_KEY"
    publishable_variable: str = "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"


@dataclass(frozen=True, slots=True)
class SupabaseTarget:
    """One Supabase project and the part of the vendor's status page that matters to it."""

    url: str
    project_ref: str
    region: str
    status_url: str
    status_components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SupabaseAuthTarget:
    """The Supabase project's own address, where its Auth answers customers."""

    url: str


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """The names of the variables that hold the DSNs, and what the database must say it is."""

    project_ref: str
    system_identifier: str
    direct_variable: str = "DATABASE_URL"
    pooler_variable: str = "POOLER_URL"
    replica_variable: str = "REPLICA_URL"
    migrations_variable: str = "PROD_DATABASE_URL"
    protected_roles: tuple[str, ...] = ()
    sessions_table: str = ""  # of the application's own, with user_id and expires_at; empty: it has none
    events_table: str = ""  # of the application's own: event_id of each webhook that it has handled; empty: none
    given_table: str = ""  # of the application's own: payment_id, a row each time one was provisioned; empty: none
    bookings_table: str = ""  # of the application's own: uid of each of Cal.com's bookings, and updated_at; empty: none


@dataclass(frozen=True, slots=True)
class VercelTarget:
    """One Vercel project of one team, and the domains that must point at it."""

    url: str
    team_id: str
    project_id: str
    domains: tuple[str, ...]
    status_url: str


@dataclass(frozen=True, slots=True)
class LaunchDarklyTarget:
    """One LaunchDarkly project and environment."""

    url: str
    project_key: str
    environment_key: str
    status_url: str


@dataclass(frozen=True, slots=True)
class SentryTarget:
    """One Sentry project at its organization's region, and the environment that counts."""

    url: str
    organization: str
    project: str
    environment: str


@dataclass(frozen=True, slots=True)
class SiteTarget:
    """The company's own site."""

    url: str
    portal_url: str
    health_path: str = "/api/health"
    auth_test_path: str = "/api/auth/test"
    stripe_path: str = "/api/webhooks/stripe"
    cal_path: str = "/api/webhooks/cal"
    programs: tuple[str, ...] = ()  # how the site's own requests to vendors call themselves (User-Agent)
    needs: Mapping[str, str] = field(default_factory=dict)  # a secret, and a page that answers 200 only while it works


@dataclass(frozen=True, slots=True)
class PagerDutyTarget:
    """PagerDuty's two hosts, and the policy that says who is on call."""

    url: str
    events_url: str
    escalation_policy_id: str


@dataclass(frozen=True, slots=True)
class SlackTarget:
    """One Slack workspace, and the channel of incidents: its id, since a name may be given to another channel."""

    url: str
    team_id: str
    channel_id: str
    status_url: str = "https://slack-status.com"


@dataclass(frozen=True, slots=True)
class StatuspageTarget:
    """Our own status page."""

    url: str
    page_id: str


@dataclass(frozen=True, slots=True)
class StripeTarget:
    """One Stripe account, in live or in test mode: both have the same id, and nothing else in common."""

    url: str
    account_id: str
    status_url: str
    mode: str = "live"
    types: tuple[str, ...] = ("payment_intent.succeeded",)  # that the site acts on


@dataclass(frozen=True, slots=True)
class TinybirdTarget:
    """A Tinybird workspace at its region, and its table of the site's requests."""

    url: str
    table: str = "web_requests"
    time_column: str = "timestamp"
    error_column: str = "error"
    milliseconds_column: str = "response_time"
    path_column: str = "path"


@dataclass(frozen=True, slots=True)
class QueueTarget:
    """The variable that holds the queue's URL, the queue's name, and the host where it is: ``host:port`` of the URL.

    Redis has no name of its own that outlives a restart, so its address is who it is. Without it nothing is changed there.
    """

    variable: str = "REDIS_URL"
    queue_name: str = "webhooks"
    host: str = ""


@dataclass(frozen=True, slots=True)
class MailTarget:
    """The variable that holds the mail server's URL, and the sender."""

    variable: str = "SMTP_URL"
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A named environment. A system that the customer does not use is None, and its checks say so."""

    name: str
    sandbox: bool = False
    calcom: CalcomTarget | None = None
    clerk: ClerkTarget | None = None
    supabase: SupabaseTarget | None = None
    supabase_auth: SupabaseAuthTarget | None = None
    database: DatabaseTarget | None = None
    vercel: VercelTarget | None = None
    launchdarkly: LaunchDarklyTarget | None = None
    sentry: SentryTarget | None = None
    site: SiteTarget | None = None
    slack: SlackTarget | None = None
    statuspage: StatuspageTarget | None = None
    stripe: StripeTarget | None = None
    tinybird: TinybirdTarget | None = None
    queue: QueueTarget | None = None
    mail: MailTarget | None = None
    pagerduty: PagerDutyTarget | None = None


TARGETS: Mapping[str, type[Any]] = {
    "calcom": CalcomTarget,
    "clerk": ClerkTarget,
    "database": DatabaseTarget,
    "launchdarkly": LaunchDarklyTarget,
    "mail": MailTarget,
    "pagerduty": PagerDutyTarget,
    "queue": QueueTarget,
    "sentry": SentryTarget,
    "site": SiteTarget,
    "slack": SlackTarget,
    "statuspage": StatuspageTarget,
    "stripe": StripeTarget,
    "supabase": SupabaseTarget,
    "supabase_auth": SupabaseAuthTarget,
    "tinybird": TinybirdTarget,
    "vercel": VercelTarget,
}
