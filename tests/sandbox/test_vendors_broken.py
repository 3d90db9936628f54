"""Each vendor's real client against its twin when that is broken: a fault that says why, in time, and never an answer."""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from runbook import checks
from runbook.checks.frame import Check, ask_all
from runbook.errors import Fault, SystemFault
from runbook.model import Status
from runbook.sandbox.doors import STATUS_PAGES
from runbook.systems import Systems
from runbook.times import deadline

# By system: a question to it, and the secret that it wants.
QUESTIONS: dict[str, tuple[Callable[[Systems], Any], str]] = {
    "calcom": (lambda s: s.calcom.webhooks(), "CALCOM_API_KEY"),
    "clerk": (lambda s: s.clerk.instance(), "CLERK_API_KEY"),
    "clerk_frontend": (lambda s: s.clerk_frontend.keys(), ""),
    "pagerduty": (lambda s: s.pagerduty.on_calls("PINCIDENT"), "PAGERDUTY_API_KEY"),
    "pagerduty_events": (lambda s: s.pagerduty_events.resolve("INC-0"), ""),
    "sentry": (lambda s: s.sentry.count(), "SENTRY_AUTH_TOKEN"),
    "slack": (lambda s: s.slack.workspace(), "SLACK_BOT_TOKEN"),
    "stripe": (lambda s: s.stripe.endpoints(), "STRIPE_SECRET_KEY"),
    "statuspage": (lambda s: s.statuspage.page(), "STATUSPAGE_API_KEY"),
    "tinybird": (lambda s: s.tinybird.rows("SELECT 1 AS n"), "TINYBIRD_TOKEN"),
    "supabase_auth": (lambda s: s.supabase_auth.sign_in(), "SUPABASE_ANON_KEY"),
    "supabase": (lambda s: s.supabase.project(), "SUPABASE_API_KEY"),
    "vercel": (lambda s: s.vercel.project(), "VERCEL_TOKEN"),
    "launchdarkly": (lambda s: s.launchdarkly.flags(), "LD_API_KEY"),
    "calcom_status": (lambda s: s.status_pages["calcom"].summary(), ""),
    "slack_status": (lambda s: s.status_pages["slack"].summary(), ""),
    "supabase_status": (lambda s: s.status_pages["supabase"].summary(), ""),
}
VENDORS = [*QUESTIONS, *(f"{name}_status" for name in STATUS_PAGES if name != "supabase")]
NO_VENDOR = {
    "database.direct_connection",
    "database.pooled_connection",
    "database.utilisation",
    "database.blocking",
    "database.long_statements",
    "database.idle_transactions",
    "database.top_statements",
    "machine.this_machine",
    "site.health",
    "site.pages",
    "changes.migrations",
    "database.replicas",
    "recovery.deleted",
    "auth.our_test",  # the site's own word
    "migrations.newest",
    "migrations.dependents",
    "webhooks.endpoint_answers",  # our own site, asked by us
    "jobs.waiting",
    "jobs.failed",
    "jobs.memory",
    "bookings.hook_answers",
}
# What an empty list says truly: nothing was changed, no origin is shut out, nobody has a sign-in of their own. The project itself
# names its live deployment and says that it was never moved, the disk its bytes; who signs in, and whether one can, is in no list.
EMPTY_IS_TRUE = {
    "changes.deployments", "changes.flags", "changes.config", "changes.variables", "deployment.live",
    "deployment.error_rate", "database.disk", "clerk.origins", "clerk.single_sign_on", "clerk.frontend", "clerk.instance",
    "sign_ins.recent", "auth.supabase_health", "auth.supabase_sign_in", "webhooks.undelivered",
    "webhooks.unhandled", "webhooks.customers", "bookings.missed",
    "bookings.status_page",  # there is no list in what OpenStatus says
}  # fmt: skip
SECONDS = 1.0
# A vendor that says something final is asked once: no retry uses up the time, only a busy machine does.
ASKED_ONCE, PATIENT_SECONDS = {"truncated", "401", "403", "404", "410", "error inside"}, 4.0


def every_check() -> list[Check]:
    modules = [import_module(f"runbook.checks.{module.name}") for module in pkgutil.iter_modules(checks.__path__)]
    return [one for module in modules for one in vars(module).values() if isinstance(one, Check)]


def fault_of(question: Callable[[Systems], Any], systems: Systems, kind: str = "") -> SystemFault:
    began, seconds = time.monotonic(), PATIENT_SECONDS if kind in ASKED_ONCE else SECONDS
    with pytest.raises(SystemFault) as raised, deadline(seconds, systems.times):
        question(systems)
    assert time.monotonic() - began < seconds + 0.5
    return raised.value


# By how the vendor answers: what the client may make of it. Nothing else, and never an answer.
BROKEN = {
    "hang": {Fault.TIMEOUT}, "drip": {Fault.TIMEOUT}, "html": {Fault.DOWN}, "truncated": {Fault.UNREADABLE},
    "401": {Fault.AUTH}, "403": {Fault.PERMISSION}, "404": {Fault.NOT_FOUND}, "410": {Fault.RETIRED},
    "429": {Fault.RATE_LIMITED}, "500": {Fault.DOWN}, "echo": {Fault.DOWN},
    "error inside": {Fault.UNREADABLE, Fault.REJECTED, Fault.DOWN},
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_answer_is_a_fault_in_time_and_repeats_no_secret(world: Any, systems: Systems, kind: str) -> None:
    world.break_({"api_answers": {"kind": kind, "systems": list(QUESTIONS)}})
    secrets = [value for name, value in world.described["secrets"].items() if not name.endswith("_USER")]
    wrong = []
    for system, (question, _) in QUESTIONS.items():
        fault = fault_of(question, systems, kind)
        named = system.partition("_status")[0] in fault.system
        if fault.fault not in BROKEN[kind] or not named or any(one in str(fault) for one in secrets):
            wrong.append((system, fault.fault, str(fault)))
    assert wrong == []


@pytest.mark.parametrize("kind", [*BROKEN, "empty"])
def test_no_check_is_green_while_the_vendors_that_it_asks_are_broken(world: Any, systems: Systems, kind: str) -> None:
    asked = every_check()
    world.break_({"api_answers": {"kind": kind, "systems": VENDORS}})
    began = time.monotonic()
    found = {one.check: one for one in ask_all(asked, systems, {"flag": "new-pricing"})}
    assert time.monotonic() - began < max(one.deadline_seconds for one in asked) + 2
    assert {name for name, one in found.items() if one.status is Status.OK} - NO_VENDOR == (
        EMPTY_IS_TRUE if kind == "empty" else set()
    )
    assert [name for name, one in found.items() if one.status is Status.UNKNOWN and not one.summary] == []


@pytest.mark.parametrize("system", [name for name, (_, secret) in QUESTIONS.items() if secret])
def test_a_revoked_token_is_a_fault_of_the_token(world: Any, systems: Systems, system: str) -> None:
    question, secret = QUESTIONS[system]
    question(systems)
    world.break_({"token_revoked": {"secret": secret}})
    fault = fault_of(question, systems)
    assert fault.fault is Fault.AUTH and "token" in fault.next_step, fault


def test_a_routing_key_that_was_revoked_is_named_as_what_is_wrong(world: Any, systems: Systems) -> None:
    world.break_({"token_revoked": {"secret": "PAGERDUTY_ROUTING_KEY"}})
    fault = fault_of(lambda s: s.pagerduty_events.trigger("INC-0", "x", source="agency.test"), systems)
    assert fault.fault is Fault.REJECTED and "'routing_key' is invalid" in fault.what


def test_every_system_of_a_healthy_world_is_the_one_that_is_meant(systems: Systems) -> None:
    asked = systems.identify_all()
    assert set(asked) == {
        "database",
        "supabase",
        "vercel",
        "launchdarkly",
        "clerk",
        "sentry",
        "stripe",
        "calcom",
    }  # who only carries messages is not
    found = [*asked.values(), systems.identify("slack"), systems.identify("statuspage")]
    assert [one for one in found if one.matches is not True] == []


def test_what_hangs_at_open_holds_nobody_up_for_longer_than_its_share(world: Any, systems: Systems) -> None:
    world.break_({"api_answers": {"kind": "hang", "systems": ["clerk", "sentry", "slack"]}})
    began = time.monotonic()
    asked = systems.identify_all()
    assert time.monotonic() - began < 6.5
    assert {name for name, one in asked.items() if one.matches is None} == {"clerk", "sentry"}
