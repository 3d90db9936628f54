"""A restore and the copy before it, on a database that is really damaged and really restored."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from runbook.actions.recovery import compared, keep_damaged_tables, restore_to_moment, rows_gone
from runbook.checks import recovery as checks
from runbook.checks.frame import ask
from runbook.errors import Refused
from runbook.model import Outcome, Status
from runbook.sandbox import state as states

PUBLIC = "params/environments/sandbox-dumps.asc"
PRIVATE = Path(__file__).with_name("sandbox-dumps.secret.asc")


def test_the_restore_loses_exactly_what_was_written_after_the_moment_and_says_so(world) -> None:
    world.break_("mass_delete")
    moment = world.state_now()["before_damage"]
    lost = ask(checks.would_be_lost, world.systems, {"recover_to": moment})
    assert [row["written_after"] for row in lost.rows if row["table"] == "public.leads"] == [3]
    plan = world.plan(restore_to_moment, recover_to=moment)
    (changed,) = world.carry_out(restore_to_moment, plan)
    assert changed.outcome is Outcome.DONE
    proof = world.prove(restore_to_moment, plan, 40)
    assert proof.status is Status.OK, proof.summary
    assert (
        "rows lost: public.bookings 1, public.leads 3, exactly those written since; 7 tables untouched" in proof.summary
    )
    assert world.state_now()["data_as_before"] is True
    (again,) = world.carry_out(restore_to_moment, plan)  # never twice
    assert again.outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("faults", "moment", "why"),
    [
        (["mass_delete"], "", "no moment to go back to"),
        (["mass_delete"], "2026-01-01T00:00:00Z", "outside the recovery window"),
        (["mass_delete"], "2026-01-01 00:00:00", "no moment to go back to"),  # of which time zone?
        (["mass_delete", "read_replica"], "now", "a read replica is in the way"),
        ([{"mass_delete": {"recovery": False}}], "now", "does not help this incident"),
        ([], "", "does not help this incident"),
    ],
)
def test_what_the_vendor_would_refuse_is_no_plan(world, faults, moment, why) -> None:
    world.break_(*faults)
    given = world.state_now()["before_damage"] if moment == "now" else moment
    with pytest.raises(Refused, match=why):
        world.plan(restore_to_moment, recover_to=given)


def test_the_window_says_how_many_hours_are_lost_without_the_add_on(world) -> None:
    found = ask(checks.window, world.systems, {})
    assert (found.status, found.unit) == (Status.WARNING, "h")
    assert 0 <= found.observed <= 24
    assert "buying it now does not help this incident" in found.summary


def test_damaged_tables_are_kept_so_that_only_the_private_key_opens_them(world, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("RUNBOOK_RUNS", str(tmp_path))
    world.break_("mass_delete")
    plan = world.plan(keep_damaged_tables, dump_key=PUBLIC)
    assert [item.identity for item in plan.objects] == ["file:public.bookings"]
    assert not (tmp_path / ".dumps").exists()  # a plan writes nothing
    (changed,) = world.carry_out(keep_damaged_tables, plan)
    assert changed.outcome is Outcome.DONE, changed.line
    (file,) = (tmp_path / ".dumps").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "delete-by-" in file.name
    assert "bk_after_the_damage" not in file.read_text()
    assert [row["uid"] for row in json.loads(decrypted(world.state, file.read_text()))] == ["bk_after_the_damage"]
    assert world.prove(keep_damaged_tables, plan).status is Status.OK
    assert [one.outcome for one in world.carry_out(keep_damaged_tables, plan)] == [Outcome.UNCHANGED]
    file.unlink()
    assert world.prove(keep_damaged_tables, plan, 0).status is Status.CRITICAL


@pytest.mark.parametrize("key", ["", "README.md", "params/nothing.asc"])
def test_nothing_is_kept_without_a_key_to_encrypt_to(world, key: str) -> None:
    with pytest.raises(Refused, match="key"):
        world.plan(keep_damaged_tables, dump_key=key)


def decrypted(state: Path, message: str) -> str:
    found = states.read(state)
    assert found is not None
    with psycopg.connect(found["secrets"]["DATABASE_URL"], autocommit=True) as connection:
        row = connection.execute(
            "select extensions.pgp_pub_decrypt(extensions.dearmor(%s), extensions.dearmor(%s))",
            (message, PRIVATE.read_text()),
        ).fetchone()
    return str(row[0]) if row else ""


def table(**given: Any) -> Mapping[str, Any]:
    empty = {"table_name": "t", "rows": 0, "after": None, "digest": "d", "digest_until": None, "each": None}
    return {**empty, **given}


def test_rows_are_counted_one_by_one_also_when_two_are_equal() -> None:
    assert rows_gone(table(each="a a b"), table(each="a c")) == 2
    assert rows_gone(table(each="a"), table(each="")) == 1


def test_of_a_large_table_exactly_the_later_rows_are_gone_or_nobody_can_tell() -> None:
    was = table(after=3, digest="x", digest_until="y")
    assert rows_gone(was, table(digest="y")) == 3
    assert rows_gone(was, table(digest="z")) is None
    missing, told = compared([was, table(table_name="u")], [table(digest="z")], [])
    assert missing == ["u is gone"]
    assert "cannot be compared, look at them: t" in told


def test_a_restore_that_fails_is_told_at_once_and_never_as_on_its_way(world) -> None:
    world.break_("mass_delete", "restore_fails")
    plan = world.plan(restore_to_moment, recover_to=world.state_now()["before_damage"])
    (changed,) = world.carry_out(restore_to_moment, plan)
    assert changed.outcome is Outcome.DONE  # the vendor took the order
    world.until(lambda: restore_to_moment.verify(world.systems, plan).status is Status.CRITICAL)
    failed = restore_to_moment.verify(world.systems, plan)
    assert failed.facts == {"final": True} and "RESTORE_FAILED: it has ended so, do not wait" in failed.summary
    assert world.state_now()["data_as_before"] is False
