"""Nobody can approve more than they saw."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from runbook import approval
from runbook.approval import Approval
from runbook.errors import Refused, SettingError
from runbook.model import Danger, Plan, PlannedObject
from runbook.record.journal import Journal
from runbook.record.mask import Masker
from runbook.testing import Clock

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)
PLAN = Plan(
    "end_idle_transactions", Danger.SIDE_EFFECT, "sandbox", "ref", {}, (PlannedObject("1@a"), PlannedObject("2@b"))
)


def given(action="end_idle_transactions", plan_id="", expires_at=LATER):
    return Approval(action, plan_id, "ada@agency.test", "parameter", expires_at)


def test_an_action_by_name_approves_this_run_s_own_plan():
    assert approval.permit(PLAN, [given()], NOW) == ((given(),), "")


def test_an_exact_plan_is_approved_by_its_id():
    assert approval.permit(PLAN, [given(plan_id=PLAN.plan_id)], NOW)[0]


@pytest.mark.parametrize(
    ("plan", "one", "said"),
    [
        (PLAN, given(action="restart_project"), "approves restart_project"),
        (PLAN, given(plan_id="00000000"), "approves another plan"),
        (PLAN, given(expires_at=NOW), "expired at 03:00:00"),
        (replace(PLAN, danger=Danger.DISRUPTIVE), given(), "approve the exact plan"),
        (replace(PLAN, danger=Danger.DESTRUCTIVE), given(), "approve the exact plan"),
        (replace(PLAN, proposed_target=True), given(), "the run chose ref itself"),
        (replace(PLAN, objects=(PlannedObject("3@c"),)), given(plan_id=PLAN.plan_id), "approves another plan"),
        (replace(PLAN, environment="production"), given(plan_id=PLAN.plan_id), "approves another plan"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(plan, one, said):
    permitted, why_not = approval.permit(plan, [one], NOW)
    assert permitted == ()
    assert said in why_not


def test_the_parameter_lists_approvals_with_commas():
    parsed = approval.parse("a, b@0123abcd ,", approver="ada", expires_at=LATER)
    assert [str(one) for one in parsed] == ["a", "b@0123abcd"]


@pytest.mark.parametrize("text", ["a b", "a@", "a@xyz", "a@0123ABCD", "@0123abcd", "rm -rf", "a@0123abcd0"])
def test_what_is_not_an_approval_is_exit_2(text):
    with pytest.raises(SettingError, match="not an approval"):
        approval.parse(text, approver="ada", expires_at=LATER)


@pytest.mark.parametrize(
    ("danger", "words"),
    [(Danger.REVERSIBLE, ""), (Danger.SIDE_EFFECT, "2"), (Danger.DISRUPTIVE, "{id}"), (Danger.DESTRUCTIVE, "{id} ref")],
)
def test_consent_grows_with_danger(danger, words):
    plan = replace(PLAN, danger=danger)
    assert approval.expected_words(plan) == words.format(id=plan.plan_id)


@pytest.mark.parametrize(
    ("names", "break_glass", "permitted", "said"),
    [
        (["ada", "grace"], "", 2, ""),
        (["ada"], "", 0, "a second person must approve it"),
        (["ada", "Ada "], "", 0, "the same person twice, Ada ; a second person"),
        (["ada"], "pager storm, nobody else awake", 1, ""),
        ([], "pager storm", 0, ""),
    ],
)
def test_two_people_are_two(names, break_glass, permitted, said):
    offered = [replace(given(plan_id=PLAN.plan_id), approver=name) for name in names]
    chosen, why_not = approval.permit(PLAN, offered, NOW, people=2, break_glass=break_glass)
    assert len(chosen) == permitted
    assert why_not.startswith(said) and bool(why_not) == bool(said)


def test_where_two_are_needed_a_name_alone_approves_nothing():
    chosen, why_not = approval.permit(PLAN, [given(), given(plan_id=PLAN.plan_id)], NOW, people=2)
    assert chosen == ()
    assert "approve the exact plan" in why_not


VALID = timedelta(minutes=30)


def written(incident_dir, approver="grace", at=NOW):
    path, _ = approval.write_approval(incident_dir, PLAN, approver=approver, reason="seen it", valid=VALID, times=Clock(at).times)  # fmt: skip
    return path


def lying(incident_dir, plan=PLAN, now=NOW):
    return approval.permit(plan, approval.from_files(incident_dir, plan, valid=VALID, now=now), now)


def edit(**change):
    def doctor(path):
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    return doctor


def test_an_approval_from_another_terminal_is_found_taken_once_and_then_gone(tmp_path):
    path = written(tmp_path)
    (one,), _ = lying(tmp_path)
    assert (one.approver, one.via) == ("grace", "file")
    approval.take(one)
    assert not path.exists()
    assert lying(tmp_path) == ((), "")
    with pytest.raises(Refused, match="used a moment ago"):
        approval.take(one)


@pytest.mark.parametrize(
    ("doctor", "said"),
    [
        (lambda path: path.write_text("{"), "grace.json is no approval"),
        (lambda path: path.rename(path.with_name("eve.json")), "is of grace: copied or edited"),
        (edit(approver="eve"), "is of eve: copied or edited"),
        (edit(plan_id="00000000"), "approves another plan"),
        (edit(action="restart_project"), "approves restart_project"),
        (edit(target="production"), "is for production: edited by hand"),
        (edit(incident="INC-1"), "was given for incident INC-1"),
        (edit(expires_at="2026-11-24T03:00:00.000Z"), "longer than policy's 30 minutes"),
        (edit(at="2026-11-23T04:00:00.000Z", expires_at="2026-11-23T04:30:00.000Z"), "in the future"),
        (edit(at="2026-11-23T02:00:00.000Z", expires_at="2026-11-23T02:30:00.000Z"), "expired at 02:30:00"),
    ],
)
def test_a_file_that_was_doctored_is_refused_with_its_reason(tmp_path, doctor, said):
    doctor(written(tmp_path))
    chosen, why_not = lying(tmp_path)
    assert chosen == ()
    assert said in why_not


def test_a_file_that_was_used_and_put_back_is_refused(tmp_path):
    path = written(tmp_path)
    copy = path.read_text()
    (one,), _ = lying(tmp_path)
    approval.take(one)
    journal = Journal.open(run_of(tmp_path) / "journal.jsonl", masker=Masker({}, b"key"), times=Clock(NOW).times)
    journal.append("approval.used", {"plan_id": PLAN.plan_id, "approver": "grace", "at": one.at})
    journal.close()
    path.write_text(copy)
    assert "was used already, by 20261123T030000Z-n-0000" in lying(tmp_path)[1]


def test_a_file_of_another_plan_does_not_count_for_this_one(tmp_path):
    written(tmp_path)
    assert lying(tmp_path, replace(PLAN, arguments={"older_than_seconds": 5})) == ((), "")
    assert lying(tmp_path, replace(PLAN, environment="production")) == ((), "")


def run_of(incident_dir):
    folder = incident_dir / "20261123T030000Z-n-0000"
    folder.mkdir()
    return folder
