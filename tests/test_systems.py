"""The composition root: who is it, what is opened and when, and what a missing secret means."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from runbook import places, policy
from runbook.errors import Fault, SystemFault
from runbook.model import Identity
from runbook.profile import Profile
from runbook.settings import Secrets
from runbook.systems import Systems
from runbook.testing import PROFILE, PROJECT, REF, SECRETS, Clock, Says, World

ANSWERS = {
    "supabase": ("project_ref", REF),
    "vercel": ("project_id", PROJECT),
    "launchdarkly": ("environment_key", "production"),
}
PROJECT_ROUTE = f"GET /v1/projects/{REF}"


def opened(profile: Profile = PROFILE, **more: Any) -> Systems:
    secrets = more.pop("secrets", SECRETS)
    return Systems(profile, Secrets(secrets), policy.load(places.root()), Clock().times, **more)


def fault_of(question: Callable[[], Any]) -> SystemFault:
    with pytest.raises(SystemFault) as raised:
        question()
    return raised.value


# -- who is it -------------------------------------------------------------------------------------------------------


def test_each_system_that_is_the_environments_matches() -> None:
    found = World().systems.identify_all()
    assert {name: (one.seen, one.matches) for name, one in found.items()} == {
        "database": ("7000000000000000001", True), "supabase": (REF, True), "vercel": (PROJECT, True),
        "launchdarkly": ("production", True), "clerk": ("ins_test", True), "sentry": ("agency-site", True),
        "stripe": ("acct_test", True), "calcom": ("4711", True),
    }  # fmt: skip
    assert found["database"].how == "pg_control_system() (direct)"


@pytest.mark.parametrize(
    ("system", "route", "answer"),
    [
        ("supabase", PROJECT_ROUTE, {"ref": "another", "status": "ACTIVE_HEALTHY"}),
        ("vercel", f"GET /v9/projects/{PROJECT}", {"id": "prj_another", "name": "x", "accountId": "t"}),
        ("launchdarkly", "GET /api/v2/projects/agency/environments/production", {"key": "staging"}),
        ("clerk", "GET /v1/instance", {"id": "ins_other", "environment_type": "development", "allowed_origins": []}),
        ("slack", "GET /api/auth.test", {"ok": True, "team_id": "T0OTHER"}),
        ("calcom", "GET /v2/me", {"status": "success", "data": {"id": 4712}}),
        ("stripe", "GET /v1/account", {"id": "acct_other", "object": "account"}),
        ("statuspage", "GET /v1/pages/page", {"id": "other"}),
    ],
)
def test_a_vendor_that_says_another_name_does_not_match(system: str, route: str, answer: Any) -> None:
    found = World(vendors={system: {route: answer}}).systems.identify(system)
    assert (found.matches, found.seen != found.expected) == (False, True)


@pytest.mark.parametrize("silence", [Fault.TIMEOUT, Says(401, {"message": "no"}), Says(text="<html>"), {}, []])
def test_a_vendor_that_does_not_say_is_not_known_to_match_nor_not_to(silence: Any) -> None:
    found = World(vendors={"supabase": {PROJECT_ROUTE: silence}}).systems.identify("supabase")
    assert (found.seen, found.matches) == ("", None)
    assert found.how


def test_another_cluster_behind_the_address_does_not_match() -> None:
    found = World(system_identifier="7999").systems.identify("database")
    assert (found.seen, found.matches) == ("7999", False)


class Silent:
    """A database that does not answer, by whichever way."""

    way, host = "direct", "db.test"

    def __init__(self, fault: Fault, refs: frozenset[str] = frozenset()) -> None:
        self.project_refs = refs
        self._fault = fault

    def system_identifier(self) -> str:
        raise SystemFault("no answer", system="database", fault=self._fault)

    def close(self) -> None:
        """Nothing is open."""


def identified(database: Silent, answer: Any = None) -> Identity:
    """Who the database is, when only its project can still tell."""
    vendor = World(vendors={"supabase": {PROJECT_ROUTE: answer}} if answer is not None else {}).vendors["supabase"]
    systems = opened(transports={"supabase": vendor.transport}, clients={"database": database})
    return systems.identify("database")


def test_a_database_that_is_down_is_identified_by_its_own_project() -> None:
    found = identified(Silent(Fault.DOWN))
    assert (found.matches, "by the management API" in found.how) == (True, True)


def test_a_database_that_is_down_and_of_another_project_does_not_match() -> None:
    found = identified(Silent(Fault.DOWN), {"ref": "another", "status": "ACTIVE_HEALTHY"})
    assert (found.seen, found.matches) == ("project another", False)


@pytest.mark.parametrize("fault", [Fault.AUTH, Fault.PERMISSION])
def test_a_database_that_does_not_let_us_in_is_not_taken_for_the_right_one(fault: Fault) -> None:
    assert identified(Silent(fault)).matches is None


def test_a_database_and_a_project_that_are_both_silent_are_unknown() -> None:
    assert identified(Silent(Fault.DOWN), Fault.TIMEOUT).matches is None


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.AUTH])
def test_an_address_that_names_another_project_does_not_match_whoever_answers(fault: Fault) -> None:
    found = identified(Silent(fault, frozenset({REF, "anotheranotheranothe"})))
    assert (found.seen, found.matches) == ("project anotheranotheranothe", False)


def test_a_system_that_the_profile_does_not_have_is_not_asked() -> None:
    small = replace(PROFILE, calcom=None, clerk=None, database=None, launchdarkly=None, sentry=None, stripe=None)
    systems = World(profile=small).systems
    assert set(systems.identify_all()) == {"supabase", "vercel"}
    assert (systems.identify("launchdarkly").matches, systems.identity("launchdarkly")) == (None, None)
    assert systems.identify("site").matches is None


def test_who_it_was_at_the_start_is_kept_and_a_change_asks_anew() -> None:
    answers = [{"ref": REF, "status": "x"}, {"ref": "another", "status": "x"}]
    world = World(vendors={"supabase": {PROJECT_ROUTE: lambda asked: answers.pop(0)}})
    world.systems.identify_all()
    assert world.systems.identify("supabase").matches is False
    kept = world.systems.identity("supabase")
    assert kept is not None
    assert kept.matches is True


# -- opened when asked -----------------------------------------------------------------------------------------------


def test_nothing_is_opened_and_nothing_is_needed_before_it_is_asked_for() -> None:
    systems = opened(secrets={})
    assert systems.clock_offset_seconds() is None
    systems.close()


def test_only_what_was_asked_is_opened_and_only_once() -> None:
    world = World(vendors={"supabase": {f"{PROJECT_ROUTE}/health": [{"name": "db", "status": "ACTIVE_HEALTHY"}]}})
    assert world.systems.supabase is world.systems.supabase
    world.systems.supabase.health(["db"])
    assert [name for name, vendor in world.vendors.items() if vendor.asked] == ["supabase"]


@pytest.mark.parametrize(
    ("system", "variable"),
    [
        ("supabase", "SUPABASE_API_KEY"), ("vercel", "VERCEL_TOKEN"), ("launchdarkly", "LD_API_KEY"),
        ("clerk", "CLERK_API_KEY"), ("slack", "SLACK_BOT_TOKEN"), ("stripe", "STRIPE_SECRET_KEY"), ("calcom", "CALCOM_API_KEY"), ("statuspage", "STATUSPAGE_API_KEY"),
        ("pagerduty", "PAGERDUTY_API_KEY"), ("pagerduty_events", "PAGERDUTY_ROUTING_KEY"), ("queue", "REDIS_URL"), ("mail", "SMTP_URL"),
    ],
)  # fmt: skip
def test_a_missing_secret_is_named_and_costs_only_its_own_system(system: str, variable: str) -> None:
    systems = opened(secrets={})
    fault = fault_of(lambda: getattr(systems, system))
    assert (fault.fault, fault.what) == (Fault.NOT_SET, f"{variable} is not set")
    assert systems.site is not None
    assert set(systems.status_pages) == {"calcom", "clerk", "launchdarkly", "slack", "stripe", "supabase", "vercel"}


def test_the_variables_that_the_profile_names_are_the_ones_that_are_read() -> None:
    assert PROFILE.database is not None
    systems = opened(replace(PROFILE, database=replace(PROFILE.database, direct_variable="PROD_DATABASE_URL")))
    assert systems.database.probe("direct").message == "PROD_DATABASE_URL is not set"
    other = opened(
        replace(PROFILE, database=replace(PROFILE.database, direct_variable="PROD_DATABASE_URL")),
        secrets={"PROD_DATABASE_URL": f"postgresql://postgres:p@db.{REF}.supabase.co/postgres"},
    )
    assert other.database_host() == f"db.{REF}.supabase.co"


def test_a_system_that_is_not_used_says_so() -> None:
    systems = opened(Profile("small"))
    for name in ("supabase", "vercel", "launchdarkly", "site", "database", "queue", "mail"):
        assert fault_of(lambda name=name: getattr(systems, name)).what == f"{name} is not in this profile"
    assert (systems.status_pages, systems.identify_all(), systems.database_host()) == ({}, {}, "")


def test_a_token_with_a_line_break_is_told_without_it() -> None:
    fault = fault_of(lambda: opened(secrets={"VERCEL_TOKEN": "abc\ndef"}).vercel)
    assert (fault.fault, "abc" in str(fault)) == (Fault.AUTH, False)


# -- the clock, and the end ------------------------------------------------------------------------------------------


def test_our_clock_is_compared_with_the_middle_one_of_the_vendors() -> None:
    dates = {"supabase": "02:59:50", "vercel": "02:59:58", "launchdarkly": "03:10:00"}  # ours says 03:00:00
    bodies = {"supabase": {"ref": REF, "status": "x"}, "vercel": {"id": PROJECT, "name": "x", "accountId": "t"},
              "launchdarkly": {"key": "production"}}  # fmt: skip
    vendors = {
        name: {"GET *": Says(200, bodies[name], {"Date": f"Mon, 05 Jan 2026 {at} GMT"})} for name, at in dates.items()
    }
    world = World(vendors=vendors)
    world.systems.identify_all()
    assert world.systems.clock_offset_seconds() == 2.0


class Closes:
    """Something that is opened; closing it may fail."""

    def __init__(self, fails: bool = False) -> None:
        self.closed = 0
        self._fails = fails

    def close(self) -> None:
        self.closed += 1
        if self._fails:
            raise OSError("no")


def test_closing_closes_everything_once_also_after_one_that_fails() -> None:
    one, bad, two = Closes(), Closes(fails=True), Closes()
    systems = opened(clients={"database": one, "queue": bad, "mail": two})
    with pytest.raises(OSError, match="no"):
        systems.close()
    systems.close()
    assert (one.closed, bad.closed, two.closed) == (1, 1, 1)


def test_after_the_end_nothing_is_opened_or_asked_any_more() -> None:
    world = World()
    supabase = world.systems.supabase
    world.systems.close()
    for name in ("supabase", "vercel", "site", "database", "queue", "mail"):
        assert "the run is closed" in fault_of(lambda name=name: getattr(world.systems, name)).what
    assert fault_of(supabase.project).fault is Fault.NOT_SET
    assert all(not vendor.asked for vendor in world.vendors.values())


def test_the_composition_root_is_cheap_to_import() -> None:
    heavy = {"httpx", "httpcore", "psycopg", "redis", "yaml"}
    code = f"import sys, runbook.systems; sys.exit(', '.join({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60, capture_output=True, text=True)
    assert done.stderr.strip() == ""
