"""A leaked secret is ended last: never before the new one is proven in what runs, and never the wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runbook.actions.leaked import ENDINGS, end_leaked_secret
from runbook.checks import leaked, rotation
from runbook.errors import Refused
from runbook.known_secrets import OPENS, old_name
from runbook.model import Outcome, Plan, Status
from runbook.sandbox import lifecycle
from runbook.settings import load_secrets
from runbook.testing import Asked, Says
from runbook.testing import World as Fake
from runbook.testing.vendor import PROJECT, TEAM
from runbook.testing.world import SECRETS

if TYPE_CHECKING:
    from conftest import World

KEY = "SUPABASE_SERVICE_KEY"


def leak(world: World, **how: Any) -> World:
    world.break_({"secret_leaked": how})
    return world.reopened()


def refusal(world: World, **arguments: Any) -> str:
    with pytest.raises(Refused) as raised:
        world.plan(end_leaked_secret, **{"secret": KEY, **arguments})
    return str(raised.value)


def status(world: World, check: Any, secret: str = KEY) -> Status:
    found: Status = check.function(world.systems, secret=secret).status
    return found


def ended(world: World, plan: Plan) -> tuple[Outcome, str]:
    (one,) = world.carry_out(end_leaked_secret, plan)
    return one.outcome, one.line


def test_what_can_be_ended_here_is_said_so_beforehand() -> None:
    assert set(ENDINGS) == {name for name, known in OPENS.items() if known.ended_by_api}


@pytest.mark.parametrize("secret", [KEY, "LD_API_KEY", "VERCEL_TOKEN"])
def test_in_its_place_the_leaked_one_is_ended_and_proven_dead_and_nothing_of_ours_notices(
    world: World, secret: str
) -> None:
    there = leak(world, secret=secret, placed=secret != "VERCEL_TOKEN")
    values = load_secrets(there.systems.profile).known()
    plan = there.plan(end_leaked_secret, secret=secret, seen_working="" if secret != "VERCEL_TOKEN" else "mira")
    assert ended(there, plan)[0] is Outcome.DONE
    assert there.prove(end_leaked_secret, plan).status is Status.OK
    assert status(there, leaked.old_one, secret) is Status.OK
    assert status(there, leaked.new_one, secret) is Status.OK
    assert status(there, rotation.pages, secret) is Status.OK
    assert not there.plan(end_leaked_secret, secret=secret).objects  # once more: nothing to do
    assert not any(value in repr(plan) for value in (values[secret], values[old_name(secret)]))
    there.systems.close()


def test_before_the_site_has_the_new_one_it_is_refused_and_the_site_lives(world: World) -> None:
    there = leak(world)
    assert "put it there" in refusal(there)
    assert status(there, rotation.pages) is Status.OK
    there.systems.close()


def test_in_the_environment_and_not_in_what_runs_it_is_refused(world: World) -> None:
    there = leak(world)
    there.systems.vercel.set_variable(KEY, load_secrets(there.systems.profile).need(KEY), ("production",))
    assert "redeploy" in refusal(there)
    there.systems.close()


def test_what_was_proven_when_it_was_planned_must_be_so_when_it_is_done(world: World) -> None:
    there = leak(world, placed=True)
    plan = there.plan(end_leaked_secret, secret=KEY)
    project = there.systems.vercel.project().production_deployment
    older = next(one for one in there.systems.vercel.rollback_candidates() if one.uid != project)
    there.systems.vercel.roll_back(older.uid, "somebody else did")
    there.until(lambda: there.systems.vercel.project().production_deployment == older.uid)
    outcome, line = ended(there, plan)
    assert outcome is Outcome.FAILED and "not proven" in line
    assert status(there, leaked.old_one) is Status.CRITICAL  # it lives, and so does the site
    assert status(there, rotation.pages) is Status.OK
    there.systems.close()


@pytest.mark.parametrize(("new", "says"), [("missing", "there is none"), ("refused", "it opens nothing")])
def test_without_a_new_one_that_works_it_is_refused(world: World, new: str, says: str) -> None:
    there = leak(world, new=new)
    assert says in refusal(there)
    there.systems.close()


def test_a_vendor_that_does_not_answer_proves_nothing(world: World) -> None:
    there = leak(world, placed=True)
    lifecycle.control("POST", "break", {"faults": [{"secret_leaked": {"placed": True}}, {
        "api_answers": {"kind": "500", "systems": ["vercel"]}}]}, there.state)  # fmt: skip
    again = there.reopened()
    assert "cannot be told" in refusal(again)
    there.systems.close()
    again.systems.close()


def test_where_the_vendor_has_no_call_for_it_the_page_is_named_after_the_proof(world: World) -> None:
    there = leak(world, secret="STRIPE_SECRET_KEY", placed=True)
    told = refusal(there, secret="STRIPE_SECRET_KEY")
    assert "the new one is proven" in told and "dashboard.stripe.com/apikeys" in told
    there.systems.close()


def test_one_key_under_both_names_never_ends_itself() -> None:
    fake = Fake(secrets={**SECRETS, old_name("LD_API_KEY"): SECRETS["LD_API_KEY"]})
    with pytest.raises(Refused, match="there is none"):
        fake.plan(end_leaked_secret, secret="LD_API_KEY")


def test_a_new_key_that_may_not_end_another_says_who_must_and_where() -> None:
    def caller(asked: Asked) -> Any:
        return {"accountId": "a", "tokenId": asked.headers["authorization"], "tokenName": "ci", "serviceToken": True}

    launchdarkly = {
        "GET /api/v2/caller-identity": caller,
        "GET /api/v2/tokens/*": Says(403, {"code": "forbidden", "message": "Access to the requested resource was denied"}),
        "DELETE /api/v2/tokens/*": Says(403, {"code": "forbidden", "message": "Access to the requested resource was denied"}),
    }  # fmt: skip
    project = {"id": PROJECT, "name": "test", "accountId": TEAM, "targets": {"production": {"id": "dpl_1"}}}
    build = {"id": "dpl_1", "createdAt": 1_767_580_000_000, "readyState": "READY", "target": "production", "meta": {}}
    vercel = {f"GET /v9/projects/{PROJECT}": project, f"GET /v10/projects/{PROJECT}/env": {"envs": []},
              "GET /v13/deployments/dpl_1": build}  # fmt: skip
    fake = Fake(
        vendors={"launchdarkly": launchdarkly, "vercel": vercel},
        secrets={**SECRETS, old_name("LD_API_KEY"): "api-leaked"},
    )
    plan = fake.plan(end_leaked_secret, secret="LD_API_KEY", seen_working="mira")
    assert [one.identity for one in plan.objects] == ["api-leaked"]  # the id that this vendor made of it
    result = fake.apply(end_leaked_secret, plan)
    assert result.outcome is Outcome.FAILED and "settings/authorization: the token, Delete" in result.reason
    assert fake.changes == []
