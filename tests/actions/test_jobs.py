"""Failed jobs brought on in a real sandbox: a real BullMQ worker, a real server, and a neighbour's queue that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from runbook.actions.jobs import put_back_job, retry_failed_jobs, set_aside_job
from runbook.actions.webhooks import resend_event
from runbook.errors import Refused
from runbook.model import Outcome, Status
from runbook.sandbox import lifecycle

if TYPE_CHECKING:
    from conftest import World

RECEIPTS = 3  # of every world, before anything


def outcomes(world: World, action: Any, plan: Any) -> list[Outcome]:
    return [one.outcome for one in world.carry_out(action, plan)]


def counts(world: World) -> dict[str, Any]:
    state = world.state_now()
    return {name: state[name] for name in ("jobs_failed", "jobs_aside", "other_jobs_failed", "receipts")}


def changes(world: World) -> list[tuple[str, ...]]:
    rows = lifecycle.control("GET", "requests?changes=1", path=world.state)["requests"]
    return [tuple(row["objects"]) for row in rows if row["system"] == "queue"]


def test_jobs_that_failed_in_an_outage_are_done_when_it_is_over_each_once(world: World) -> None:
    world.break_("jobs_failed_in_an_outage")
    before = len(changes(world))
    plan = world.plan(retry_failed_jobs)
    assert len(plan.objects) == 5 and any("mails" in cost for cost in plan.costs)
    assert outcomes(world, retry_failed_jobs, plan) == [Outcome.DONE] * 5
    assert world.prove(retry_failed_jobs, plan).status is Status.OK
    assert counts(world) == {"jobs_failed": 0, "jobs_aside": 0, "other_jobs_failed": 2, "receipts": RECEIPTS + 5}
    assert outcomes(world, retry_failed_jobs, plan) == [Outcome.UNCHANGED] * 5
    assert changes(world)[before:] == [(item.identity,) for item in plan.objects]  # the server's own log, each once
    assert world.plan(retry_failed_jobs).objects == ()


def test_a_job_that_fails_again_is_not_waited_for(world: World) -> None:
    world.break_("poison_job")
    assert world.plan(retry_failed_jobs).objects == ()
    (job,) = world.systems.queue.failed_jobs()
    plan = world.plan(retry_failed_jobs, jobs=job.job_id)
    assert outcomes(world, retry_failed_jobs, plan) == [Outcome.DONE]
    world.until(lambda: world.systems.queue.stands(job.job_id) == "failed")
    answer = world.prove(retry_failed_jobs, plan)
    assert (answer.status, answer.facts["final"]) == (Status.CRITICAL, True)


def test_a_poison_job_is_set_aside_whole_and_put_back_whole(world: World) -> None:
    world.break_("poison_job", "jobs_failed_in_an_outage")
    plan = world.plan(set_aside_job)
    (item,) = plan.objects
    assert "payment" not in str(item.shown) and plan.left_alone == ("5 that may pass: retry_failed_jobs",)
    before = next(one for one in world.systems.queue.failed_jobs() if one.job_id == item.bound["job"])
    assert outcomes(world, set_aside_job, plan) == [Outcome.DONE]
    assert world.prove(set_aside_job, plan).status is Status.OK
    assert counts(world) == {"jobs_failed": 5, "jobs_aside": 1, "other_jobs_failed": 2, "receipts": RECEIPTS}
    assert outcomes(world, set_aside_job, plan) == [Outcome.UNCHANGED]

    back = world.plan(put_back_job, **set_aside_job.undo_with(plan))
    assert outcomes(world, put_back_job, back) == [Outcome.DONE]
    assert world.prove(put_back_job, back).status is Status.OK
    assert next(one for one in world.systems.queue.failed_jobs() if one.job_id == before.job_id) == before
    assert outcomes(world, put_back_job, back) == [Outcome.UNCHANGED]
    assert world.plan(put_back_job, **set_aside_job.undo_with(plan)).objects == ()


def test_nothing_is_retried_while_nobody_works(world: World) -> None:
    world.break_("jobs_failed_in_an_outage", "worker_stopped")
    with pytest.raises(Refused, match="no worker is connected"):
        world.plan(retry_failed_jobs)


def test_many_that_fail_alike_are_broken_code(world: World) -> None:
    world.break_(*({"poison_job": {"jobs": 51}},))
    with pytest.raises(Refused, match="broken code, not broken jobs"):
        world.plan(set_aside_job)
    named = ",".join(one.job_id for one in world.systems.queue.failed_jobs(2))
    assert len(world.plan(set_aside_job, jobs=named).objects) == 2


def test_nothing_is_set_aside_where_the_server_throws_keys_away(world: World) -> None:
    world.break_("poison_job", "queue_evicts")
    with pytest.raises(Refused, match="could vanish"):
        world.plan(set_aside_job)


def test_a_job_that_is_not_among_the_failed_is_refused(world: World) -> None:
    with pytest.raises(Refused, match="job 4711 is not among the failed ones"):
        world.plan(set_aside_job, jobs="4711")


def test_an_event_of_stripes_is_no_job_and_proposes_none(world: World) -> None:
    world.break_("poison_job", "jobs_failed_in_an_outage")
    assert world.plan(set_aside_job, jobs="evt_1").objects == world.plan(retry_failed_jobs, jobs="evt_1").objects == ()
    assert world.plan(resend_event, event="12").objects == world.plan(resend_event).objects == ()
