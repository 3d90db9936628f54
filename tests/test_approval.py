"""Nobody can approve more than they saw."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from runbook import approval
from runbook.approval import Approval
from runbook.errors import SettingError
from runbook.model import Danger, Plan, PlannedObject

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)
PLAN = Plan(
    "end_idle_transactions", Danger.SIDE_EFFECT, "sandbox", "ref", {}, (PlannedObject("1@a"), PlannedObject("2@b"))
)


def given(action="end_idle_transactions", plan_id="", expires_at=LATER):
    return Approval(action, plan_id, "ada@agency.test", "parameter", expires_at)


def test_an_action_by_name_approves_this_run_s_own_plan():
    assert approval.fits(PLAN, [given()], NOW)[0] == given()


def test_an_exact_plan_is_approved_by_its_id():
    assert approval.fits(PLAN, [given(plan_id=PLAN.plan_id)], NOW)[0] is not None


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
    permitted, why_not = approval.fits(plan, [one], NOW)
    assert permitted is None
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


def test_an_approval_file_is_read_and_a_broken_one_is_named(tmp_path):
    folder = tmp_path / "approvals" / PLAN.plan_id
    folder.mkdir(parents=True)
    row = {
        "plan_id": PLAN.plan_id,
        "action": PLAN.action,
        "approver": "grace",
        "expires_at": "2026-11-23T03:30:00.000Z",
    }
    (folder / "grace.json").write_text(json.dumps(row))
    assert approval.fits(PLAN, approval.from_files(tmp_path, PLAN.plan_id), NOW)[0].approver == "grace"
    (folder / "eve.json").write_text("{")
    with pytest.raises(SettingError, match=r"eve\.json"):
        approval.from_files(tmp_path, PLAN.plan_id)
