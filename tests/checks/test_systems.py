"""Checks against systems that are not there, not set, or answer something else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from runbook import policy
from runbook.checks import changes, database, site, traffic
from runbook.checks.frame import Check, ask, ask_all
from runbook.model import Finding, Status
from runbook.profile import DatabaseTarget, LaunchDarklyTarget, Profile, SiteTarget, SupabaseTarget, VercelTarget
from runbook.settings import Secrets
from runbook.systems import Systems
from runbook.times import Times

POLICY = policy.load(Path(__file__).resolve().parents[2])
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TIMES = Times(now=lambda: NOW, sleep=lambda seconds: None)
BASE = "http://127.0.0.1:9"
PROFILE = Profile(
    "test",
    supabase=SupabaseTarget(BASE, "ref", "eu-central-1", BASE, ("Database",)),
    database=DatabaseTarget("ref", "1"),
    vercel=VercelTarget(BASE, "team", "prj", (), BASE),
    launchdarkly=LaunchDarklyTarget(BASE, "agency", "production", BASE),
    site=SiteTarget(BASE, BASE),
)
TOKENS = {"SUPABASE_API_KEY": "sbp_x", "VERCEL_TOKEN": "x", "LD_API_KEY": "x"}


def asked(check: Check, system: str, answer: Callable[[httpx.Request], httpx.Response], **arguments: Any) -> Finding:
    transports = {system: httpx.MockTransport(answer)}
    systems = Systems(PROFILE, Secrets(TOKENS), POLICY, TIMES, transports=transports)
    try:
        return ask(check, systems, arguments)
    finally:
        systems.close()


def says(body: Any, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, json=body)


@pytest.mark.parametrize("check", [database.services, traffic.requests, changes.deployments, changes.flags], ids=str)
def test_a_missing_token_is_unknown_and_named(check: Check) -> None:
    systems = Systems(PROFILE, Secrets({}), POLICY, TIMES)
    finding = ask(check, systems, {})
    assert finding.status is Status.UNKNOWN
    assert finding.summary.endswith(" is not set")
    assert finding.facts["fault"] == "not set"


def test_without_an_address_of_the_database_each_of_its_checks_is_unknown() -> None:
    systems = Systems(PROFILE, Secrets({}), POLICY, TIMES)
    findings = ask_all([database.direct_connection, database.pooled_connection, database.blocking], systems, {})
    assert {finding.status for finding in findings} == {Status.UNKNOWN}


@pytest.mark.parametrize(
    "check", [changes.deployments, changes.flags, changes.config, database.status_page, site.health], ids=str
)
def test_a_system_that_is_not_used_is_ok_and_says_so(check: Check) -> None:
    finding = ask(check, Systems(Profile("small"), Secrets({}), POLICY, TIMES), {})
    assert finding.status is Status.OK
    assert "environment small" in finding.summary


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (says({"status": "ok", "build": "dpl_1"}), Status.OK),
        (says({"status": "ok"}, 503), Status.CRITICAL),
        (says({"status": "degraded"}), Status.CRITICAL),
        (lambda request: httpx.Response(200, text="<h1>It works!</h1>"), Status.CRITICAL),
    ],
    ids=["healthy", "503", "another word", "a page"],
)
def test_the_site_is_healthy_only_when_it_says_so(
    answer: Callable[[httpx.Request], httpx.Response], status: Status
) -> None:
    assert asked(site.health, "site", answer).status is status


def test_a_site_that_nobody_reaches_is_critical() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused")

    assert asked(site.health, "site", refuse).status is Status.CRITICAL


def test_deployments_become_rows_of_the_time_line() -> None:
    row = {
        "uid": "dpl_1", "created": int(NOW.timestamp() * 1000) - 60_000, "state": "READY", "creator": {"username": "mira"},
        "meta": {"githubCommitMessage": "Save\nleads"},
    }  # fmt: skip
    finding = asked(changes.deployments, "vercel", says({"deployments": [row]}))
    assert list(finding.rows) == [
        {
            "at": "2026-11-23T11:59:00.000Z", "system": "vercel", "what": "deployment ready: Save leads", "who": "mira",
            "ref": "dpl_1",
        }
    ]  # fmt: skip
    assert finding.facts == {"newest_at": "2026-11-23T11:59:00.000Z", "count": 1}


def test_flags_are_asked_for_since_then_in_milliseconds() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"items": []})

    finding = asked(changes.flags, "launchdarkly", answer, hours=2)
    assert finding.summary == "no flag changes in 2 h"
    assert seen[0].url.params["after"] == str(int(NOW.timestamp() - 7200) * 1000)


def test_deployments_are_not_told_twice_as_changes_of_settings() -> None:
    at = int(NOW.timestamp() * 1000)
    events = [
        {"id": "1", "text": "mira deployed site to production", "createdAt": at},
        {"id": "2", "text": "jonas changed an environment variable", "createdAt": at},
    ]
    finding = asked(changes.config, "vercel", says({"events": events}))
    assert [row["ref"] for row in finding.rows] == ["2"]


@pytest.mark.parametrize(("version", "year"), [("20261103083000", 2026), ("0001_init", None), ("20261399083000", None)])
def test_a_migrations_version_is_a_time_or_nothing(version: str, year: int | None) -> None:
    at = changes.written_at(version)
    assert (at.year if at else None) == year


def test_an_answer_of_another_shape_is_unreadable_not_healthy() -> None:
    finding = asked(database.services, "supabase", says({"message": "moved"}))
    assert (finding.status, finding.facts["fault"]) == (Status.UNKNOWN, "unreadable")


def test_a_disk_that_only_reads_is_critical_even_when_the_figures_are_not_told() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("read-only"):
            row = {"database": "postgres", "bytes": 1, "transaction_age": 1, "read_only": True}
            return httpx.Response(201, content=json.dumps([row]))
        return httpx.Response(500, json={"message": "no"})

    assert asked(database.disk, "supabase", answer).status is Status.CRITICAL
