"""What rows about sessions come to: statuses, summaries and the facts that causes read."""

from __future__ import annotations

from typing import Any

import pytest
from runbook.checks import sessions
from runbook.model import Status
from runbook.policy import Threshold

PERCENT = Threshold(60, 80, "%", "test")
SECONDS = Threshold(None, 1, "s", "test")
COUNT = Threshold(0, 4, "sessions", "test")
PROTECTED = frozenset({"authenticator"})
Row = dict[str, Any]


def total(used: int) -> Row:
    return {"used": used, "usable": 37, "idle_in_transaction": 0, "waiting_on_lock": 0}


def connected(role: str, count: int, limit: int = -1) -> Row:
    return {
        "role": role, "application": "web", "state": "idle", "sessions": count, "role_limit": limit,
        "oldest_seconds": 1.0,
    }  # fmt: skip


def idle(seconds: float, role: str = "app") -> Row:
    return {
        "pid": 1, "role": role, "application": "web", "idle_seconds": seconds, "transaction_seconds": seconds,
        "reserved_role": False, "last_query": "select 1",
    }  # fmt: skip


def running(seconds: float, role: str = "app", waits_for: str = "-") -> Row:
    return {
        "pid": 1, "role": role, "application": "job", "running_seconds": seconds, "waits_for": waits_for, "blocks": 0,
        "reserved_role": False, "query": "select 1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("used", "status"), [(10, Status.OK), (23, Status.WARNING), (29, Status.WARNING), (30, Status.CRITICAL)]
)
def test_over_80_percent_of_what_ordinary_roles_can_use_is_critical(used: int, status: Status) -> None:
    answer = sessions.utilisation(total(used), [connected("app", used)], PERCENT, "test")
    assert (answer.status, answer.facts["server_full"]) == (status, status is Status.CRITICAL)


def test_a_role_at_its_own_limit_is_a_warning_and_named() -> None:
    answer = sessions.utilisation(total(8), [connected("app", 4), connected("reporting", 4, 4)], PERCENT, "test")
    assert answer.status is Status.WARNING
    assert answer.facts["full_roles"] == ["reporting"]
    assert "role reporting has 4 of its 4" in answer.summary


@pytest.mark.parametrize(("over", "status"), [(0, Status.OK), (1, Status.WARNING), (5, Status.CRITICAL)])
def test_five_sessions_idle_in_a_transaction_for_long_are_a_leak(over: int, status: Status) -> None:
    rows = [idle(3), *[idle(40) for _ in range(over)]]
    answer = sessions.idle_transactions(rows, 30, COUNT, PROTECTED, "test")
    assert (answer.status, answer.facts["over"], answer.facts["all"]) == (status, over, over + 1)


def test_sessions_of_protected_roles_are_shown_and_not_counted() -> None:
    answer = sessions.idle_transactions([idle(40, "authenticator")] * 9, 30, COUNT, PROTECTED, "test")
    assert (answer.status, len(answer.rows)) == (Status.OK, 9)


def test_a_wait_of_more_than_a_second_is_critical_and_names_the_root() -> None:
    root = {
        "pid": 7, "role": "app", "application": "psql", "state": "idle in transaction", "state_seconds": 9.0,
        "waiting": 2, "waiting_pids": [8, 9], "longest_wait_seconds": 3.0, "root": True, "query": "lock",
    }  # fmt: skip
    behind = {**root, "pid": 8, "state": "active", "root": False, "waiting": 1, "waiting_pids": [9]}
    answer = sessions.blocking([root, behind], SECONDS, "test")
    assert answer.status is Status.CRITICAL
    assert "2 wait for a lock, the longest 3 s; at the root session 7 (app/psql, idle in transaction)" in answer.summary
    assert answer.facts["blockers"][0]["root"] is True


def test_nobody_waiting_is_ok() -> None:
    assert sessions.blocking([], SECONDS, "test").status is Status.OK


def test_statements_over_the_limit_are_told_apart_from_those_that_wait() -> None:
    rows = [running(400), running(350, waits_for="Lock"), running(20)]
    answer = sessions.long_statements(rows, 300, SECONDS, PROTECTED, "test")
    assert answer.status is Status.CRITICAL
    assert [row["waits_for_lock"] for row in answer.facts["over"]] == [False, True]


def test_a_long_statement_of_the_vendors_own_role_is_no_alarm() -> None:
    answer = sessions.long_statements([running(900, "supabase_admin")], 300, SECONDS, PROTECTED, "test")
    assert (answer.status, answer.facts["over"], len(answer.rows)) == (Status.OK, [], 1)


@pytest.mark.parametrize(("seconds", "told"), [(3.4, "3 s"), (2460, "41 min"), (18000, "5 h")])
def test_an_age_is_told_in_one_figure(seconds: float, told: str) -> None:
    assert sessions.age(seconds) == told
