"""Each vendor's real client against its twin when that is broken: a fault that says why, in time, and never an answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from runbook.errors import Fault, SystemFault
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
}
SECONDS = 1.0


def fault_of(question: Callable[[Systems], Any], systems: Systems) -> SystemFault:
    began = time.monotonic()
    with pytest.raises(SystemFault) as raised, deadline(SECONDS, systems.times):
        question(systems)
    assert time.monotonic() - began < SECONDS + 0.5
    return raised.value


@pytest.mark.parametrize("system", QUESTIONS)
@pytest.mark.parametrize(
    ("broken", "faults"),
    [("api_hangs", {Fault.TIMEOUT}), ("api_html", {Fault.DOWN}), ("api_truncated", {Fault.UNREADABLE})],
)
def test_a_broken_answer_is_a_fault_in_time(
    world: Any, systems: Systems, system: str, broken: str, faults: set[Fault]
) -> None:
    world.break_({broken: {"systems": [system]}})
    fault = fault_of(QUESTIONS[system][0], systems)
    assert (fault.fault in faults, fault.system) == (True, system), fault


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
    world.break_({"api_hangs": {"systems": ["clerk", "sentry", "slack"]}})
    began = time.monotonic()
    asked = systems.identify_all()
    assert time.monotonic() - began < 6.5
    assert {name for name, one in asked.items() if one.matches is None} == {"clerk", "sentry"}
