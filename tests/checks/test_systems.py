"""Checks against systems that are not there, not set, or answer something else."""

from __future__ import annotations

from typing import Any

import pytest
from runbook.checks import changes, database, site, traffic
from runbook.checks.frame import Check, ask_all
from runbook.errors import Fault
from runbook.model import Finding, Status
from runbook.profile import Profile
from runbook.settings import Secrets
from runbook.systems import Systems
from runbook.testing import PROFILE, Clock, Says, World

AT = 1_767_582_000_000  # the fake clock's now, in milliseconds


def asked(check: Check, system: str, answer: Any, **arguments: Any) -> Finding:
    return World(vendors={system: {"*": answer}}).check(check, **arguments)


@pytest.mark.parametrize("check", [database.services, traffic.requests, changes.deployments, changes.flags], ids=str)
def test_a_missing_token_is_unknown_and_named(check: Check) -> None:
    finding = World(secrets={}).check(check)
    assert finding.status is Status.UNKNOWN
    assert finding.summary.endswith(" is not set")
    assert finding.facts["fault"] == "not set"


def test_without_an_address_of_the_database_each_of_its_checks_is_unknown() -> None:
    systems = Systems(PROFILE, Secrets({}), World().systems.policy, Clock().times)
    findings = ask_all([database.direct_connection, database.pooled_connection, database.blocking], systems, {})
    assert {finding.status for finding in findings} == {Status.UNKNOWN}


@pytest.mark.parametrize(
    "check", [changes.deployments, changes.flags, changes.config, database.status_page, site.health], ids=str
)
def test_a_system_that_is_not_used_is_ok_and_says_so(check: Check) -> None:
    finding = World(profile=Profile("small")).check(check)
    assert finding.status is Status.OK
    assert "environment small" in finding.summary


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"status": "ok", "build": "dpl_1"}, Status.OK),
        (Says(503, {"status": "ok"}), Status.CRITICAL),
        ({"status": "degraded"}, Status.CRITICAL),
        (Says(text="<h1>It works!</h1>"), Status.CRITICAL),
    ],
    ids=["healthy", "503", "another word", "a page"],
)
def test_the_site_is_healthy_only_when_it_says_so(answer: Any, status: Status) -> None:
    assert asked(site.health, "site", answer).status is status


def test_a_site_that_nobody_reaches_is_critical() -> None:
    assert asked(site.health, "site", Fault.DOWN).status is Status.CRITICAL


def test_deployments_become_rows_of_the_time_line() -> None:
    row = {
        "uid": "dpl_1", "created": AT - 60_000, "state": "READY", "creator": {"username": "mira"},
        "meta": {"githubCommitMessage": "Save\nleads"},
    }  # fmt: skip
    finding = asked(changes.deployments, "vercel", {"deployments": [row]})
    assert list(finding.rows) == [
        {
            "at": "2026-01-05T02:59:00.000Z", "system": "vercel", "what": "deployment ready: Save leads", "who": "mira",
            "ref": "dpl_1",
        }
    ]  # fmt: skip
    assert finding.facts == {"newest_at": "2026-01-05T02:59:00.000Z", "count": 1}


def test_flags_are_asked_for_since_then_in_milliseconds() -> None:
    world = World(vendors={"launchdarkly": {"GET /api/v2/auditlog": {"items": []}}})
    assert world.check(changes.flags, hours=2).summary == "no flag changes in 2 h"
    assert world.vendors["launchdarkly"].asked[0].query["after"] == str(AT - 7_200_000)


def test_deployments_are_not_told_twice_as_changes_of_settings() -> None:
    events = [
        {"id": "1", "text": "mira deployed site to production", "createdAt": AT},
        {"id": "2", "text": "jonas changed an environment variable", "createdAt": AT},
    ]
    finding = asked(changes.config, "vercel", {"events": events})
    assert [row["ref"] for row in finding.rows] == ["2"]


@pytest.mark.parametrize(("version", "year"), [("20261103083000", 2026), ("0001_init", None), ("20261399083000", None)])
def test_a_migrations_version_is_a_time_or_nothing(version: str, year: int | None) -> None:
    at = changes.written_at(version)
    assert (at.year if at else None) == year


def test_an_answer_of_another_shape_is_unreadable_not_healthy() -> None:
    finding = asked(database.services, "supabase", {"message": "moved"})
    assert (finding.status, finding.facts["fault"]) == (Status.UNKNOWN, "unreadable")


def test_a_disk_that_only_reads_is_critical_even_when_the_figures_are_not_told() -> None:
    row = {"database": "postgres", "bytes": 1, "transaction_age": 1, "read_only": True}
    world = World(database={"sizes": [row]}, vendors={"supabase": {"*": Says(500, {"message": "no"})}})
    assert world.check(database.disk).status is Status.CRITICAL
