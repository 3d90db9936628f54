"""What Supabase says about itself, and what one login tells."""

from __future__ import annotations

import pytest
from runbook.checks import connecting, storage, traffic, vendor
from runbook.clients.status_page import Component, Incident, StatusSummary
from runbook.clients.supabase import ApiCounts, Project, Service
from runbook.db import LAYERS, Probe
from runbook.model import Status
from runbook.policy import Threshold

MATTER = ("Database", "Auth")
WELL = dict.fromkeys([*MATTER, "eu-central-1"], "operational")
REGION = "eu-central-1"
SECONDS = Threshold(1, 5, "s", "test")


def page(components: dict[str, str], *incidents: Incident) -> StatusSummary:
    return StatusSummary("none", "", tuple(Component(name, status) for name, status in components.items()), incidents)


def incident(name: str, *components: str) -> Incident:
    return Incident(name, "major", "investigating", "https://status.example/1", "", components)


@pytest.mark.parametrize(
    ("summary", "status"),
    [
        (page(WELL), Status.OK),
        (page({"Database": "major_outage"}), Status.WARNING),
        (page({REGION: "partial_outage"}), Status.WARNING),
        (page(WELL | {"Edge Functions": "major_outage", "us-east-1": "major_outage"}), Status.OK),
        (page({}, incident("Errors", "Auth")), Status.WARNING),
        (page(WELL, incident("Errors", "us-east-1")), Status.OK),
        (page({}, incident(f"Errors in {REGION}")), Status.WARNING),
        (page(WELL, incident("Errors in us-east-1")), Status.OK),
        (page({}), Status.UNKNOWN),
        (page({"Database": "operational", "eu-central-1": "operational"}), Status.UNKNOWN),
    ],
)
def test_a_status_page_counts_where_it_is_ours_and_is_a_warning_at_most(summary: StatusSummary, status: Status) -> None:
    assert vendor.status_page(summary, MATTER, REGION).status is status


def test_a_region_that_is_out_may_mean_any_service() -> None:
    affected = vendor.status_page(page({REGION: "major_outage"}), MATTER, REGION).facts["affected"]
    assert {row["service"] for row in affected} >= {"db", "auth", "storage"}


def services(project: str = "ACTIVE_HEALTHY", **status: str) -> tuple[Status, list[str]]:
    health = [Service(name, status.get(name, "ACTIVE_HEALTHY"), "") for name in ("db", "auth")]
    answer = vendor.services(Project("x", "x", REGION, project, "", ""), health)
    return answer.status, answer.facts["unhealthy"]


def test_a_project_that_calls_itself_healthy_with_an_unhealthy_service_is_critical() -> None:
    assert services(db="UNHEALTHY") == (Status.CRITICAL, ["db"])


def test_a_service_that_comes_up_is_not_unhealthy() -> None:
    assert services(auth="COMING_UP") == (Status.WARNING, ["auth"])


def test_a_project_that_restarts_is_critical() -> None:
    assert services("RESTARTING") == (Status.CRITICAL, [])


LAYER_OF = {
    "ECIRCUITBREAKER": "pooler", "EMAXCONNSESSION": "pool", "EMAXCONN": "pool", "Max client connections reached": "pool",
    "no more connections allowed": "pool", "server login has been failing": "behind", "ECONNREFUSED": "behind",
    "ENOTFOUND": "pooler", "Tenant or user not found": "pooler",
    "password authentication failed": "login", "no pg_hba.conf entry": "login",
    "remaining connection slots are reserved": "slots", "sorry, too many clients already": "slots",
    "too many connections for role": "slots", "the database system is": "starting",
}  # fmt: skip


@pytest.mark.parametrize(("mark", "layer", "meaning"), LAYERS, ids=[mark for mark, *_ in LAYERS])
def test_each_refusal_has_the_layer_that_says_who_must_act(mark: str, layer: str, meaning: str) -> None:
    answer = connecting.connection(Probe(False, 0.1, layer, f"direct: {meaning}"), SECONDS, "test")
    assert answer.status is Status.CRITICAL
    assert answer.facts["layer"] == LAYER_OF.get(mark, layer)
    assert answer.facts["message"] == meaning


@pytest.mark.parametrize(("seconds", "status"), [(0.1, Status.OK), (2.0, Status.WARNING), (6.0, Status.CRITICAL)])
def test_a_slow_login_is_no_healthy_one(seconds: float, status: Status) -> None:
    assert connecting.connection(Probe(True, seconds, "", ""), SECONDS, "test").status is status


def test_an_address_that_is_not_set_is_unknown() -> None:
    answer = connecting.connection(Probe(False, 0.0, "settings", "DATABASE_URL is not set"), SECONDS, "test")
    assert (answer.status, answer.summary) == (Status.UNKNOWN, "DATABASE_URL is not set")


GROWTH = Threshold(2, 5, "times", "test", enough=50)


def counts(*figures: int) -> list[ApiCounts]:
    return [ApiCounts("", figure, 0, 0, 0) for figure in figures]


@pytest.mark.parametrize(
    ("newest", "challenged", "status"),
    [(30, False, Status.OK), (100, False, Status.WARNING), (900, False, Status.CRITICAL), (900, True, Status.WARNING)],
)
def test_traffic_is_compared_with_the_minutes_before(newest: int, challenged: bool, status: Status) -> None:
    assert traffic.growth(counts(*[30] * 13, newest, 3), GROWTH, challenged=challenged).status is status


def test_too_few_requests_tell_nothing() -> None:
    answer = traffic.growth(counts(1, 2, 1, 90), GROWTH, challenged=False)
    assert (answer.status, answer.summary) == (Status.UNKNOWN, "too few: 3 of 50 requests to compare with")


def disk(**figures: float | bool | None) -> Status:
    given = {"used": 10.0, "size": 100.0, "read_only": False, **figures}
    return storage.disk(sizes=[], threshold=Threshold(70, 80, "%", "test"), source="", **given).status  # type: ignore[arg-type]


def test_a_disk_over_80_percent_or_a_database_that_only_reads_is_critical() -> None:
    assert (disk(), disk(used=75.0), disk(used=81.0)) == (Status.OK, Status.WARNING, Status.CRITICAL)
    assert disk(read_only=True) is Status.CRITICAL


def test_a_disk_nobody_can_tell_of_is_unknown_not_ok() -> None:
    assert disk(used=None, size=None) is Status.UNKNOWN


def test_a_dead_slot_is_named() -> None:
    slots = [{"slot": "old_replica", "active": False, "retained_bytes": 3e9}]
    answer = storage.replicas([], slots, Threshold(64, None, "MB", ""), Threshold(1024, None, "MB", ""), "test")
    assert answer.status is Status.WARNING
    assert "nobody reads old_replica" in answer.summary
