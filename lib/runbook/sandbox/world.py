"""The embedded world: what the vendors and the site know and do, around real parts. One per sandbox.

State changes only under ``lock``. Twins, site and control read and change it; faults break it and say how to undo that.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runbook.sandbox import paying, scheduling, seeds, signing_in, telling, watching
from runbook.sandbox.deliveries import Deliveries, Sending
from runbook.sandbox.hosting import Hosting
from runbook.sandbox.keys import Keys
from runbook.sandbox.platform import Platform, Transport
from runbook.sandbox.queue_watch import QueueWatch
from runbook.sandbox.requests import RequestLog
from runbook.sandbox.sessions import Admin, Connection, Sessions, connect
from runbook.sandbox.tokens import TokenState
from runbook.sandbox.traffic import Traffic
from runbook.sandbox.visits import Visits, ask_page
from runbook.sandbox.watch import Watch
from runbook.sandbox.working import Worker
from runbook.times import Times

if TYPE_CHECKING:
    from runbook.sandbox.archive import Archive, Damage
    from runbook.sandbox.parts import Parts
    from runbook.sandbox.postgres import Postgres
    from runbook.sandbox.replica import Replica

OVERRIDE_SECONDS = 900  # Supabase's temporary end of read-only mode: 15 minutes
RELOAD_SECONDS = 5.0  # PostgreSQL takes a changed setting over in milliseconds
SITE_HAS = (  # in its environment, beside Clerk's
    "STRIPE_SECRET_KEY", "SUPABASE_SERVICE_KEY", "LD_API_KEY", "STRIPE_WEBHOOK_SECRET", "CALCOM_WEBHOOK_SECRET",
)  # fmt: skip
RESERVED = 2  # superuser sessions for the management API's queries; Postgres keeps three slots back


class World:
    """Vendors and site around real parts. ``start`` before serving, ``close`` after."""

    def __init__(self, parts: Parts, times: Times, log: RequestLog, root: Path | None = None) -> None:
        self.parts, self.times, self.log, self.root = parts, times, log, root
        self.lock = threading.RLock()
        self.threads = ThreadPoolExecutor(24, thread_name_prefix="world")
        self.urls: dict[str, str] = {}
        self.publish: Callable[[Mapping[str, str]], None] = lambda secrets: None  # changed secrets, for the state file
        self.admin = Admin(parts.postgres.admin_dsn)
        self.sessions = Sessions(parts, self.admin)
        self.traffic = Traffic(times)
        self.watch = Watch(parts.postgres.log_path, log)
        self.queue_watch = QueueWatch(parts.valkey.url, log)
        self.worker = Worker(parts.valkey.url, parts.postgres.dsn("app"))
        self.deliveries = Deliveries(times, self.lock, self._owed, self._address)
        self.scenario = "healthy"
        self.faults: list[str] = []
        self.closed = False
        self.other_database: Postgres | None = None  # the wrong one, while a fault points DATABASE_URL at it
        self.replica: Replica | None = None  # a read replica, while a fault has one
        self.archive: Archive | None = None  # base backup and log, while a fault has point-in-time recovery
        self.damage: Damage | None = None  # what a fault did to the data
        self._undo: list[Callable[[], object]] = []
        self._reserved = threading.BoundedSemaphore(RESERVED)
        self._pool = (parts.pooler.default_pool_size, parts.pooler.pool_mode)
        self.changing = threading.Lock()  # one restart, restore or repair at a time
        self.began = times.now()
        self.seed()

    def seed(self) -> None:
        """Put the vendors' own state back to the beginning."""
        now = self.times.now()
        deployments = seeds.deployments(now)
        live = next(d for d in deployments if d.target == "production" and d.state == "READY")
        with self.lock:
            self.hosting = Hosting(deployments, live.uid)
            both = ("production", "preview")
            ours = {name: (str(self.parts.secrets[name]), both) for name in SITE_HAS}
            theirs = signing_in.variables(str(self.parts.secrets["CLERK_API_KEY"]))
            values = ours | {name: (value, ("production",)) for name, value in theirs.items()}
            self.hosting.begin(values, now - timedelta(days=40))
            self.platform = Platform(created=now - timedelta(days=420))
            self.flags = {flag.key: flag for flag in seeds.flags(now)}
            self.audit = seeds.audit(now)
            self.flag_approvals = False  # whether a change of a flag wants an approval at the vendor first
            self.flag_environment_gone = False
            self.flag_requests: list[tuple[str, dict[str, Any]]] = []  # for an approval: the flag, the request
            self.backups = seeds.backups(now)
            self.calcom = scheduling.CalcomState(now, str(self.parts.secrets["CALCOM_WEBHOOK_SECRET"]), self.began)
            self.clerk = signing_in.ClerkState(now)
            self.pagerduty = telling.PagerDutyState()
            self.slack = telling.SlackState()
            self.statuspage = telling.StatuspageState()
            self.stripe = paying.StripeState(now, str(self.parts.secrets["STRIPE_WEBHOOK_SECRET"]))
            self.pages = seeds.status_pages()
            self.transports: dict[str, Transport] = {}
            self.revoked: set[str] = set()
            self.sentry = watching.SentryState()
            self.tinybird = watching.TinybirdState()
            self.tokens = TokenState()
            self.leaked = ""  # the name of the secret that a fault made public
            self.keys = Keys(self.parts.secrets, now)
            self.visits = Visits(now.timestamp(), lambda: ask_page(self.urls["site"], "/", "ordinary visitor"))

    def start(self, urls: Mapping[str, str]) -> None:
        """Prepare the database, let the neighbours move in, and begin to watch. ``urls``: where the apps are served."""
        self.urls = dict(urls)
        self.admin.patient((resources.files("runbook.sandbox") / "sql" / "world.sql").read_text("utf-8"))
        self.sessions.start()
        self.watch.start()
        self.queue_watch.start()
        self.worker.start()
        self.deliveries.start()

    def close(self) -> None:
        """End everything that was started here; the parts are somebody else's."""
        self.closed = True
        errors = self._take_back()
        for end in (
            self.deliveries.close, self.worker.close, self.queue_watch.close, self.watch.close, self.sessions.close,
            self.admin.close, self.log.close,
        ):  # fmt: skip
            _attempt(end, errors)
        self.threads.shutdown(wait=False, cancel_futures=True)
        if errors:
            raise errors[0]

    def transport(self, system: str) -> Transport:
        """How answers of a system arrive now."""
        return self.transports.get(system, Transport())

    def secret(self, name: str) -> str:
        """A secret of the sandbox; empty when the sandbox has none of that name or a fault revoked it."""
        return "" if name in self.revoked else str(self.parts.secrets.get(name, ""))

    def opens(self, name: str, given: str) -> bool:
        """Whether what was given is a living key of that name, and no fault revoked them all."""
        with self.lock:
            return name not in self.revoked and self.keys.find(name, given) is not None

    def production(self, domain: str = seeds.DOMAINS[0]) -> seeds.Deployment:
        """The deployment that Vercel serves on one of the company's domains."""
        with self.lock:
            return self.hosting.serves(domain, self.times.now())

    def rebuild_with(self, values: Mapping[str, str]) -> None:
        """The site's environment gets other values, and production is built again with them; a moment ago."""
        at = self.times.now() - timedelta(seconds=90)
        with self.lock:
            self.hosting.change(values, at)
        live = self.production()
        self.deploy(f"{live.message} (again)", live.author, minutes_ago=1)

    def deploy(self, message: str, author: str, *, minutes_ago: float, **rest: Any) -> seeds.Deployment:
        """A deployment that went live a while ago."""
        rest.setdefault("env", self.hosting.env())
        new = seeds.deployment(self.times.now() - timedelta(minutes=minutes_ago), message, author, **rest)
        with self.lock:
            self.hosting.add(new, live=True)
        return new

    @contextlib.contextmanager
    def reserved_connection(self) -> Iterator[Connection]:
        """A superuser session on one of the slots that Postgres keeps back: it works when the pool is full."""
        with self._reserved, contextlib.closing(connect(self.parts.postgres.admin_dsn, "supabase_api")) as connection:
            yield connection

    def read_only(self) -> bool:
        """Whether Postgres starts transactions read-only; the vendor's override ends by itself."""
        with self.lock:
            until = self.platform.override_until
            if until is not None and self.times.now() >= until:
                self.platform.override_until = None
                self.set_read_only(True)
        return self._starts_read_only()

    def _starts_read_only(self) -> bool:
        rows = self.admin.patient("select setting from pg_settings where name = 'default_transaction_read_only'")
        return bool(rows[0]["setting"] == "on")

    def set_read_only(self, on: bool) -> None:
        """Make every new transaction read-only, or not, as Supabase does when the disk fills; returns when it is so."""
        if on:
            self.admin.patient("alter system set default_transaction_read_only = on")
        else:
            self.admin.patient("alter system reset default_transaction_read_only")
        self.admin.patient("select pg_reload_conf()")
        give_up = self.times.monotonic() + RELOAD_SECONDS
        while self._starts_read_only() is not on:  # a reload is a signal to the server, which then tells each session
            if self.times.monotonic() > give_up:
                raise RuntimeError("PostgreSQL did not take over default_transaction_read_only")
            self.times.sleep(0.01)

    def disable_read_only(self) -> None:
        """Supabase's temporary override."""
        with self.lock:
            self.platform.override_until = self.times.now() + timedelta(seconds=OVERRIDE_SECONDS)
        self.set_read_only(False)

    def _owed(self, now: datetime) -> list[Sending]:
        """The webhooks that are to be sent now."""
        return [*self.stripe.owed(now), *self.calcom.owed(now)]

    def _address(self, url: str) -> str:
        """Where the host of one of the company's own addresses is served; empty for any other."""
        host = urlsplit(url).hostname
        return self.urls["portal" if host == seeds.DOMAINS[2] else "site"] if host in seeds.DOMAINS else ""

    def on_repair(self, undo: Callable[[], object]) -> None:
        """How to take a fault back; the last one first."""
        self._undo.append(undo)

    def set_transport(self, system: str, **change: Any) -> None:
        """Change how one system's answers arrive."""
        with self.lock:
            self.transports[system] = replace(self.transport(system), **change)

    def repair(self) -> None:
        """Bring the healthy world back, whatever was broken or changed. Every step is tried; the first error is raised."""
        with self.changing:
            errors = self._take_back()
            self.traffic.attack_until, self.traffic.walled = None, ""
            self.parts.pooler.refuse(None)
            self.parts.pooler.default_pool_size, self.parts.pooler.pool_mode = self._pool
            if not self.parts.postgres.alive():
                _attempt(self.parts.postgres.start, errors)
            _attempt(lambda: self.set_read_only(False), errors)
            self.seed()
            self.sessions.cut.clear()
            _attempt(self.sessions.settle, errors)
            _attempt(self.worker.reset, errors)
            self.scenario, self.faults = "healthy", []
        if errors:
            raise errors[0]

    def _take_back(self) -> list[Exception]:
        """Undo every fault, the last one first; what went wrong with that."""
        errors: list[Exception] = []
        while self._undo:
            _attempt(self._undo.pop(), errors)
        _attempt(self.traffic.disperse, errors)
        return errors


def _attempt(step: Callable[[], object], errors: list[Exception]) -> None:
    """One step of many: its error is kept for the end, and the others still happen."""
    try:
        step()
    except Exception as error:
        errors.append(error)
