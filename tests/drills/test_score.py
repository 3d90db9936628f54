"""What a drill fails for."""

from dataclasses import replace

import pytest
from runbook.drill.practise import leaks
from runbook.drill.score import account, score
from runbook.record.journal import Entry
from runbook.sandbox.scenarios import Expect, Scenario

LEAK = Scenario(
    "leak", "A leak", "sample-failure",
    Expect("recovered", 0, causes=("leak",), actions={"end_sessions": "done"}, recovered=True, world={"health": 200}, survives=("nightly-report",)),
    approve=("end_sessions",),
)  # fmt: skip
WORLD = {"health": 200, "survivors": ["nightly-report"]}


def entry(event: str, **data) -> Entry:
    return Entry(1, "2026-11-23T03:05:12.000Z", event, data, "", "")


def changed(name: str, outcome: str = "done", application: str = "agency-web") -> list[Entry]:
    head = {"action": "end_sessions", "plan_id": "3f9a1c20", "object": name}
    return [
        entry("action.object", **head, phase="intent", outcome=None, before={"application": application}),
        entry("action.object", **head, phase="outcome", outcome=outcome, before={}),
    ]


def row(*objects: str, system: str = "database"):
    return {
        "system": system,
        "method": "SELECT",
        "path": "pg_terminate_backend",
        "objects": list(objects),
        "change": True,
    }


def cause(name: str, *notebooks: str):
    return {"name": name, "title": name, "notebooks": list(notebooks)}


def scored(scenario=LEAK, entries=(), rows=(), after=WORLD, **summary):
    told = {
        "causes": [cause("leak")], "status": "recovered", "exit_code": 0, "findings": [], "plans": [], "seconds": 4.2, "run_dir": "runs/x",
        "actions": [{"action": "end_sessions", "outcome": "done", "reason": ""}], **summary,
    }  # fmt: skip
    critical = entry("check.finished", check="site.health", status="critical")
    return score(scenario, summary=told, entries=[critical, *entries], rows=rows, before={}, after=after, times={})


def test_a_drill_in_which_all_came_as_expected_passes():
    result = scored(entries=changed("4711@a"), rows=[row("4711@a")])
    assert result.failures == ()
    assert result.as_json() == {
        "scenario": "leak", "notebook": "sample-failure", "passed": True, "expected_causes": ["leak"],
        "found_causes": ["leak"], "triage": None, "recovered": True, "collateral": [], "unjournaled": [], "exit_code": 0,
        "seconds": 4.2, "run_dir": "runs/x", "failures": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("cause leak was not found", {"causes": []}),
        ("cause disk is not what was broken", {"causes": [cause("leak"), cause("disk")]}),
        ("cause disk is ranked first, not leak", {"causes": [cause("disk"), cause("leak")]}),
        ("ended unresolved (4), not recovered (0)", {"status": "unresolved", "exit_code": 4}),
        ("recovered is False, not True", {"status": "unresolved", "exit_code": 4}),
        ("action end_sessions was not reached", {"actions": []}),
        ("action end_sessions ended refused, not done: too many", {"actions": [{"action": "end_sessions", "outcome": "refused", "reason": "too many"}]}),
        ("action restart ended done: nobody asked for it", {"actions": [{"action": "end_sessions", "outcome": "done", "reason": ""}, {"action": "restart", "outcome": "done", "reason": ""}]}),
        ("the world's health is 503, not 200", {"after": {**WORLD, "health": 503}}),
        ("did not survive: nightly-report", {"after": {"health": 200, "survivors": []}}),
        ("cell body: ZeroDivisionError division by zero", {"entries": [entry("cell.finished", id="body", state="failed", error={"ename": "ZeroDivisionError", "evalue": "division by zero"})]}),
        ("collateral: database SELECT pg_terminate_backend 4712@b", {"rows": [row("4712@b")]}),
        ("journaled as done, but the world saw no change of 4711@a", {"entries": changed("4711@a")}),
    ],
)  # fmt: skip
def test_a_drill_fails_for(why, change):
    result = scored(**change)
    assert not result.passed
    assert why in result.failures


def test_a_check_that_ends_otherwise_than_the_scenario_says_fails_the_drill():
    scenario = replace(
        LEAK, expect=replace(LEAK.expect, findings={"database.replicas": "warning", "site.health": "ok"})
    )
    said = {"check": "site.health", "status": "ok", "summary": ""}
    assert scored(scenario, findings=[said]).failures == ("database.replicas ended unasked, not warning",)
    lag = {"check": "database.replicas", "status": "ok", "summary": ""}
    assert scored(scenario, findings=[said, lag]).failures == ("database.replicas ended ok, not warning",)
    assert scored(scenario, findings=[said, {**lag, "status": "warning"}]).passed


def test_a_rehearsal_must_change_nothing():
    scenario = replace(LEAK, mode="rehearse", expect=Expect("unresolved", 4, causes=("leak",)))
    result = scored(scenario, rows=[row("4711@a")], status="unresolved", exit_code=4, actions=[])
    assert result.collateral == (row("4711@a"),)


def test_where_nothing_was_critical_there_is_nothing_to_recover():
    scenario = replace(LEAK, expect=Expect("healthy", 0))
    told = {
        "causes": [],
        "status": "healthy",
        "exit_code": 0,
        "findings": [],
        "plans": [],
        "seconds": 1.0,
        "run_dir": "",
        "actions": [],
    }
    result = score(scenario, summary=told, entries=[], rows=[], before={}, after={}, times={})
    assert (result.recovered, result.passed) == (None, True)


def test_a_change_is_explained_by_its_journaled_object():
    assert account(changed("4711@a"), [row("4711@a")], ()) == ((), (), ())


def test_a_change_that_nobody_journaled_is_collateral():
    collateral, unjournaled, _ = account(changed("4711@a"), [row("4711@a"), row("4712@b")], ())
    assert collateral == unjournaled == (row("4712@b"),)


def test_a_change_without_an_object_is_collateral():
    assert account(changed("4711@a"), [row("4711@a"), row()], ())[0] == (row(),)


def test_a_change_of_more_than_was_journaled_is_collateral():
    assert account(changed("a"), [row("a", "b")], ())[0] == (row("a", "b"),)


def test_one_request_may_change_several_journaled_objects():
    assert account([*changed("a"), *changed("b")], [row("a", "b")], ()) == ((), (), ())


def test_the_same_change_twice_is_not_exactly_once():
    collateral, unjournaled, _ = account(changed("a"), [row("a"), row("a")], ())
    assert (collateral, unjournaled) == ((), (row("a"),))


def test_what_must_survive_is_collateral_although_it_was_journaled():
    assert account(changed("a", application="nightly-report"), [row("a")], ("nightly-report",))[0] == (row("a"),)


def test_an_object_found_gone_needs_no_change_in_the_world():
    assert account(changed("a", "unchanged"), [], ()) == ((), (), ())


def test_a_change_whose_end_was_not_seen_may_have_reached_the_world_or_not():
    assert account(changed("a", "unknown"), [], ()) == ((), (), ())
    assert account(changed("a", "unknown"), [row("a")], ()) == ((), (), ())


def test_a_secret_in_any_file_of_the_record_fails_the_drill(tmp_path):
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs/triage.txt").write_text("it said whsec_never%2Fwrite-this")
    (tmp_path / "report.html").write_text("nothing")
    found = leaks(tmp_path, {"STRIPE_WEBHOOK_SECRET": "whsec_never/write-this", "LD_API_KEY": "another-one-here"})
    assert found == ["STRIPE_WEBHOOK_SECRET in outputs/triage.txt"]
    result = score(LEAK, summary=scored().summary, entries=(), rows=(), before={}, after=WORLD, times={}, leaks=found)
    assert "a secret stands in the record: STRIPE_WEBHOOK_SECRET in outputs/triage.txt" in result.failures


def test_a_warning_that_no_plan_has_shown_fails_the_drill():
    scenario = replace(LEAK, expect=replace(LEAK.expect, warns=("drop column a",)))
    told = "no plan warned of 'drop column a'; warnings: none"
    assert scored(scenario).failures == (told,)
    assert scored(scenario, plans=[{"costs": ["drop column a"]}]).failures == (told,)  # shown, and not as a warning
    assert scored(scenario, plans=[{"costs": ["2 min"]}, {"costs": ["WARNING: it would drop column a"]}]).passed
