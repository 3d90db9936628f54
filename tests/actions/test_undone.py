"""Undo brings the world back field by field: what the vendors answer before a change and after its undo is the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from runbook.actions.deployment import freeze_deployments, promote_deployment, roll_back_deployment, thaw_deployments
from runbook.actions.flags import turn_flag_off, turn_flag_on
from runbook.actions.frame import Action
from runbook.model import Outcome, Status
from runbook.sandbox.seeds import DOMAINS, LD_PROJECT, TEAM, VERCEL_PROJECT

if TYPE_CHECKING:
    from conftest import World

# What tells of the change itself, and so cannot be as before: when something was moved or changed last, and how often.
HISTORY = {"lastAliasRequest", "lastModified", "version", "_version", "date"}
PAIRS = [
    pytest.param(roll_back_deployment, promote_deployment, "bad_deployment", id="deployment"),
    pytest.param(turn_flag_off, turn_flag_on, "flag_raises_errors", id="flag"),
    pytest.param(freeze_deployments, thaw_deployments, "bad_deployment", id="freeze"),
]


def dump(world: World) -> dict[str, Any]:
    """Everything that the two vendors tell of the project, by path: each leaf of their answers."""
    vercel, flags, team = world.systems.vercel.door, world.systems.launchdarkly.door, {"teamId": TEAM}
    answers = {
        "project": vercel.read(f"/v9/projects/{VERCEL_PROJECT}", team).data,
        "deployments": vercel.read("/v7/deployments", {**team, "limit": 100}).data,
        "rolling release": vercel.read(f"/v1/projects/{VERCEL_PROJECT}/rolling-release", team).data,
        **{domain: vercel.read(f"/v4/aliases/{domain}", team).data for domain in DOMAINS},
        "flags": flags.read(f"/api/v2/flags/{LD_PROJECT}", {"summary": "0"}).data,
        "site": world.systems.site.get("/").status_code,
        "build": world.systems.site.get("/api/health").data,
    }
    return dict(leaves(answers, ""))


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Each field that is not history, with where it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in HISTORY:
                yield from leaves(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{number}")
    else:
        yield path, value


@pytest.mark.parametrize(("action", "inverse", "fault"), PAIRS)
def test_after_the_undo_every_field_is_as_before(world: World, action: Action, inverse: Action, fault: str) -> None:
    world.break_(fault)
    before = dump(world)
    plan = world.plan(action)
    assert [one.outcome for one in world.carry_out(action, plan)] == [Outcome.DONE]
    assert world.prove(action, plan).status is Status.OK
    changed = dump(world)
    assert {path for path in before if changed.get(path) != before[path]}  # else there was nothing to take back
    back = world.plan(inverse, **action.undo_with(plan))
    assert [one.outcome for one in world.carry_out(inverse, back)] == [Outcome.DONE]
    assert world.prove(inverse, back).status is Status.OK
    assert dump(world) == before


def test_a_rollback_in_a_frozen_project_is_undone_into_a_frozen_project(world: World) -> None:
    world.break_("bad_deployment")
    world.carry_out(freeze_deployments, world.plan(freeze_deployments))
    before = dump(world)
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    assert world.prove(roll_back_deployment, plan).status is Status.OK
    back = world.plan(promote_deployment, **roll_back_deployment.undo_with(plan))
    world.carry_out(promote_deployment, back)
    assert world.prove(promote_deployment, back).status is Status.OK
    assert dump(world) == before
