"""Rollback and promote, against a twin that really moves what each domain serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runbook.actions.deployment import promote_deployment, roll_back_deployment
from runbook.actions.freezing import freeze_deployments, thaw_deployments
from runbook.checks.deployment import error_rate
from runbook.checks.frame import ask
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import Outcome, Status
from runbook.sandbox.seeds import DOMAINS
from runbook.testing import PROJECT, TEAM
from runbook.testing import World as Fakes

if TYPE_CHECKING:
    from conftest import World

GOOD = "Portal: remember the last project"
BAD = "Portal: new session handling"
MEANWHILE = "Portal: a change that nobody needs now"
MOVED_LONG_AGO = {
    "id": PROJECT, "name": "test", "accountId": TEAM,
    "lastAliasRequest": {"type": "rollback", "fromDeploymentId": "dpl_a", "toDeploymentId": "dpl_b", "jobStatus": "succeeded",
                         "requestedAt": 1_700_000_000_000},
}  # fmt: skip


def test_the_last_good_deployment_is_served_on_every_domain_and_promoting_takes_it_back(world: World) -> None:
    world.break_("bad_deployment")
    assert world.state_now()["home"] == 500
    plan = world.plan(roll_back_deployment)
    assert [one.outcome for one in world.carry_out(roll_back_deployment, plan)] == [Outcome.DONE]
    assert world.prove(roll_back_deployment, plan).status is Status.OK
    after = world.state_now()
    assert (after["home"], after["domains"], after["auto_assign"]) == (200, [GOOD], False)

    undo = world.plan(promote_deployment, **roll_back_deployment.undo_with(plan))
    world.carry_out(promote_deployment, undo)
    world.systems.times.sleep(1)
    back = world.state_now()
    assert (back["domains"], back["auto_assign"]) == ([BAD], True)


def test_once_more_is_never_one_step_further_back(world: World) -> None:
    world.break_("rolled_back_already")
    assert world.plan(roll_back_deployment).objects == ()
    assert world.plan(roll_back_deployment, deployment=world.systems.vercel.alias(DOMAINS[0])).objects == ()


def test_what_moved_meanwhile_is_left(world: World) -> None:
    world.break_("bad_deployment")
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    assert world.prove(roll_back_deployment, plan).status is Status.OK
    (again,) = world.carry_out(roll_back_deployment, plan)
    assert again.outcome is Outcome.UNCHANGED


def test_a_move_under_way_makes_the_vendor_refuse_another_and_nothing_is_unknown(world: World) -> None:
    world.break_("bad_deployment", {"slow_alias": {"seconds": 5}})
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    with pytest.raises(SystemFault, match="Another aliasing job") as refused:
        world.systems.vercel.roll_back(str(plan.objects[0].bound["to"]), "again")
    assert refused.value.fault is Fault.REJECTED
    assert "in-progress" in roll_back_deployment.verify(world.systems, plan).summary


def test_a_domain_left_behind_is_moved_by_the_same_target_again(world: World) -> None:
    world.break_("domain_left_behind")
    assert world.state_now()["domains"] == [BAD, GOOD]
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    assert world.prove(roll_back_deployment, plan).status is Status.OK
    assert world.state_now()["domains"] == [GOOD]


@pytest.mark.parametrize(
    ("fault", "deployment", "says"),
    [
        ("rolling_release", "", "rolling release"),
        ("no_candidate", "", "no earlier deployment"),
        ("bad_deployment", "dpl_nowhere", "no rollback candidate"),
    ],
)
def test_no_plan_where_the_vendor_would_refuse(world: World, fault: str, deployment: str, says: str) -> None:
    world.break_(fault)
    with pytest.raises(Refused, match=says):
        world.plan(roll_back_deployment, deployment=deployment)


def test_the_plan_names_what_else_goes_back(world: World) -> None:
    world.break_("bad_deployment")
    plan = world.plan(roll_back_deployment)
    costs = "\n".join(plan.costs)
    assert "environment variables and cron jobs" in costs
    assert "older values come back" not in costs
    world.systems.vercel.set_variable("STRIPE_SECRET_KEY", "rk_live_newer", ["production"])
    plan = world.plan(roll_back_deployment)
    assert "WARNING: older values come back of STRIPE_SECRET_KEY: changed since that build" in plan.costs
    assert "cron jobs now: /api/cron/invoices (0 6 * * 1), /api/cron/sessions (*/5 * * * *)" in costs
    world.carry_out(roll_back_deployment, plan)
    assert world.prove(roll_back_deployment, plan).status is Status.OK
    assert world.systems.vercel.project().crons == ("/api/cron/invoices (0 6 * * 1)",)
    assert "do not go live by themselves" in costs


def test_the_proof_is_every_domain_the_build_health_the_auth_test_and_no_page_that_fails(world: World) -> None:
    world.break_("bad_deployment")
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    proof = world.prove(roll_back_deployment, plan)
    assert [row["proof"] for row in proof.rows] == ["domains", "build past the cache", "health", "auth test", "pages"]
    assert all(row["holds"] for row in proof.rows)
    assert "0 of 12 requests of ours failed since the move" in proof.summary


def test_a_page_that_still_fails_is_no_proof(world: World) -> None:
    world.break_("bad_deployment", "flag_raises_errors")  # a flag breaks the older code as well
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    world.until(lambda: roll_back_deployment.verify(world.systems, plan).status is Status.CRITICAL)
    assert "pages: 12 of 12 requests" in roll_back_deployment.verify(world.systems, plan).summary


def test_sign_in_that_fails_is_no_proof(world: World) -> None:
    world.break_("bad_deployment", "postgres_stopped")
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    world.until(lambda: "in-progress" not in roll_back_deployment.verify(world.systems, plan).summary)
    proof = roll_back_deployment.verify(world.systems, plan)
    assert {row["proof"] for row in proof.rows if not row["holds"]} >= {"health", "auth test"}
    assert proof.status is Status.CRITICAL


def test_a_plan_that_allows_only_the_deployment_before_is_said_in_words(world: World) -> None:
    world.break_("bad_deployment", "hobby_plan")
    older = world.systems.vercel.rollback_candidates()[1].uid
    (no,) = world.carry_out(roll_back_deployment, world.plan(roll_back_deployment, deployment=older))
    assert no.outcome is Outcome.FAILED and "the deployment right before only (Hobby)" in no.line
    (yes,) = world.carry_out(roll_back_deployment, world.plan(roll_back_deployment))
    assert yes.outcome is Outcome.DONE


def test_another_move_under_way_and_what_is_no_candidate_are_said_in_words(world: World) -> None:
    world.break_("bad_deployment", {"slow_alias": {"seconds": 5}})
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    (busy,) = world.carry_out(roll_back_deployment, plan)
    assert busy.outcome is Outcome.FAILED and "another move of the domains" in busy.line
    (gone,) = world.carry_out(promote_deployment, world.plan(promote_deployment, deployment="dpl_nowhere"))
    assert gone.outcome is Outcome.FAILED and "choose another candidate" in gone.line


def test_another_team_is_said_in_words(world: World) -> None:
    world.break_("bad_deployment")
    plan = world.plan(roll_back_deployment)
    vercel = world.systems.vercel
    seen = vercel.project()
    vercel.project = lambda: seen  # type: ignore[method-assign]
    vercel._team = {"teamId": "team_other"}
    (no,) = world.carry_out(roll_back_deployment, plan)
    assert no.outcome is Outcome.FAILED and "it is of another team" in no.line


def test_a_deployment_made_meanwhile_goes_live_unless_deployments_are_frozen(world: World) -> None:
    def built() -> bool:
        world.systems.vercel.project()
        made = (one for one in world.systems.vercel.deployments(0) if "nobody needs" in one.message)
        return any(one.state == "READY" for one in made)

    world.break_({"build_under_way": {"seconds": 1}})
    world.until(built)
    assert (world.state_now()["production"], world.state_now()["home"]) == (MEANWHILE, 500)

    world.break_({"build_under_way": {"seconds": 1}})
    plan = world.plan(freeze_deployments)
    assert [one.outcome for one in world.carry_out(freeze_deployments, plan)] == [Outcome.DONE]
    assert world.prove(freeze_deployments, plan).status is Status.OK
    world.until(built)
    assert (world.state_now()["production"], world.state_now()["home"]) == (GOOD, 200)
    assert world.plan(freeze_deployments).objects == ()  # once is enough
    thaw = world.plan(thaw_deployments, **freeze_deployments.undo_with(plan))
    world.carry_out(thaw_deployments, thaw)
    assert world.prove(thaw_deployments, thaw).status is Status.OK
    assert world.state_now()["auto_assign"] is True


def test_neither_a_freeze_is_ended_nor_a_deployment_promoted_that_nobody_named(world: World) -> None:
    world.break_("rolled_back_already")
    for action in (thaw_deployments, promote_deployment):
        with pytest.raises(Refused, match="nobody asked|no deployment to promote"):
            world.plan(action)
    assert world.plan(freeze_deployments).objects == ()  # the rollback has frozen them


def test_the_error_rate_is_pending_until_its_window_is_over(world: World) -> None:
    assert "was not moved" in ask(error_rate, world.systems, {}).summary
    world.break_("rolled_back_already")
    pending = ask(error_rate, world.systems, {})
    assert (pending.status, pending.required) == (Status.UNKNOWN, False)
    assert pending.summary.startswith("pending: ") and "ask again at" in pending.summary


@pytest.mark.parametrize(
    ("requests", "failed", "status"),
    [(400, 3, Status.OK), (400, 9, Status.CRITICAL), (12, 0, Status.UNKNOWN)],
)
def test_after_the_window_the_visitors_error_rate_counts(requests: int, failed: int, status: Status) -> None:
    counted = {"requests": requests, "failed": failed, "average_ms": 90, "p95_ms": 200, "last_row_seconds_ago": 1}
    faked = Fakes(
        vendors={
            "vercel": {f"GET /v9/projects/{PROJECT}": MOVED_LONG_AGO},
            "tinybird": {"GET /v0/sql": {"data": [counted]}},
        }
    )
    assert faked.check(error_rate).status is status


def test_the_plan_says_what_migrations_since_then_took_from_that_code(world: World) -> None:
    world.break_("column_replaced", {"bad_deployment": {"reads": "content"}})
    costs = world.plan(roll_back_deployment).costs
    (told,) = [cost for cost in costs if "fails where it needs" in cost]
    assert told.startswith("WARNING")
    assert told.endswith(
        "contract_site_settings: drop column public.site_settings.value"
    )  # and nothing of the other one, which only adds
    assert any("older than today's schema by 2 migration(s)" in cost for cost in costs)


def test_a_build_that_is_served_and_fails_is_in_force_and_no_success(world: World) -> None:
    world.break_("column_replaced", {"bad_deployment": {"reads": "content"}})
    plan = world.plan(roll_back_deployment)
    world.carry_out(roll_back_deployment, plan)
    world.until(lambda: "health: 503" in roll_back_deployment.verify(world.systems, plan).summary)
    answer = roll_back_deployment.verify(world.systems, plan)
    assert (answer.status, answer.facts["in_force"]) == (Status.CRITICAL, True)
    undo = world.plan(promote_deployment, **roll_back_deployment.undo_with(plan))
    world.carry_out(promote_deployment, undo)
    assert world.prove(promote_deployment, undo).status is Status.OK
    assert world.state_now()["health"] == 200
