"""The site's environment: a value goes in by its name, and reaches what runs with the next build, not before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runbook.actions.variables import redeploy, set_variable
from runbook.checks import rotation
from runbook.errors import Refused
from runbook.known_secrets import old_name
from runbook.model import Outcome, Status
from runbook.settings import load_secrets
from runbook.testing import Says
from runbook.testing import World as Fake
from runbook.testing.vendor import PROJECT

if TYPE_CHECKING:
    from conftest import World

KEY = "SUPABASE_SERVICE_KEY"


def outcomes(world: World, action: Any, plan: Any) -> list[Outcome]:
    return [one.outcome for one in world.carry_out(action, plan)]


def page(world: World) -> Status:
    status: Status = rotation.pages.function(world.systems, secret=KEY).status
    return status


def test_what_runs_keeps_what_it_was_built_with_until_it_is_built_again(world: World) -> None:
    world.break_({"leaked_secret_ended": {"placed": False}})
    there = world.reopened()
    plan = there.plan(set_variable, secret=KEY)
    assert plan.objects[0].shown["targets"] == "production, preview"
    assert outcomes(there, set_variable, plan) == [Outcome.DONE]
    assert there.prove(set_variable, plan).status is Status.OK
    assert page(there) is Status.CRITICAL

    build = there.plan(redeploy)
    assert outcomes(there, redeploy, build) == [Outcome.DONE]
    assert there.prove(redeploy, build).status is Status.OK
    assert page(there) is Status.OK
    assert outcomes(there, redeploy, build) == [Outcome.UNCHANGED]  # production is another one now
    there.systems.close()


def test_no_plan_holds_a_value(world: World) -> None:
    world.break_({"secret_leaked": {}})
    there = world.reopened()
    plan, values = there.plan(set_variable, secret=KEY), load_secrets(there.systems.profile).known()
    assert values[KEY] not in repr(plan) and values[old_name(KEY)] not in repr(plan)
    there.systems.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [({"secret": "CLERK_API_KEY"}, "has no CLERK_API_KEY"), ({"secret": "NOTHING", "name": KEY}, "NOTHING is not set")],
)
def test_a_variable_that_is_not_there_and_a_secret_that_is_not_set_are_refused(
    world: World, arguments: dict[str, str], says: str
) -> None:
    with pytest.raises(Refused, match=says):
        world.plan(set_variable, **arguments)


def test_a_201_that_failed_is_a_failure() -> None:
    row = {
        "id": "env_1",
        "key": "LD_API_KEY",
        "type": "encrypted",
        "target": "production",
        "updatedAt": 1_767_580_000_000,
    }
    failed = [{"error": {"code": "UNAUTHORIZED", "message": "you may not change it"}}]
    path = f"/v10/projects/{PROJECT}/env"
    routes = {f"GET {path}": {"envs": [row]}, f"POST {path}": Says(201, {"created": [], "failed": failed})}
    fake = Fake(vendors={"vercel": routes})
    result = fake.apply(set_variable, fake.plan(set_variable, secret="LD_API_KEY"))
    assert result.outcome is Outcome.FAILED and "you may not change it" in result.reason
