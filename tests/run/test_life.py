"""A run from its opening to after its end: again after a restart, inert once it is closed, and hostile answers."""

from __future__ import annotations

import pytest
from runbook.checks import changes
from runbook.checks.frame import Answer
from runbook.errors import Refused, SettingError
from runbook.model import Mode, Status
from runbook.testing import Says, World


def asked(stage):
    return sum(len(vendor.asked) for vendor in stage.world.vendors.values())


def test_a_closed_run_says_so_and_calls_nothing(stage):
    run, mend, check = stage.open("mend"), stage.action(), stage.check()
    run.check(check)
    run.plan(mend)
    run.close()
    before, entries = asked(stage), len(run.journal)
    for view in (run.check(check), run.timeline(check), run.diagnose(), run.plan(mend), run.apply(mend), run.verify(),
                 run.note("later"), run.close()):  # fmt: skip
        assert "This run is closed" in str(view)
    assert "sample" in str(run)
    assert (asked(stage), len(run.journal), stage.changed) == (before, entries, [])


def test_after_a_restart_of_the_kernel_the_run_goes_on_where_it_was(stage):
    run, mend = stage.open(), stage.action()
    run.check(stage.check())
    run.plan(mend)
    run.let_go()
    again = stage.open("mend", run_dir=run.facts.run_dir)
    again.apply(mend)
    assert again.result(mend)["plan_id"] == run.plan_id(mend)
    assert stage.changed == ["mend one"]


def test_after_a_restart_nothing_is_called_well_that_was_not_asked_again(stage):
    run, check = stage.open(), stage.check()
    run.check(check)
    run.let_go()
    again = stage.open(run_dir=run.facts.run_dir)
    said = str(again.verify())
    assert "every check was ok" not in said.lower()
    assert "stage.pressure" in said
    again.check(check)
    stage.broken = False
    assert "stage.pressure" in str(again.verify())
    assert again.conclusion() == ("recovered", 0)


def test_two_kernels_cannot_have_one_run(stage):
    run = stage.open()
    with pytest.raises(Refused, match="another process writes this record"):
        stage.open(run_dir=run.facts.run_dir)


def test_a_check_that_takes_no_such_argument_is_said(stage):
    with pytest.raises(SettingError, match="no check takes 'older'"):
        stage.open().check(stage.check(), older=1)


def test_a_card_approves_what_it_showed_once_the_right_words_are_typed(stage):
    run, mend = stage.open(interactive=True), stage.action()
    run.plan(mend)
    plan = next(e.data for e in run.journal if e.event == "plan.made")
    from runbook.model import Plan

    assert "Approved by mira" in run._permissions.approve_on_card(Plan.from_json(plan), "")
    run.apply(mend)
    assert run.ended(mend)[0] == "done"
    run.close()
    assert run.conclusion() == ("healthy", 0)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Says(401, {"message": "bad token vercel-test"}), "[VERCEL_TOKEN:"),
        (Says(400, {"error": {"code": "x", "message": "Bearer%20vercel-test"}}), "unknown"),
        (Says(500, text="<html>vercel-test"), "unknown"),
        (Says(text='{"deployments": [{"uid": "vercel-test"}]}'), "unknown"),
        (Says(text="\x00\ud800garbage".encode("utf-8", "replace").decode()), "unknown"),
        (Says(text='{"deployments": NaN}'), "unknown"),
        (Says(text='{"deployments": [1e999]}'), "unknown"),
    ],
)
def test_a_vendor_that_echoes_the_token_or_answers_garbage_costs_one_unknown_and_leaks_nothing(stage, answer, says):
    stage.world = World(vendors={"vercel": {"GET /v7/deployments": answer}}, clock=stage.world.clock)
    run = stage.open(secrets={"VERCEL_TOKEN": "vercel-test"})
    shown = run.check(changes.deployments, stage.check())
    run.close()
    text = (run.facts.run_dir / "journal.jsonl").read_text()
    assert "vercel-test" not in text
    assert says in text
    assert [e.data["status"] for e in run.journal if e.event == "check.finished"] == ["unknown", "critical"]
    assert "unknown" in str(shown).lower()


@pytest.mark.parametrize("value", ["\ud800 half", "nul \x00", "\x1b[2J", "<script>", "line\u2028end"])
def test_what_a_system_calls_itself_can_always_be_recorded(stage, value):
    run = stage.open()
    run.check(
        stage.check(seen=lambda: Answer(Status.WARNING, value, value, rows=[{value: value}], facts={value: value}))
    )
    run.note(value)
    assert run.conclusion() == ("healthy", 0)


def test_escalation_that_is_overdue_is_owed(stage):
    run = stage.open(mode=Mode.REHEARSE)
    run.check(stage.check())
    stage.world.clock.advance(3 * 3600)
    run.escalate()
    assert [e.data["to"] for e in run.journal if e.event == "escalation.owed"]


def test_what_a_log_says_is_kept_whole_before_anything_is_changed_also_in_a_rehearsal(stage):
    rows = [{"at": "2026-01-05", "address": "203.0.113.77", "with": "a-secret-that-is-out"}]
    run = stage.open(mode=Mode.REHEARSE, secrets={"LD_API_KEY_OLD": "a-secret-that-is-out"})
    shown = str(run.keep(lambda systems, hours: (f"the log of {hours} h", rows), hours=3))
    (event,) = [entry.data for entry in run.journal if entry.event == "evidence.kept"]
    kept = (run.facts.run_dir / event["file"]).read_text()
    assert "203.0.113.77" in kept and "a-secret-that-is-out" not in kept
    assert "203.0.113.77" not in shown and event["about"] == "the log of 3 h"


def test_a_log_that_is_empty_or_does_not_answer_keeps_nothing_and_stops_nobody(stage):
    def silent(systems):
        return "", [systems.vercel.activity(0)]

    stage.world = World(vendors={"vercel": {"GET /v3/events": Says(503)}})
    run = stage.open()
    assert "could be kept" in str(run.keep(silent))
    assert "look there" in str(run.keep(lambda systems: ("tells nothing; look there", ())))
    assert not (run.facts.run_dir / "evidence").exists()
