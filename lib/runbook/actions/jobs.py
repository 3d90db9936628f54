"""Bring failed jobs of the queue on: tried again where what they needed was away, set aside where nothing will help them.

There is no flush. It takes jobs that wait, sessions, locks, and the keys by which nobody is charged twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from runbook.actions.frame import Action
from runbook.checks.frame import Answer
from runbook.checks.jobs import HOURS, KEEPS, LOOKED_AT, failed, failed_at, may_pass, reason
from runbook.clients.stripe_rows import EVENT_IDS
from runbook.errors import Refused
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview, Status
from runbook.queue import FailedJob
from runbook.queue.door import ASIDE_DAYS
from runbook.systems import Systems

RETRY_SECONDS = 60.0
SET_SECONDS = 20.0
ENDED = frozenset({"completed", "gone"})  # gone: done, and BullMQ was told not to keep it


def preview_retry(systems: Systems, *, jobs: str = "", hours: int = HOURS) -> Preview:
    """The named failed jobs, else all that failed because something was away. Refused while nobody works on the queue."""
    chosen, others, later = _chosen(systems, jobs, hours, "retry_failed_jobs", wanted=True)
    left = [f"{len(others)} that will fail again: set_aside_job"] if others else []
    left += [f"{len(later)} more: policy allows no more in one plan"] if later else []
    if not chosen:
        return Preview(systems.queue.name, (), ("no failed job may pass",), {}, tuple(left), target_was_given=True)
    if systems.queue.jobs().workers == 0:
        raise Refused("no worker is connected: they would only wait", where="queue",
                      next_step="have the worker started, then plan again; nothing is lost meanwhile")  # fmt: skip
    costs = (
        f"the worker runs each of {len(chosen)} once more: mails, orders, invoices that it makes are made",
        "what a job had done before it failed it does again, unless the application knows that it was done",
    )
    return Preview(systems.queue.name, _objects(systems, chosen), costs, {}, tuple(left), target_was_given=True)


def change_retry(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Have it tried once more, if it is still among the failed ones."""
    job_id = str(item.bound["job"])
    where = systems.queue.stands(job_id)
    if where != "failed":
        return Changed(Outcome.UNCHANGED, f"job {job_id} has not failed any more: {where}")
    systems.queue.retry(job_id)
    return Changed(Outcome.DONE, f"job {job_id} ({item.shown['job']}) is tried again")


def verify_retry(systems: Systems, plan: Plan) -> Answer:
    """The worker has done each of them."""
    where = {str(item.bound["job"]): systems.queue.stands(str(item.bound["job"])) for item in plan.objects}
    again = [one for one, state in where.items() if state == "failed"]
    if again:
        told = f"{len(again)} of {len(where)} failed again, like {again[0]}"
        return Answer(Status.CRITICAL, told, len(again), "jobs", 0, _source(systems), facts={"final": True})
    open_ = [one for one, state in where.items() if state not in ENDED]
    if open_:
        told = f"{len(open_)} of {len(where)} are not done yet, like {open_[0]} ({where[open_[0]]})"
        return Answer(Status.WARNING, told, len(open_), "jobs", 0, _source(systems))
    return Answer(Status.OK, f"all {len(where)} are done", 0, "jobs", 0, _source(systems))


def preview_aside(systems: Systems, *, jobs: str = "", hours: int = HOURS) -> Preview:
    """The named failed jobs, else all that fail by what is in them."""
    chosen, others, later = _chosen(systems, jobs, hours, "set_aside_jobs", wanted=False)
    left = [f"{len(others)} that may pass: retry_failed_jobs"] if others else []
    if not chosen:
        return Preview(
            systems.queue.name, (), ("no job fails by what is in it",), {}, tuple(left), target_was_given=True
        )
    if later:
        raise Refused(f"{len(chosen) + len(later)} jobs fail alike: more than {len(chosen)} is broken code, not broken jobs",
                      where="queue", next_step="deployment-rollback, then retry them; or name some in jobs")  # fmt: skip
    policy = systems.queue.memory().policy
    if policy != KEEPS:
        raise Refused(f"the queue's server throws keys away when it is full ({policy}): what is set aside could vanish",
                      where="queue", next_step=f"set maxmemory-policy to {KEEPS}, then plan again")  # fmt: skip
    costs = (
        "what these jobs were to do is not done: tell whoever talks to these customers",
        f"each is kept whole in the same server for {ASIDE_DAYS} days, then it is gone",
    )
    return Preview(systems.queue.name, _objects(systems, chosen), costs, {}, tuple(left), target_was_given=True)


def change_aside(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Take it out of the queue and keep it, if it is still among the failed ones."""
    job_id = str(item.bound["job"])
    if not systems.queue.set_aside(job_id):
        return Changed(Outcome.UNCHANGED, f"job {job_id} has not failed any more: {systems.queue.stands(job_id)}")
    return Changed(Outcome.DONE, f"job {job_id} ({item.shown['job']}) is set aside for {ASIDE_DAYS} days")


def verify_aside(systems: Systems, plan: Plan) -> Answer:
    """Each is kept, and none is in the queue."""
    return _all_stand(systems, plan, "aside")


def preview_back(systems: Systems, *, jobs: str) -> Preview:
    """The named jobs, of those that are set aside."""
    names = [one for one in _named(jobs) if systems.queue.stands(one) == "aside"]
    items = tuple(PlannedObject(_identity(systems, one), {"job": "set aside"}, {"job": one}) for one in names)
    costs = ("they stand among the failed ones again; nobody tries them by itself",)
    return Preview(systems.queue.name, items, costs if items else ("none of them is set aside",), target_was_given=True)


def change_back(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Put it among the failed ones, if it is set aside."""
    job_id = str(item.bound["job"])
    if not systems.queue.put_back(job_id):
        return Changed(Outcome.UNCHANGED, f"job {job_id} is not set aside: {systems.queue.stands(job_id)}")
    return Changed(Outcome.DONE, f"job {job_id} is among the failed ones again")


def verify_back(systems: Systems, plan: Plan) -> Answer:
    """Each is among the failed ones."""
    return _all_stand(systems, plan, "failed")


def same_jobs(plan: Plan) -> dict[str, Json]:
    """What undo puts back: the plan's jobs."""
    return {"jobs": ",".join(str(item.bound["job"]) for item in plan.objects)}


def _chosen(
    systems: Systems, jobs: str, hours: int, limit: str, *, wanted: bool
) -> tuple[list[FailedJob], list[FailedJob], list[FailedJob]]:
    """Failed jobs to take, those of the other kind, and those that are too many. Named ones are taken of either kind."""
    since_ms = round((systems.times.now().timestamp() - hours * 3600) * 1000)
    every = systems.queue.failed_jobs(LOOKED_AT)
    late = [one for one in reversed(every) if one.failed_at_ms >= since_ms]  # the oldest first
    named, most = _named(jobs), systems.policy.at_most[limit]
    if jobs.startswith(EVENT_IDS):  # Stripe's: no job is meant
        return [], late, []
    if missing := [one for one in named if one not in {job.job_id for job in every}]:
        raise Refused(f"job {missing[0]} is not among the failed ones", where="jobs",
                      next_step=f"take ids from the finding {failed.name}")  # fmt: skip
    taken = [one for one in reversed(every) if one.job_id in named] if named else [
        one for one in late if may_pass(one) == wanted]  # fmt: skip
    return taken[:most], [one for one in late if may_pass(one) != wanted and one not in taken], taken[most:]


def _all_stand(systems: Systems, plan: Plan, wanted: str) -> Answer:
    where = {str(item.bound["job"]): systems.queue.stands(str(item.bound["job"])) for item in plan.objects}
    others = [f"{one} ({state})" for one, state in where.items() if state != wanted]
    if others:
        told = f"{len(others)} of {len(where)} are not {wanted}, like {others[0]}"
        return Answer(Status.CRITICAL, told, len(others), "jobs", 0, _source(systems))
    return Answer(Status.OK, f"all {len(where)} are {wanted}", 0, "jobs", 0, _source(systems))


def _objects(systems: Systems, jobs: Sequence[FailedJob]) -> tuple[PlannedObject, ...]:
    return tuple(
        PlannedObject(_identity(systems, one.job_id), {"job": one.name, "why": reason(one), "failed": failed_at(one),
                                                       "tries": one.tries}, {"job": one.job_id})
        for one in jobs
    )  # fmt: skip


def _identity(systems: Systems, job_id: str) -> str:
    return f"{systems.queue.name}:{job_id}"


def _named(jobs: str) -> list[str]:
    return [one.strip() for one in jobs.split(",") if one.strip()]


def _source(systems: Systems) -> str:
    return f"BullMQ, queue {systems.queue.name}"


retry_failed_jobs = Action(
    "retry_failed_jobs", "Have failed jobs tried once more", Danger.SIDE_EFFECT, "queue",
    preview_retry, change_retry, verify_retry, RETRY_SECONDS, "cannot be undone: the worker has run", at_once=True,
)  # fmt: skip
set_aside_job = Action(
    "set_aside_job", "Take jobs that can never work out of the queue, and keep them", Danger.REVERSIBLE, "queue",
    preview_aside, change_aside, verify_aside, SET_SECONDS, "put_back_job", same_jobs, at_once=True,
    follow_up="A developer reads the jobs that were set aside, mends what they need, and puts them back: runbook undo.",
)  # fmt: skip
put_back_job = Action(
    "put_back_job", "Put jobs that were set aside back among the failed ones", Danger.REVERSIBLE, "queue",
    preview_back, change_back, verify_back, SET_SECONDS, "set_aside_job", same_jobs, mends=False,
)  # fmt: skip
EVERY = (retry_failed_jobs, set_aside_job, put_back_job)
