"""Every system of one environment, faked, with a run's own way to ask and to change."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runbook import places
from runbook import policy as policies
from runbook.actions.frame import Action
from runbook.checks.frame import Check, ask
from runbook.db import Probe
from runbook.errors import Fault
from runbook.model import ActionResult, Finding, Plan
from runbook.policy import Policy
from runbook.profile import (
    CalcomTarget,
    ClerkTarget,
    DatabaseTarget,
    LaunchDarklyTarget,
    MailTarget,
    PagerDutyTarget,
    Profile,
    QueueTarget,
    SentryTarget,
    SiteTarget,
    SlackTarget,
    StatuspageTarget,
    StripeTarget,
    SupabaseAuthTarget,
    SupabaseTarget,
    TinybirdTarget,
    VercelTarget,
)  # fmt: skip
from runbook.queue import FailedJob, Jobs, Memory
from runbook.record.journal import Journal
from runbook.record.mask import Masker
from runbook.run.applying import carry_out
from runbook.settings import Secrets
from runbook.systems import Systems
from runbook.testing.clock import Clock
from runbook.testing.doors import NOTHING_WAITS, FakeDatabase, FakeMail, FakeQueue, Rows
from runbook.testing.vendor import IDENTITIES, NAMELESS, PROJECT, REF, TEAM, Answer, Change, Vendor

PROFILE = Profile(
    "test",
    calcom=CalcomTarget("https://api.cal.test", "4711"),
    clerk=ClerkTarget("https://api.clerk.test", "https://clerk.agency.test", "ins_test", "https://status.clerk.test"),
    supabase=SupabaseTarget(
        "https://api.supabase.test", REF, "eu-central-1", "https://status.supabase.test", ("Auth",)
    ),
    supabase_auth=SupabaseAuthTarget(f"https://{REF}.supabase.test"),
    database=DatabaseTarget(REF, "7000000000000000001", protected_roles=("supabase_admin", "postgres")),
    vercel=VercelTarget("https://api.vercel.test", TEAM, PROJECT, ("agency.test",), "https://status.vercel.test"),
    launchdarkly=LaunchDarklyTarget("https://ld.test", "agency", "production", "https://status.ld.test"),
    sentry=SentryTarget("https://sentry.test", "agency", "agency-site", "production"),
    site=SiteTarget("https://agency.test", "https://portal.agency.test"),
    pagerduty=PagerDutyTarget("https://api.pagerduty.test", "https://events.pagerduty.test", "PPOLICY"),
    slack=SlackTarget("https://slack.test/api", "T0TEST", "C0INCIDENTS"),
    statuspage=StatuspageTarget("https://statuspage.test/v1", "page"),
    stripe=StripeTarget("https://api.stripe.test", "acct_test", "https://status.stripe.test"),
    tinybird=TinybirdTarget("https://tinybird.test"),
    queue=QueueTarget(host="queue.test"),
    mail=MailTarget(sender="runbook@agency.test"),
)
SECRETS = {
    "AUTH_TEST_PASSWORD": "test-password",
    "AUTH_TEST_USER": "smoke@agency.test",
    "CALCOM_API_KEY": "cal_live_test",
    "CLERK_API_KEY": "sk_test",
    "LD_API_KEY": "api-test",
    "PAGERDUTY_API_KEY": "pagerduty-test",
    "PAGERDUTY_ROUTING_KEY": "R0TEST",
    "SENTRY_AUTH_TOKEN": "sentry-test",
    "SLACK_BOT_TOKEN": "xoxb-test",
    "STATUSPAGE_API_KEY": "statuspage-test",
    "STRIPE_SECRET_KEY": "rk_live_test",
    "SUPABASE_ANON_KEY": "sb_publishable_test",
    "SUPABASE_API_KEY": "sbp_test",
    "TINYBIRD_TOKEN": "p.test",
    "VERCEL_TOKEN": "vercel-test",
}
PLENTY = Memory(1_000_000, 0, "noeviction")


class World:
    """Every system of one environment, faked; ``changes`` is what was really changed, in order."""

    def __init__(
        self,
        *,
        vendors: Mapping[str, Mapping[str, Answer]] | None = None,
        database: Mapping[str, Rows] | None = None,
        probes: Mapping[str, Probe] | None = None,
        queue: Memory | Fault = PLENTY,
        jobs: Jobs = NOTHING_WAITS,
        failed_jobs: Sequence[FailedJob] = (),
        secrets: Mapping[str, str] | None = None,
        profile: Profile = PROFILE,
        policy: Policy | None = None,
        system_identifier: str = "",
        clock: Clock | None = None,
    ) -> None:
        """``vendors``: routes by system (supabase, supabase_status, vercel, …, site); ``database``: rows by statement."""
        self.changes: list[Change] = []
        self.clock = clock or Clock()
        given = vendors or {}
        names = (*IDENTITIES, *(f"{name}_status" for name in IDENTITIES), *NAMELESS)
        if stray := sorted(set(given) - set(names)):
            raise LookupError(f"no system {stray[0]}; there are {', '.join(names)}")
        self.vendors = {name: Vendor(name, given.get(name, {}), self.changes) for name in names}
        expected = profile.database.system_identifier if profile.database else ""
        self.systems = Systems(
            profile, Secrets(SECRETS if secrets is None else secrets), policy or policies.load(places.root()),
            self.clock.times, transports={name: vendor.transport for name, vendor in self.vendors.items()},
            clients={
                "database": FakeDatabase(database or {}, probes or {}, self.changes, system_identifier or expected),
                "queue": FakeQueue(queue, jobs, failed_jobs, self.changes), "mail": FakeMail(self.changes),
            },
        )  # fmt: skip

    def check(self, question: Check, **arguments: Any) -> Finding:
        """The answer to one check, as a run would get it: a system that fails is unknown, a bug in the check raises."""
        return ask(question, self.systems, arguments)

    def plan(self, action: Action, **arguments: Any) -> Plan:
        """What the action would touch. Raises ``Refused`` or ``SystemFault`` where a run would show why there is none."""
        seen = action.preview(self.systems, **arguments)
        return Plan(
            action.name, action.danger, self.systems.profile.name, seen.target, arguments, seen.objects, seen.costs,
            seen.before, seen.left_alone, action.undo, "", action.budget_seconds, action.proposed_target,
        )  # fmt: skip

    def apply(self, action: Action, plan: Plan) -> ActionResult:
        """Carry out an approved plan as a run does: who is it, guards, change, proof; the clock moves, nobody waits."""
        with tempfile.TemporaryDirectory(prefix="runbook-") as folder:
            journal = Journal.open(Path(folder, "journal.jsonl"), masker=Masker({}, b"test"), times=self.clock.times)
            try:
                return carry_out(
                    action, plan, systems=self.systems, journal=journal, runs=Path(folder), approved_by="test",
                    progress=lambda fraction, text: None,
                )  # fmt: skip
            finally:
                journal.close()
