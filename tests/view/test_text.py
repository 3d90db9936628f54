"""What people read in a terminal, a log or a papermill output: whole, as plain text files under golden/."""

import samples
from runbook.model import Cause, Danger, Finding, Outcome, Status
from runbook.view import Views


def test_the_run_card_says_where_we_are_and_what_does_not_match(views, reads_as):
    reads_as("run_card", views.run_card(samples.card_facts()))


def test_a_wrong_target_says_stop(views, reads_as):
    facts = samples.card_facts()
    facts["targets"][0] |= {"seen": "7399", "matches": False}
    reads_as("run_card_wrong_target", views.run_card({**facts, "mode": "rehearse"}))


def test_findings_show_the_worst_first_with_their_place_in_the_call(views, reads_as):
    reads_as("findings", views.findings(samples.findings(), 60))


def test_findings_of_a_healthy_world(views, reads_as):
    reads_as("findings_healthy", views.findings(samples.healthy(), 0.2))


def test_a_cause_shows_what_speaks_for_and_against_it_and_what_is_left(views, reads_as):
    reads_as("causes", views.causes(samples.causes(), samples.findings()))


def test_when_nothing_explains_the_findings_that_is_said(views, reads_as):
    reads_as("causes_none", views.causes([], samples.findings()))


def test_checks_that_said_the_same_are_one_line(views):
    names = ["a.a", "a.b", "a.c", "a.d", "a.e"]
    lost = [Finding(name, Status.UNKNOWN, "wrong target: database says 2, expected 1") for name in names]
    said = "a.a, a.b, a.c and 2 more ? unknown: wrong target: database says 2, expected 1"
    assert said in str(views.causes([Cause("wrong-target", "wrong", tuple(names))], lost))
    assert said in str(views.causes([], lost))
    closing = views.closing({"status": "unknown", "findings": [one.as_json() for one in lost]})
    assert "To do (1):\n  - could not tell: a.a, a.b, a.c and 2 more: wrong target" in str(closing)


def test_a_healthy_world_has_no_cause(views, reads_as):
    reads_as("causes_healthy", views.causes([], samples.healthy()))


def test_the_plan_card_says_what_would_be_touched_and_how_to_approve_it(views, reads_as):
    reads_as("plan", views.plan_card(samples.plan(), mode="act", consent="type the count: 24"))


def test_a_plan_card_shows_every_object_that_would_be_approved(views):
    plan = samples.plan(50)
    card = views.plan_card(plan, mode="act", consent="type the count: 50")
    for item in plan.objects:
        assert item.identity in str(card) and item.identity in card._repr_html_()


def test_a_disruptive_plan_takes_its_exact_plan_only(views, reads_as):
    reads_as("plan_disruptive", views.plan_card(samples.restart(), mode="rehearse", consent="type the plan id"))


def test_a_plan_without_objects_says_that_there_is_nothing_to_change(views, reads_as):
    reads_as("plan_empty", views.plan_card(samples.plan(0), mode="act", consent="type the count: 0"))


def test_a_done_action_shows_what_changed_and_the_proof(views, reads_as):
    reads_as("result_done", views.action_result(samples.result(), samples.plan()))


def test_an_action_that_was_not_approved_says_how_to_approve_it(views, reads_as):
    reads_as("result_skipped", views.action_result(samples.result(Outcome.SKIPPED, "not approved"), samples.plan()))


def test_after_an_unverified_action_the_reader_is_told_not_to_repeat_it(views, reads_as):
    result = samples.result(Outcome.UNVERIFIED, "changed, but not proven within 30 s")
    reads_as("result_unverified", views.action_result(result, samples.plan()))


def test_every_outcome_has_a_next_step(views):
    for outcome in Outcome:
        text = str(views.action_result(samples.result(outcome, "because"), samples.plan()))
        assert f"{outcome.value}: end_idle_transactions@" in text
        assert text.splitlines()[-1].startswith("Next: ")


def test_every_danger_says_what_it_means(views):
    for danger in Danger:
        text = str(views.plan_card(samples.plan(2, danger), mode="act", consent="c"))
        assert f" {danger.value}: " in text.splitlines()[0]


def test_the_time_line_marks_the_first_error_and_names_the_first_suspect(views, reads_as):
    reads_as("timeline", views.timeline(samples.changes()))


def test_without_a_known_first_error_changes_are_compared_with_when_it_was_noticed(views):
    text = str(views.timeline(samples.changes()[:1], noticed_at=samples.NIGHT))
    assert "; ! noticed 03:07:12 UTC" in text and "came 10.2 h before (noticed): migrations:" in text


def test_a_time_line_without_events_says_so(views, reads_as):
    reads_as("timeline_empty", views.timeline([Finding("changes.flags", Status.OK, "none")]))


def test_the_escalation_says_who_by_when_and_drafts_what_to_send(views, reads_as):
    reads_as("escalation", views.escalation(samples.escalation_facts()))


def test_an_overdue_escalation_says_now(views):
    text = str(views.escalation({**samples.escalation_facts(), "overdue": True}))
    assert text.startswith("SANDBOX · ! Overdue: tell the DBA team now")


def test_the_closing_card_says_how_it_ended_and_what_changed(views, reads_as):
    reads_as("closing", views.closing(samples.closing_facts()))


def test_the_closing_card_of_an_unresolved_run_lists_what_is_left_to_do(views, reads_as):
    facts = {**samples.closing_facts(), "status": "unresolved", "exit_code": 4, "changed": []}
    facts["findings"] = [f.as_json() for f in samples.findings()]
    facts["actions"] = [samples.result(Outcome.UNVERIFIED, "not proven").as_json()]
    reads_as("closing_unresolved", views.closing(facts))


def test_a_notice_is_one_sentence(views, reads_as):
    reads_as("notice", views.notice("Every check was ok when it was asked; there is nothing to verify."))


def test_outside_the_sandbox_nothing_says_sandbox(clock):
    views = Views(sandbox=False, interactive=False, times=clock.times())
    view = views.findings(samples.findings())
    assert "SANDBOX" not in str(view) + view._repr_html_()


def test_unknown_is_never_green(views):
    html = views.findings([Finding("a.b", Status.UNKNOWN, "timeout")])._repr_html_()
    body = html.partition("</style>")[2]
    assert "rb-good" not in body and "rb-edge-unsure" in body and "? unknown" in body
    assert "rb-edge-unsure" in views.closing({"status": "new word"})._repr_html_().partition("</style>")[2]


def test_units_in_names_of_row_values_are_read(views):
    row = {"idle_seconds": 2460, "free_bytes": 12_300_000, "at": "2026-11-23T03:00:00.000Z", "pid": 4711}
    text = str(views.findings([Finding("a.b", Status.WARNING, "s", rows=[row])]))
    assert "41 min  12.3 MB  2026-11-23 03:00:00  4711" in text
