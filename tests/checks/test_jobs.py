"""How jobs of the queue are read: who works on them, which may pass when tried again, and whether the server keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from runbook.checks import jobs as checks
from runbook.errors import Fault
from runbook.model import Status
from runbook.queue import FailedJob, Jobs, Memory
from runbook.testing import PROFILE, Clock, World

ONE_MINUTE = 60_000
IDLE = Jobs(0, 0, 0, 0, 0, is_paused=False, oldest_waiting="", workers=2)


def now_ms() -> int:
    return round(Clock().times.now().timestamp() * 1000)


def waiting(minutes: float, **rest: Any) -> Jobs:
    return replace(IDLE, waiting=3, oldest_waiting="7", oldest_since_ms=now_ms() - round(minutes * ONE_MINUTE), **rest)


def failed(job_id: str, reason: str, minutes_ago: float = 10, name: str = "make-receipt") -> FailedJob:
    return FailedJob(job_id, name, reason, now_ms() - round(minutes_ago * ONE_MINUTE), 3)


@pytest.mark.parametrize(
    ("jobs", "status", "words"),
    [
        (IDLE, Status.OK, "nothing waits"),
        (replace(IDLE, workers=None), Status.OK, "does not tell about workers"),
        (replace(IDLE, workers=0), Status.WARNING, "no worker is connected: the next job will wait"),
        (replace(IDLE, is_paused=True), Status.WARNING, "the queue is paused"),
        (waiting(0.1), Status.OK, "3 wait"),
        (waiting(2), Status.WARNING, "the oldest for 2 min"),
        (waiting(12, workers=0), Status.CRITICAL, "no worker is connected"),
        (waiting(12, is_paused=True), Status.CRITICAL, "the queue is paused"),
    ],
)
def test_who_works_on_the_queue(jobs: Jobs, status: Status, words: str) -> None:
    found = World(jobs=jobs).check(checks.waiting)
    assert found.status is status and words in found.summary


@pytest.mark.parametrize(
    ("reason", "passes"),
    [
        ("connect ECONNREFUSED 10.0.0.7:5432", True),
        ("[Errno 111] Connect call failed ('127.0.0.1', 5432)", True),
        ("Request timed out after 5000 ms", True),
        ("timeout of 5000ms exceeded", True),
        ("Request failed with status code 503", True),
        ("FATAL: too many clients already", True),
        ("socket hang up", True),
        ("TypeError: Cannot read properties of undefined (reading 'id')", False),
        ("'NoneType' object is not subscriptable", False),
        ("job stalled more than allowable limit", False),  # a worker died of it twice
        ("duplicate key value violates unique constraint", False),
        ("order 50312 has no customer", False),  # digits in a row are no status code
    ],
)
def test_what_failed_because_somebody_was_away_may_pass(reason: str, passes: bool) -> None:
    assert checks.may_pass(failed("1", reason)) is passes


def test_failed_jobs_are_told_by_their_reason_and_no_address_of_a_customer_is_shown() -> None:
    world = World(failed_jobs=[
        *(failed(str(number), "socket hang up", minutes_ago=30) for number in range(3)),
        failed("9", "no mailbox ada@example.com", minutes_ago=5), failed("old", "boom", minutes_ago=60 * 30),
    ])  # fmt: skip
    found = world.check(checks.failed)
    assert (found.status, found.observed) == (Status.CRITICAL, 4)
    assert found.facts == {"count": 4, "may_pass": 3, "never": 1, "older": 1}
    assert [(row["jobs"], row["try again"]) for row in found.rows] == [(3, "may pass"), (1, "will fail")]
    assert "ada@" not in str(found) and "1 older" in found.summary
    assert world.check(checks.failed, hours=48).observed == 5


def test_old_failures_alone_are_nobodys_incident() -> None:
    found = World(failed_jobs=[failed("old", "boom", minutes_ago=60 * 30)]).check(checks.failed)
    assert found.status is Status.OK and "1 older" in found.summary


@pytest.mark.parametrize(
    ("memory", "status"),
    [
        (Memory(50, 0, "noeviction"), Status.OK),
        (Memory(50, 100, "noeviction"), Status.OK),
        (Memory(85, 100, "noeviction"), Status.WARNING),
        (Memory(99, 100, "noeviction"), Status.CRITICAL),
        (Memory(10, 100, "allkeys-lru"), Status.WARNING),
    ],
)
def test_a_server_that_throws_keys_away_or_is_full_is_said(memory: Memory, status: Status) -> None:
    assert World(queue=memory).check(checks.memory).status is status


@pytest.mark.parametrize("check", [checks.waiting, checks.failed, checks.memory])
def test_a_queue_that_does_not_answer_is_unknown_and_one_that_is_not_used_says_so(check: Any) -> None:
    found = World(queue=Fault.TIMEOUT).check(check)
    assert (found.status, found.facts["fault"]) == (Status.UNKNOWN, "timeout")
    assert "queue" in World(profile=replace(PROFILE, queue=None)).check(check).summary
