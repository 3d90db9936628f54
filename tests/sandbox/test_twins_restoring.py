"""Supabase's restore to a moment: what it refuses, and that the data really comes back."""

from __future__ import annotations

from datetime import datetime

import pytest

RESTORE = "/database/backups/restore-pitr"


def count(world, table: str) -> int:
    with world.connect() as connection:
        row = connection.execute(f"select count(*) from public.{table}".encode()).fetchone()
    return int(row[0]) if row else -1


def damaged_at(world) -> int:
    return int(datetime.fromisoformat(world.state()["before_damage"]).timestamp())


def test_the_restore_loses_what_was_written_after_the_moment_and_nothing_else(world) -> None:
    leads = count(world, "leads")
    world.break_("mass_delete")
    assert (count(world, "bookings"), count(world, "leads")) == (1, leads + 8)
    assert world.state()["data_as_before"] is False
    window = world.supabase("GET", "/database/backups").body
    assert window["pitr_enabled"] and window["backups"] == []
    first, last = window["physical_backup_data"].values()
    assert first <= damaged_at(world) <= last
    assert world.supabase("POST", RESTORE, {"recovery_time_target_unix": damaged_at(world)}).status == 201
    assert world.supabase("POST", RESTORE, {"recovery_time_target_unix": damaged_at(world)}).status == 400  # under way
    world.until(lambda: world.supabase("GET", "").body["status"] == "ACTIVE_HEALTHY", 30)
    world.until(lambda: world.health() == 200)
    assert world.state()["data_as_before"] is True
    assert (count(world, "bookings"), count(world, "leads")) == (40, leads + 5)
    world.control("POST", "repair", {})
    assert (count(world, "bookings"), count(world, "leads")) == (40, leads)
    assert world.state()["data_as_before"] is None


@pytest.mark.parametrize(
    ("faults", "seconds", "why"),
    [
        (["mass_delete"], -3600, "outside the recovery window"),
        (["mass_delete"], 3600, "outside the recovery window"),
        (["mass_delete", "read_replica"], 0, "read replicas"),
        ([{"mass_delete": {"recovery": False}}], 0, "not enabled"),
    ],
)
def test_what_cannot_be_restored_is_refused_and_nothing_changes(world, faults, seconds, why) -> None:
    world.break_(*faults)
    answer = world.supabase("POST", RESTORE, {"recovery_time_target_unix": damaged_at(world) + seconds})
    assert (answer.status, why in answer.body["message"]) == (400, True)
    assert world.supabase("GET", "").body["status"] == "ACTIVE_HEALTHY"
    assert count(world, "bookings") == 1
