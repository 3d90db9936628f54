"""The newest moment that could be restored tonight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from runbook.doctor import recovery
from runbook.model import Status
from runbook.testing import Clock, World
from runbook.testing.vendor import REF
from runbook.times import iso


def judged(hours: float | None, *, pitr: bool, status: str = "COMPLETED") -> Any:
    clock = Clock()
    at = clock.times.now() - timedelta(hours=hours or 0)
    body = {
        "pitr_enabled": pitr, "backups": [] if hours is None else [{"status": status, "inserted_at": iso(at)}],
        "physical_backup_data": {} if hours is None else {"latest_physical_backup_date_unix": int(at.timestamp())},
    }  # fmt: skip
    world = World(vendors={"supabase": {f"GET /v1/projects/{REF}/database/backups": body}}, clock=clock)
    return recovery.point(world.systems)


@pytest.mark.parametrize(
    ("hours", "pitr", "status"),
    [
        (20, False, Status.OK), (30, False, Status.WARNING), (60, False, Status.CRITICAL), (None, False, Status.CRITICAL),
        (0.1, True, Status.OK), (2, True, Status.WARNING), (7, True, Status.CRITICAL), (None, True, Status.CRITICAL),
    ],
)  # fmt: skip
def test_its_age(hours: float | None, pitr: bool, status: Status) -> None:
    found = judged(hours, pitr=pitr)
    assert found.status is status
    assert (found.next_step == "") is (status is Status.OK)


def test_a_backup_that_failed_is_none() -> None:
    assert judged(1, pitr=False, status="FAILED").status is Status.CRITICAL
