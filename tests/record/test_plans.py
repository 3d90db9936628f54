"""Of a plan that was made twice under one id, the one counts that was permitted."""

from __future__ import annotations

from runbook.record.journal import Entry
from runbook.record.plans import in_force


def entries(*told):
    return [Entry(seq, "2026-11-23T10:00:00.000Z", event, data, "", "") for seq, (event, data) in enumerate(told)]


def made(since, plan_id="ab"):
    return ("plan.made", {"plan_id": plan_id, "before": {"started_at": since}})


USED = ("approval.used", {"plan_id": "ab"})


def since(*told):
    return {plan_id: plan["before"]["started_at"] for plan_id, plan in in_force(entries(*told)).items()}


def test_of_plans_that_nobody_permitted_the_last_counts():
    assert since(made("1"), made("2")) == {"ab": "2"}


def test_a_plan_made_after_the_change_does_not_take_the_place_of_the_permitted_one():
    assert since(made("1"), made("2"), USED, made("after")) == {"ab": "2"}


def test_one_that_is_permitted_again_counts_as_it_was_then():
    assert since(made("1"), USED, made("2"), USED, made("after")) == {"ab": "2"}


def test_plans_stand_in_the_order_they_were_first_made():
    assert list(since(made("1"), made("x", "cd"), USED, made("after"))) == ["ab", "cd"]
