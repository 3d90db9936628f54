"""Move production to another deployment, and back: the code that visitors get, without building anything."""

from __future__ import annotations

from collections.abc import Callable

from runbook.actions.frame import Action, Step
from runbook.actions.freezing import freeze_deployments, thaw_deployments
from runbook.actions.serving import verify_promote, verify_roll_back
from runbook.checks.deployment import applied_migrations, describe, last_good, left_behind, migrations_since, recent
from runbook.checks.migrations import taken_away
from runbook.clients.vercel_rows import Deployment, VercelProject
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview
from runbook.systems import Systems

BUDGET_SECONDS = 180.0  # the Markdown runbook: an emergency rollback takes at most three minutes
STEPS = {Step.FIND: 30.0, Step.CHANGE: 10.0, Step.PROVE: 30.0, Step.WHOLE: BUDGET_SECONDS}  # as it allots them
REASON_MOST = 250  # characters Vercel keeps
# What Vercel's refusals of a move mean here (vercel.com/docs/rest-api, rollback and promote; docs, Instant Rollback).
REFUSALS = {
    402: "the plan allows a rollback to the deployment right before only (Hobby): choose that one, or mend the code",
    403: "the token may not change this project, or it is of another team: look at VERCEL_TOKEN and the team",
    404: "there is no such project in this team: look at the ids and the team in the profile",
    409: "another move of the domains or a rolling release is under way: wait for it or end it, then plan again",
    410: "the deployment was deleted: choose another from the table of candidates",
    422: "the deployment cannot serve production: it never did, was not built, or is gone: choose another candidate",
}


def preview_roll_back(systems: Systems, *, deployment: str = "") -> Preview:
    """The deployment that is live and the one to go back to; the last good one when none is given."""
    project = systems.vercel.project()
    live = project.production_deployment
    if canary := systems.vercel.rolling_release():
        raise Refused(f"a rolling release gives a part of the traffic to {canary}", where="Vercel",
                      next_step="abort or complete it in the dashboard, then plan again")  # fmt: skip
    found = {one.uid: one for one in systems.vercel.rollback_candidates()}
    behind = left_behind(systems, live)
    if deployment == live and not behind:
        return Preview(_project(systems), (), (f"{live} is production on every domain already",), {"production": live})
    if deployment and deployment not in found and deployment != live:
        raise Refused(f"{deployment} is no rollback candidate: it never served production, or is gone",
                      where="deployment", next_step="choose one from the table of candidates")  # fmt: skip
    if behind and deployment in ("", live):
        costs = (f"the move of production to {live} is finished for {', '.join(behind)}",)
        return _preview(systems, project, live, {"now": f"{', '.join(behind)} left behind", "then": live}, costs)
    newest = recent(systems)
    if not deployment and _was_rolled_back(project):
        costs = (f"production was rolled back to {live} already: never one step further back by itself",)
        return Preview(_project(systems), (), costs, {"production": live})
    to = found[deployment] if deployment else last_good(list(found.values()), project, newest)
    if to is None:
        raise Refused("there is no earlier deployment to go back to", where="Vercel",
                      next_step="mend the code and deploy, or switch the feature off by its flag")  # fmt: skip
    now = systems.times.now()
    from_ = next((one for one in newest if one.uid == live), None)
    shown = {"now": describe(from_, now) if from_ else live, "then": describe(to, now)}
    return _preview(
        systems, project, to.uid, shown, _costs_of_going_back(systems, project, to, newest), bool(deployment)
    )


def preview_promote(systems: Systems, *, deployment: str = "") -> Preview:
    """The deployment to promote. Must be named: nobody is asked to undo a rollback that has just helped."""
    if not deployment:
        raise Refused("no deployment to promote is named", where="promote",
                      next_step="after a rollback, its plan says what was live before")  # fmt: skip
    project, to = systems.vercel.project(), deployment
    costs = ("new deployments go live by themselves again, unless they were frozen",)
    now = systems.times.now()
    shown = {"now": project.production_deployment,
             "then": next((describe(one, now) for one in recent(systems) if one.uid == to), to)}  # fmt: skip
    if to == project.production_deployment and project.auto_assigns:
        return Preview(_project(systems), (), (f"{to} is production already",), {})
    return _preview(systems, project, to, shown, costs, target_was_given=True)


def change_roll_back(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Ask for the rollback, if production still is what the plan saw."""
    now = systems.vercel.project().production_deployment
    to, expected = str(item.bound["to"]), item.bound["expected"]
    if now != expected:
        return Changed(Outcome.UNCHANGED, f"production is {now}, not {expected} as planned")
    reason = f"runbook plan {plan.plan_id}, approved"[:REASON_MOST]
    if no := _refused(lambda: systems.vercel.roll_back(to, reason)):
        return Changed(Outcome.FAILED, f"{to}: {no}")
    return Changed(Outcome.DONE, f"rolled production back from {expected} to {to}", {"production": to})


def change_promote(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Promote it, if production still is what the plan saw."""
    now = systems.vercel.project().production_deployment
    to, expected = str(item.bound["to"]), item.bound["expected"]
    if now != expected:
        return Changed(Outcome.UNCHANGED, f"production is {now}, not {expected} as planned")
    waits = []

    def promote() -> None:
        if not systems.vercel.promote(to):
            waits.append(" (it waits for a rolling release)")

    if no := _refused(promote):
        return Changed(Outcome.FAILED, f"{to}: {no}")
    return Changed(Outcome.DONE, f"promoted {to} over {expected}{''.join(waits)}", {"production": to})


def _refused(ask: Callable[[], object]) -> str:
    """Ask for a move; why Vercel does not make it, in words. Any other fault is the run's to judge."""
    try:
        ask()
    except SystemFault as fault:
        if fault.status_code not in REFUSALS:
            raise
        return f"{REFUSALS[fault.status_code]} ({fault.what})"
    return ""


def before(plan: Plan) -> dict[str, Json]:
    """What undo moves production to: what the plan saw live."""
    return {"deployment": plan.before["production"]}


def _preview(
    systems: Systems, project: VercelProject, to: str, shown: dict[str, str], costs: tuple[str, ...],
    target_was_given: bool = False,
) -> Preview:  # fmt: skip
    live = project.production_deployment
    item = PlannedObject(f"{to} instead of {live}", shown, {"to": to, "expected": live})
    before = {"production": live, "auto_assigns": project.auto_assigns}
    return Preview(_project(systems), (item,), costs, before, target_was_given=target_was_given)


def _costs_of_going_back(
    systems: Systems, project: VercelProject, to: Deployment, newest: list[Deployment]
) -> tuple[str, ...]:
    gone = [one for one in newest if one.at > to.at and one.state == "READY"]
    costs = [
        "the deployment since then is no longer served"
        if len(gone) == 1
        else f"the {len(gone)} deployments since then are no longer served",
        "environment variables and cron jobs go back to what that build had"
        + (f"; cron jobs now: {', '.join(project.crons)}" if project.crons else ""),
        *_variables_since(systems, to),
        "new deployments do not go live by themselves until somebody promotes",
    ]
    since = migrations_since(applied_migrations(systems), to)
    if since is None:
        costs.append("WARNING: nobody can tell which migrations were applied since that build")
    elif since:
        costs.append(f"WARNING: older than today's schema by {len(since)} migration(s), the newest {since[0]}: "
                     "ask whether that code can live with it")  # fmt: skip
        costs += [f"WARNING: that code fails where it needs what is gone: {one}" for one in taken_away(systems, since)]
    return tuple(costs)


def _variables_since(systems: Systems, to: Deployment) -> list[str]:
    """The variables of production that were changed since a build, whose older values come back with it."""
    try:
        found = [
            one.key for one in systems.vercel.variables() if "production" in one.targets and one.updated_at > to.at
        ]
    except SystemFault as fault:
        if fault.fault is not Fault.PERMISSION:
            raise
        return ["WARNING: which variables were changed since that build cannot be told: the token may not read them"]
    return [f"WARNING: older values come back of {', '.join(found)}: changed since that build"] if found else []


def _was_rolled_back(project: VercelProject) -> bool:
    move = project.last_move
    return move is not None and move.kind == "rollback" and move.to_uid == project.production_deployment


def _project(systems: Systems) -> str:
    return systems.profile.vercel.project_id if systems.profile.vercel else ""


roll_back_deployment = Action(
    "roll_back_deployment", "Serve an earlier deployment on every domain", Danger.REVERSIBLE, "vercel",
    preview_roll_back, change_roll_back, verify_roll_back, BUDGET_SECONDS, "promote_deployment", before, proposed_target=True,
    follow_up="New deployments do not go live by themselves since the rollback: promote one when it is mended.",
    step_seconds=STEPS,
)  # fmt: skip
promote_deployment = Action(
    "promote_deployment", "Serve a deployment on every domain, and let new ones go live again", Danger.REVERSIBLE, "vercel",
    preview_promote, change_promote, verify_promote, BUDGET_SECONDS, "roll_back_deployment", before, proposed_target=True,
)  # fmt: skip
EVERY = (roll_back_deployment, promote_deployment, freeze_deployments, thaw_deployments)
