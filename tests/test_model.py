"""The plan id binds what is approved: the same things give the same id, anything else another one."""

import json
from dataclasses import replace

import pytest
from runbook.model import Danger, Plan, PlannedObject, canonical_json

PLAN = Plan(
    action="end_idle_transactions",
    danger=Danger.SIDE_EFFECT,
    environment="sandbox",
    target="sandboxsandboxsandbo",
    arguments={"older_than_seconds": 1800},
    objects=(PlannedObject("12@2026-11-23T10:00:00Z", {"role": "app", "idle_seconds": 2000}, {"pid": 12}),),
)


def test_what_is_only_shown_is_not_part_of_the_plan_id():
    older = replace(PLAN, objects=(replace(PLAN.objects[0], shown={"role": "app", "idle_seconds": 9000}),))
    assert older.plan_id == PLAN.plan_id


@pytest.mark.parametrize(
    "changed",
    [
        {"action": "cancel_statement"},
        {"environment": "production"},
        {"target": "another"},
        {"arguments": {"older_than_seconds": 2}},
        {"objects": ()},
        {"objects": (PlannedObject("12@2026-11-23T10:00:01Z"),)},
    ],
)
def test_anything_that_would_be_changed_differently_has_another_id(changed):
    assert replace(PLAN, **changed).plan_id != PLAN.plan_id


def test_a_plan_read_back_from_its_file_is_the_same_plan():
    again = Plan.from_json(json.loads(json.dumps(PLAN.as_json())))
    assert again.plan_id == PLAN.plan_id
    assert again.objects == PLAN.objects


def test_a_plan_read_back_keeps_the_order_of_its_objects_and_its_id_does_not_know_it():
    late = replace(PLAN, objects=tuple(PlannedObject(name) for name in ("evt_9", "evt_1", "evt_5")))
    again = Plan.from_json(json.loads(json.dumps(late.as_json())))
    assert [one.identity for one in again.objects] == ["evt_9", "evt_1", "evt_5"]
    assert again.plan_id == late.plan_id == replace(late, objects=late.objects[::-1]).plan_id
    strange = {**late.as_json(), "objects_shown": []}
    assert [one.identity for one in Plan.from_json(strange).objects] == ["evt_1", "evt_5", "evt_9"]


def test_canonical_json_is_sorted_dense_and_refuses_what_is_not_json():
    assert canonical_json({"b": 1, "a": "ä"}) == '{"a":"ä","b":1}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))
