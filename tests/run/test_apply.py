"""What becomes of an apply, and of the run: each outcome with its reason, its exit code, and what was really changed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from runbook.checks.frame import Answer
from runbook.errors import Fault
from runbook.model import Danger, Mode, Status
from runbook.record.plans import in_force


def test_what_is_approved_is_done_proven_and_the_run_has_recovered(stage):
    run, mend = stage.open("mend"), stage.action()
    run.check(stage.check())
    run.plan(mend)
    run.apply(mend)
    run.verify()
    run.close()
    assert run.ended(mend) == ("done", "")
    assert stage.changed == ["mend one"]
    assert run.conclusion() == ("recovered", 0)


def test_without_approval_it_is_skipped_and_stays_unresolved(stage):
    run, mend = stage.open(), stage.action()
    run.check(stage.check())
    run.plan(mend)
    run.apply(mend)
    run.close()
    assert run.ended(mend) == ("skipped", "not approved")
    assert stage.changed == []
    assert run.conclusion() == ("unresolved", 4)


def test_a_rehearsal_only_plans_also_when_it_is_approved(stage):
    run, mend = stage.open("mend", mode=Mode.REHEARSE), stage.action()
    run.plan(mend)
    run.apply(mend)
    assert run.ended(mend) == ("planned", "rehearsed, nothing was changed")
    assert stage.changed == []


def test_what_is_over_is_skipped_approved_or_not(stage):
    run, mend, more, other = stage.open("mend,more"), stage.action(), stage.action("more"), stage.action("other")
    run.check(stage.check())
    for one in (mend, more, other):
        stage.things = ["one"]
        run.plan(one)
        run.apply(one)
    run.close()
    assert run.ended(more) == run.ended(other) == ("skipped", "recovered: what was critical is ok")
    assert stage.changed == ["mend one"]
    assert run.conclusion() == ("recovered", 0)


def test_the_next_one_waits_until_the_first_has_had_its_time(stage):
    run, mend, more = stage.open("mend,more"), stage.action(), stage.action("more")
    answers = iter([*["critical"] * 8, "ok"])
    run.check(stage.check(seen=lambda: Answer(Status(next(answers, "ok")), "it settles")))
    run.plan(mend)
    run.apply(mend)
    stage.things = ["one"]
    run.plan(more)
    run.apply(more)
    assert run.ended(more)[0] == "skipped"
    assert sum(stage.world.clock.slept) >= 5


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [({"fault": Fault.REJECTED}, "failed"), ({"fault": Fault.TIMEOUT}, "unknown"), ({"proven": False}, "unverified")],
)
def test_after_a_bad_end_nothing_else_is_changed(stage, trouble, outcome):
    run, mend, more = stage.open("mend,more"), stage.action(mends=False, **trouble), stage.action("more")
    run.check(stage.check())
    run.plan(mend)
    run.apply(mend)
    stage.things, before = ["one"], list(stage.changed)
    run.plan(more)
    run.apply(more)
    run.verify()
    run.escalate()
    run.close()
    assert run.ended(mend)[0] == outcome
    assert run.ended(more) == ("skipped", f"after mend ended {outcome}")
    assert stage.changed == before
    assert run.conclusion() == ("unresolved", 4)


def test_a_person_at_the_keyboard_is_told_and_decides(stage):
    run, mend, more = stage.open("mend,more", interactive=True), stage.action(fault=Fault.TIMEOUT), stage.action("more")
    run.check(stage.check())
    run.plan(mend)
    assert "unknown" in str(run.apply(mend))
    run.plan(more)
    run.apply(more)
    assert run.ended(more)[0] == "done"


@pytest.mark.parametrize(
    ("danger", "proposes", "reason"),
    [
        (Danger.DISRUPTIVE, False, "mend is disruptive: approve the exact plan"),
        (Danger.DESTRUCTIVE, False, "mend is destructive: approve the exact plan"),
        (Danger.SIDE_EFFECT, True, "the run chose testtesttesttesttest itself: approve the exact plan"),
    ],
)
def test_a_name_alone_is_not_enough_and_the_reason_says_what_is(stage, danger, proposes, reason):
    run, mend = stage.open("mend"), stage.action(danger=danger, proposes=proposes)
    run.plan(mend)
    run.apply(mend)
    run.close()
    assert run.ended(mend)[0] == "refused"
    assert run.ended(mend)[1].startswith(reason)
    assert run.plan_id(mend) in run.ended(mend)[1]
    assert stage.changed == []
    assert run.conclusion() == ("refused", 3)


def test_a_plan_of_another_run_of_the_incident_is_carried_out_and_nothing_newer(stage):
    first, mend = stage.open(mode=Mode.REHEARSE), stage.action(danger=Danger.DISRUPTIVE)
    first.plan(mend)
    first.let_go()
    stage.things = ["one", "two"]
    run = stage.open(f"mend@{first.plan_id(mend)}")
    run.plan(mend)
    newer = run.plan_id(mend)
    run.apply(mend)
    run.close()
    assert newer != first.plan_id(mend)
    assert list(in_force(run.journal)) == [newer, first.plan_id(mend)]  # the record holds what was carried out
    assert (run.result(mend)["outcome"], run.result(mend)["plan_id"]) == ("done", first.plan_id(mend))
    assert (stage.changed, stage.things) == (["mend one"], ["two"])
    assert run.conclusion() == ("healthy", 0)


def test_of_an_approved_plan_what_is_gone_is_unchanged_and_the_rest_is_done(stage):
    stage.things = ["one", "two"]
    first, mend = stage.open(mode=Mode.REHEARSE), stage.action()
    first.plan(mend)
    first.let_go()
    stage.things = ["two", "three"]
    run = stage.open(f"mend@{first.plan_id(mend)}")
    run.plan(mend)
    run.apply(mend)
    assert run.ended(mend) == ("done", "1 of 2 were already so or gone")
    assert stage.changed == ["mend two"]


def test_the_same_again_is_unchanged_and_the_approval_has_matched(stage):
    first, mend = stage.open("mend"), stage.action()
    first.plan(mend)
    first.apply(mend)
    first.let_go()
    stage.things = ["newer"]
    run = stage.open(f"mend@{first.plan_id(mend)}")
    run.plan(mend)
    run.apply(mend)
    run.close()
    assert run.ended(mend) == ("unchanged", "already so: one is gone")
    assert stage.changed == ["mend one"]
    assert run.conclusion() == ("healthy", 0)


@pytest.mark.parametrize("approve", ["strange", "mend@0123abcd", "other@0123abcd"])
def test_an_approval_that_matched_nothing_is_refused(stage, approve):
    run, mend = stage.open(approve), stage.action()
    run.plan(mend)
    run.apply(mend)
    run.close()
    assert stage.changed == []
    assert run.conclusion() == ("refused", 3)
    assert [e.data["action"] for e in run.journal if e.event == "approval.refused"] == [approve.partition("@")[0]]


def test_with_nothing_to_change_an_approval_is_not_refused(stage):
    stage.things = []
    run, mend = stage.open("mend"), stage.action()
    run.plan(mend)
    run.apply(mend)
    run.close()
    assert run.ended(mend) == ("unchanged", "there is nothing to change")
    assert run.conclusion() == ("healthy", 0)


def test_an_approval_where_no_plan_could_be_made_is_refused_with_that_reason(stage):
    run, mend = stage.open("mend"), stage.action()
    run.apply(mend)
    run.close()
    assert run.ended(mend) == ("refused", "no plan was made")
    assert run.conclusion() == ("refused", 3)


def test_an_approval_that_has_expired_is_refused(stage):
    run, mend = stage.open("mend"), stage.action()
    run.plan(mend)
    stage.world.clock.advance(24 * 3600)
    run.apply(mend)
    assert run.ended(mend)[0] == "refused"
    assert "expired" in run.ended(mend)[1]


def edit(path):
    path.write_text(path.read_text().replace('"one"', '"two"'))


def swap(path):
    path.write_text(json.dumps({**json.loads(path.read_text()), "action": "other"}))


@pytest.mark.parametrize(
    "damage",
    [
        edit,
        swap,
        lambda path: path.write_text("{"),
        lambda path: path.write_text("[]"),
        lambda path: path.write_bytes(b"\xff"),
    ],
    ids=["edited", "of another action", "cut", "no plan", "no text"],
)
def test_a_plan_file_that_somebody_touched_is_refused_and_no_cell_raises(stage, damage):
    first, mend = stage.open(mode=Mode.REHEARSE), stage.action()
    first.plan(mend)
    first.let_go()
    damage(stage.folder / "plans" / f"{first.plan_id(mend)}.json")
    stage.things = ["two"]
    run = stage.open(f"mend@{first.plan_id(mend)}")
    run.plan(mend)
    run.apply(mend)
    run.close()
    assert run.ended(mend)[0] == "refused"
    assert stage.changed == []
    assert run.conclusion() == ("refused", 3)


@pytest.mark.parametrize("content", ["{", "[]", '{"action": 1}', "{}"])
def test_an_approval_file_that_is_none_is_refused_and_no_cell_raises(stage, content):
    run, mend = stage.open(), stage.action()
    run.plan(mend)
    path = stage.folder / "approvals" / run.plan_id(mend) / "ada.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    run.apply(mend)
    assert run.ended(mend)[0] == "refused"
    assert stage.changed == []


def test_every_change_has_its_intent_before_and_its_outcome_after(stage):
    stage.things = ["one", "two"]
    run, mend = stage.open("mend"), stage.action()
    run.plan(mend)
    run.apply(mend)
    told = [(e.data["object"], e.data["phase"], e.data["outcome"]) for e in run.journal if e.event == "action.object"]
    assert told == [
        ("one", "intent", None),
        ("one", "outcome", "done"),
        ("two", "intent", None),
        ("two", "outcome", "done"),
    ]
    used = [e.event for e in run.journal]
    assert used.index("approval.used") < used.index("action.started") < used.index("action.object")


def test_what_only_itself_can_heal_does_not_wait_for_what_came_before(stage):
    stage.things = ["one", "two"]
    first, second = stage.action("first", mends=False), replace(stage.action("second"), at_once=True)
    run = stage.open("first,second")
    run.check(stage.check())
    run.plan(first)
    run.apply(first)
    stage.things.append("three")
    began = stage.world.clock.times.monotonic()
    run.plan(second)
    run.apply(second)
    assert run.ended(second)[0] == "done"
    assert stage.world.clock.times.monotonic() - began < 1.0  # others wait half a minute


def test_a_change_that_is_in_force_and_does_not_help_is_not_waited_for(stage):
    answer = Answer(Status.CRITICAL, "the page still fails", facts={"in_force": True})
    mend = replace(stage.action(mends=False), verify=lambda systems, plan: answer, budget_seconds=180.0)
    run = stage.open("mend")
    run.check(stage.check())
    run.plan(mend)
    run.apply(mend)
    assert run.ended(mend) == ("unverified", "changed, and it does not help: the page still fails")
    assert 10 <= sum(stage.world.clock.slept) < 30


def test_a_change_of_many_things_shows_how_far_it_is_and_one_of_one_does_not(stage, capsys):
    stage.things = ["one", "two", "three"]
    run, mend = stage.open("mend"), stage.action()
    run.plan(mend)
    run.apply(mend)
    shown = capsys.readouterr().out
    assert "1 of 3 · changed one" in shown and "3 of 3 · changed " in shown and len(stage.changed) == 3
    stage.things = ["four"]
    alone, more = stage.open("more"), stage.action("more")
    alone.plan(more)
    alone.apply(more)
    assert "1 of 1" not in capsys.readouterr().out
