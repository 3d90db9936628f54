"""Composition root: opens the clients of one environment, each when first asked. The only place that picks real things."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from runbook.clients.calcom import Calcom
from runbook.clients.clerk import Clerk, ClerkFrontend
from runbook.clients.http import HttpDoor
from runbook.clients.launchdarkly import LaunchDarkly
from runbook.clients.other_status import OpenStatusPage, SlackStatusPage
from runbook.clients.pagerduty import PagerDuty, PagerDutyEvents
from runbook.clients.sentry import Sentry
from runbook.clients.site import Site
from runbook.clients.slack import Slack
from runbook.clients.status_page import StatusPage, StatusSummary
from runbook.clients.statuspage import Statuspage
from runbook.clients.stripe import Stripe
from runbook.clients.supabase import Supabase
from runbook.clients.supabase_auth import SupabaseAuth
from runbook.clients.tinybird import RequestsTable, Tinybird
from runbook.clients.vercel import Vercel
from runbook.db import Database, Migrator
from runbook.errors import Fault, SystemFault
from runbook.identities import Identities, Question
from runbook.mail import Mail
from runbook.model import Identity, Json
from runbook.openers import Make, Vendor
from runbook.policy import Policy
from runbook.profile import Profile
from runbook.queue import Queue
from runbook.settings import Secrets
from runbook.times import Times

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Page(Protocol):
    """A vendor's public status page, of whichever make."""

    def summary(self) -> StatusSummary:
        """What it says now."""
        ...


STATUS_PAGES: Mapping[str, Callable[..., Page]] = {
    "calcom": OpenStatusPage, "clerk": StatusPage, "launchdarkly": StatusPage, "slack": SlackStatusPage,
    "stripe": StatusPage, "supabase": StatusPage, "vercel": StatusPage,
}  # fmt: skip


class Systems:
    """The systems of one environment.

    Tests hand in ``transports``, by system, to answer HTTP, and ``clients``, by system, that stand for the real ones.
    """

    def __init__(
        self,
        profile: Profile,
        secrets: Secrets,
        policy: Policy,
        times: Times,
        *,
        transports: Mapping[str, httpx.BaseTransport] | None = None,
        clients: Mapping[str, Any] | None = None,
    ) -> None:
        self.profile = profile
        self.policy = policy
        self.times = times
        self._secrets = secrets
        self._transports = transports or {}
        self._opened: dict[str, Any] = dict(clients or {})
        self._is_closed = False
        self._opening = threading.RLock()
        self._identities = Identities(self._questions(), times)

    # -- clients ---------------------------------------------------------------------------------------------------

    calcom = Vendor("CALCOM_API_KEY", lambda to, token, more: Calcom(to.url, token, **more))
    clerk = Vendor("CLERK_API_KEY", lambda to, token, more: Clerk(to.url, token, **more))
    clerk_frontend = Vendor("", lambda to, _, more: ClerkFrontend(to.frontend_url, **more), part="clerk")
    launchdarkly = Vendor("LD_API_KEY", lambda to, token, more: LaunchDarkly(
        to.url, token, to.project_key, to.environment_key, **more))  # fmt: skip
    pagerduty = Vendor("PAGERDUTY_API_KEY", lambda to, token, more: PagerDuty(to.url, token, **more))
    pagerduty_events = Vendor("PAGERDUTY_ROUTING_KEY", lambda to, key, more: PagerDutyEvents(
        to.events_url, key, **more), part="pagerduty")  # fmt: skip
    sentry = Vendor("SENTRY_AUTH_TOKEN", lambda to, token, more: Sentry(
        to.url, token, to.organization, to.project, to.environment, **more))  # fmt: skip
    slack = Vendor("SLACK_BOT_TOKEN", lambda to, token, more: Slack(to.url, token, **more))
    statuspage = Vendor("STATUSPAGE_API_KEY", lambda to, token, more: Statuspage(to.url, token, to.page_id, **more))
    stripe = Vendor("STRIPE_SECRET_KEY", lambda to, key, more: Stripe(to.url, key, to.mode, **more))
    supabase = Vendor("SUPABASE_API_KEY", lambda to, token, more: Supabase(to.url, token, to.project_ref, **more))
    tinybird = Vendor("TINYBIRD_TOKEN", lambda to, token, more: Tinybird(to.url, token, RequestsTable(
        to.table, to.time_column, to.error_column, to.milliseconds_column, to.path_column), **more))  # fmt: skip
    vercel = Vendor("VERCEL_TOKEN", lambda to, token, more: Vercel(
        to.url, token, to.team_id, to.project_id, **more))  # fmt: skip

    @property
    def supabase_auth(self) -> SupabaseAuth:
        """Supabase Auth, as the site's customers meet it."""
        return self.open_vendor("supabase_auth", "SUPABASE_ANON_KEY", "supabase_auth", lambda to, key, more: SupabaseAuth(
            to.url, key, self._test_user(), **more))  # fmt: skip

    @property
    def status_pages(self) -> dict[str, Page]:
        """The vendors' public status pages, by vendor."""
        targets = {name: getattr(self.profile, name) for name in STATUS_PAGES}
        return {
            name: self._open(f"{name}_status", lambda name=name, target=target: STATUS_PAGES[name](  # type: ignore[misc]
                name, target.status_url, times=self.times, transport=self._transports.get(f"{name}_status")))
            for name, target in targets.items() if target is not None
        }  # fmt: skip

    @property
    def site(self) -> Site:
        """The company's own site."""
        target = _used(self.profile.site, "site")
        return self._open("site", lambda: Site(
            target.url, self._test_user(), times=self.times, transport=self._transports.get("site")))  # fmt: skip

    @property
    def database(self) -> Database:
        """The database; statements go through the management API when it refuses us."""
        target = _used(self.profile.database, "database")
        return self._open("database", lambda: Database(
            self._secrets.get(target.direct_variable), self._secrets.get(target.pooler_variable), times=self.times,
            fallback=self._through_api if self.profile.supabase is not None else None,
            variables=(target.direct_variable, target.pooler_variable),
        ))  # fmt: skip

    @property
    def migrator(self) -> Migrator:
        """What changes the schema: by an address of its own, that of the role which owns the tables."""
        target = _used(self.profile.database, "database")
        return self._open("migrator", lambda: Migrator(
            self._secrets.get(target.migrations_variable), target.migrations_variable,
            system_identifier=target.system_identifier, times=self.times,
        ))  # fmt: skip

    @property
    def queue(self) -> Queue:
        """The job queue."""
        target = _used(self.profile.queue, "queue")
        return self._open("queue", lambda: Queue(
            self._secrets.need(target.variable), target.queue_name, times=self.times,
        ))  # fmt: skip

    @property
    def mail(self) -> Mail:
        """The mail server."""
        target = _used(self.profile.mail, "mail")
        return self._open("mail", lambda: Mail(self._secrets.need(target.variable), target.sender))

    # -- who is it -------------------------------------------------------------------------------------------------

    def identify_all(self) -> dict[str, Identity]:
        """Ask every system of the profile who it is, at once; remembered for ``identity``."""
        return self._identities.ask_all(lambda name: getattr(self.profile, name) is not None)

    def identity(self, system: str) -> Identity | None:
        """Who the system said it is when the run opened; None when it was not asked."""
        return self._identities.known(system)

    def identify(self, system: str) -> Identity:
        """Ask a system now. A database that is down is identified through its own management API, by nobody else."""
        return self._identities.ask(system)

    def must_identify(self, system: str) -> Identity:
        """The same; a SystemFault where the system does not answer."""
        return self._identities.must_ask(system)

    def clock_offset_seconds(self) -> float | None:
        """How far this machine's clock is ahead of the vendors' Date headers; None when none has answered yet."""
        doors = [door for one in self._opened.values() if isinstance(door := getattr(one, "door", None), HttpDoor)]
        offsets = [door.clock_offset_seconds for door in doors if door.clock_offset_seconds is not None]
        return round(median(offsets), 3) if offsets else None

    def database_host(self) -> str:
        """The host of the direct database connection; empty when it is not set."""
        return self.database.host if self.profile.database is not None else ""

    def has_secret(self, name: str) -> bool:
        """Whether a secret is set."""
        return self._secrets.get(name) is not None

    def are_the_same(self, name: str, other: str) -> bool:
        """Whether two secrets hold one value."""
        return self._secrets.get(name) == self._secrets.get(other)

    def begins_with(self, name: str, beginning: str) -> bool:
        """Whether a secret begins so: vendors name a key by its first letters."""
        return bool(beginning) and (self._secrets.get(name) or "").startswith(beginning)

    def secret_for_a_vendor(self, name: str) -> str:
        """A secret's value, for a call that puts it where it belongs; never for anything that is shown or kept."""
        return self._secrets.need(name)

    def opened_by(self, name: str, other: str) -> Systems:
        """The same systems, opened with another secret's value in the place of one: the leaked in that of the new."""
        secrets = Secrets({**self._secrets.values, name: self._secrets.need(other)})
        return Systems(self.profile, secrets, self.policy, self.times, transports=self._transports)

    def close(self) -> None:
        """Close what was opened; nothing is opened after that."""
        with self._opening, contextlib.ExitStack() as closing:  # all of them, also after one that fails
            self._is_closed = True
            for one in self._opened.values():
                closing.callback(getattr(one, "door", one).close)
            self._opened.clear()

    # -- inside ----------------------------------------------------------------------------------------------------

    def open_vendor(self, system: str, secret: str, part: str, make: Make[T]) -> T:
        """A vendor's client from its part of the profile, its secret, and what all of them get; once."""
        target = _used(getattr(self.profile, part), system)
        more = {"times": self.times, "transport": self._transports.get(system, self._transports.get(part))}
        return self._open(system, lambda: make(target, self._secrets.need(secret) if secret else "", more))

    def _test_user(self) -> tuple[str, str]:
        return self._secrets.get("AUTH_TEST_USER") or "", self._secrets.get("AUTH_TEST_PASSWORD") or ""

    def _open(self, name: str, make: Callable[[], T]) -> T:
        with self._opening:
            if self._is_closed:
                raise SystemFault("the run is closed, nothing is asked any more", system=name, fault=Fault.NOT_SET)
            if name not in self._opened:
                self._opened[name] = make()
            opened: T = self._opened[name]
            return opened

    def _questions(self) -> dict[str, Question]:
        """How each system is asked who it is."""
        asked = self._question
        return {
            "database": Question(self._expects("database", "system_identifier"), self._database_identity),
            "supabase": asked("supabase", "project_ref", lambda: self.supabase.project().ref, "GET /v1/projects"),
            "vercel": asked("vercel", "project_id", lambda: self.vercel.project().project_id, "GET /v9/projects"),
            "launchdarkly": asked("launchdarkly", "environment_key", lambda: self.launchdarkly.environment(),
                                  "GET /api/v2/projects/…/environments"),
            "clerk": asked("clerk", "instance_id", lambda: self.clerk.instance().instance_id, "GET /v1/instance"),
            "sentry": asked("sentry", "project", lambda: self.sentry.project().slug, "GET /api/0/projects"),
            "calcom": asked("calcom", "user_id", lambda: self.calcom.me().user_id, "GET /v2/me"),
            "stripe": asked("stripe", "account_id", lambda: self.stripe.account().account_id, "GET /v1/account"),
            "queue": asked("queue", "host", self._queue_host, "PING at the address", at_open=False),
            "slack": asked("slack", "team_id", lambda: self.slack.workspace().team_id, "GET /auth.test", at_open=False),
            "statuspage": asked("statuspage", "page_id", lambda: self.statuspage.page(), "GET /pages", at_open=False),
        }  # fmt: skip

    def _question(
        self, system: str, field: str, seen: Callable[[], str], how: str, *, at_open: bool = True
    ) -> Question:
        """A vendor that is asked by one call; ``field`` of its part of the profile says who it must be."""
        return Question(self._expects(system, field), lambda: (seen(), how), at_open)

    def _expects(self, system: str, field: str) -> Callable[[], str]:
        return lambda: str(getattr(_used(getattr(self.profile, system), system), field))

    def _database_identity(self) -> tuple[str, str]:
        """The cluster's system identifier; by the project's ref when only the management API can still tell.

        An address that names another project is another target, whoever answers there or does not.
        """
        target = _used(self.profile.database, "database")
        if others := sorted(self.database.project_refs - {target.project_ref}):
            return f"project {others[0]}", "the address of the database"
        try:
            return self.database.system_identifier(), f"pg_control_system() ({self.database.way})"
        except SystemFault as fault:
            if self.profile.supabase is None or fault.fault in (Fault.AUTH, Fault.PERMISSION):
                raise
            ref = self.supabase.project().ref
            if ref != target.project_ref:
                return f"project {ref}", "GET /v1/projects; the database itself does not answer"
            return target.system_identifier, f"project {ref} by the management API; the database does not answer"

    def _queue_host(self) -> str:
        """Where the queue that answers is. SystemFault where the profile does not say where it must be."""
        if not self._expects("queue", "host")():
            raise SystemFault("the profile does not name queue.host", system="queue", fault=Fault.NOT_SET)
        self.queue.ping()
        return self.queue.host

    def _through_api(self, statement: str, values: Sequence[Json], change: bool) -> list[dict[str, Json]]:
        """A statement by the project's management API: what is left when every connection is taken."""
        ask = self.supabase.query if change else self.supabase.query_read_only
        return ask(statement, values)


def _used(target: T | None, system: str) -> T:
    if target is None:
        raise SystemFault(f"{system} is not in this profile", system=system, fault=Fault.NOT_SET)
    return target
