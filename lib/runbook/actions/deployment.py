"""Move production to another deployment, and back: the code that visitors get, without building anything."""

from __future__ import annotations

from dataclasses import replace

from runbook.actions.frame import Action
from runbook.checks.deployment import applied_migrations, describe, last_good, migrations_since, recent
from runbook.checks.frame import Answer
from runbook.checks.site import ask_pages
from runbook.clients.vercel import Deployment, VercelProject
from runbook.errors import Refused
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

BUDGET_SECONDS = 180.0  # the Markdown runbook: an emergency rollback takes at most three minutes
SOURCE = "Vercel, project and aliases; the site"
REASON_MOST = 250  # characters Vercel keeps


def preview_roll_back(systems: Systems, *, deployment: str = "") -> Preview:
    """The deployment that is live and the one to go back to; the last good one when none is given."""
    project = systems.vercel.project()
    live = project.production_deployment
    if canary := systems.vercel.rolling_release():
        raise Refused(f"a rolling release gives a part of the traffic to {canary}", where="Vercel",
                      next_step="abort or complete it in the dashboard, then plan again")  # fmt: skip
    found = {one.uid: one for one in systems.vercel.rollback_candidates()}
    behind = _left_behind(systems, live)
    if deployment and deployment not in found and not (behind and deployment == live):
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
    return _preview(systems, project, to.uid, shown, _costs_of_going_back(systems, to, newest), bool(deployment))


def preview_promote(systems: Systems, *, deployment: str = "") -> Preview:
    """The deployment to promote; the one that was rolled back when none is given."""
    project = systems.vercel.project()
    move = project.last_move
    to = deployment or (move.from_uid if move is not None and move.kind == "rollback" else "")
    if not to:
        raise Refused("nothing was rolled back, and no deployment was given", where="promote",
                      next_step="name the deployment")  # fmt: skip
    costs = ("new deployments go live by themselves again",)
    now = systems.times.now()
    shown = {"now": project.production_deployment,
             "then": next((describe(one, now) for one in recent(systems) if one.uid == to), to)}  # fmt: skip
    if to == project.production_deployment and project.auto_assigns:
        return Preview(_project(systems), (), (f"{to} is production already",), {})
    return _preview(systems, project, to, shown, costs, bool(deployment))


def change_roll_back(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Ask for the rollback, if production still is what the plan saw."""
    now = systems.vercel.project().production_deployment
    to, expected = str(item.bound["to"]), item.bound["expected"]
    if now != expected:
        return Changed(Outcome.UNCHANGED, f"production is {now}, not {expected} as planned")
    systems.vercel.roll_back(to, f"runbook plan {plan.plan_id}, approved"[:REASON_MOST])
    return Changed(Outcome.DONE, f"rolled production back from {expected} to {to}", {"production": to})


def change_promote(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Promote it, if production still is what the plan saw."""
    now = systems.vercel.project().production_deployment
    to, expected = str(item.bound["to"]), item.bound["expected"]
    if now != expected:
        return Changed(Outcome.UNCHANGED, f"production is {now}, not {expected} as planned")
    at_once = systems.vercel.promote(to)
    waits = "" if at_once else " (it waits for a rolling release)"
    return Changed(Outcome.DONE, f"promoted {to} over {expected}{waits}", {"production": to})


def before(plan: Plan) -> dict[str, Json]:
    """What undo moves production to: what the plan saw live."""
    return {"deployment": plan.before["production"]}


def verify(systems: Systems, plan: Plan) -> Answer:
    """Vercel has moved production and every domain to it, the site answers with that build and without errors."""
    moved = verify_promote(systems, plan)
    if moved.status is not Status.OK or systems.profile.site is None:
        return moved
    failed = [row for row in ask_pages(systems, 1) if row["error"]]
    if failed:
        told = f"{failed[0]['path']} answers {failed[0]['error']}"
        return Answer(Status.CRITICAL, told, len(failed), "pages", 0, SOURCE)
    return replace(moved, summary=f"{moved.summary}, no page fails")


def verify_promote(systems: Systems, plan: Plan) -> Answer:
    """Vercel has moved production and every domain to it, and the site answers with that build."""
    to = str(plan.objects[0].bound["to"])
    project = systems.vercel.project()
    move = project.last_move
    if move is not None and move.to_uid == to and move.status in ("pending", "in-progress"):
        return Answer(Status.WARNING, f"the move is {move.status}", move.status, threshold="succeeded", source=SOURCE)
    if move is None or move.to_uid != to or project.production_deployment != to:
        return Answer(Status.CRITICAL, f"production is {project.production_deployment}", project.production_deployment,
                      threshold=to, source=SOURCE)  # fmt: skip
    if behind := _left_behind(systems, to):
        told = f"the move has {move.status}; left behind: {', '.join(behind)}"
        return Answer(Status.CRITICAL, told, move.status, threshold="succeeded", source=SOURCE)
    if systems.profile.site is None:
        return Answer(Status.OK, f"every domain serves {to}", to, threshold=to, source=SOURCE)
    page = systems.site.get(systems.profile.site.health_path)
    build = str(page.data.get("build") or "") if isinstance(page.data, dict) else ""
    if build and build != to:
        return Answer(Status.CRITICAL, f"the site still answers with build {build}", build, threshold=to, source=SOURCE)
    named = f"the site answers with that build ({page.status_code})" if build else "the site does not name its build"
    return Answer(Status.OK, f"every domain serves {to}; {named}", to, threshold=to, source=SOURCE)


def _preview(
    systems: Systems, project: VercelProject, to: str, shown: dict[str, str], costs: tuple[str, ...],
    target_was_given: bool = False,
) -> Preview:  # fmt: skip
    live = project.production_deployment
    item = PlannedObject(f"{to} instead of {live}", shown, {"to": to, "expected": live})
    before = {"production": live, "auto_assigns": project.auto_assigns}
    return Preview(_project(systems), (item,), costs, before, target_was_given=target_was_given)


def _costs_of_going_back(systems: Systems, to: Deployment, newest: list[Deployment]) -> tuple[str, ...]:
    gone = [one for one in newest if one.at > to.at and one.state == "READY"]
    costs = [
        "the deployment since then is no longer served"
        if len(gone) == 1
        else f"the {len(gone)} deployments since then are no longer served",
        "environment variables and cron jobs go back to what that build had",
        "new deployments do not go live by themselves until somebody promotes",
    ]
    since = migrations_since(applied_migrations(systems), to)
    if since is None:
        costs.append("WARNING: nobody can tell which migrations were applied since that build")
    elif since:
        costs.append(f"WARNING: older than today's schema by {len(since)} migration(s), the newest {since[0]}: "
                     "ask whether that code can live with it")  # fmt: skip
    return tuple(costs)


def _left_behind(systems: Systems, uid: str) -> list[str]:
    target = systems.profile.vercel
    return [domain for domain in (target.domains if target else ()) if systems.vercel.alias(domain) != uid]


def _was_rolled_back(project: VercelProject) -> bool:
    move = project.last_move
    return move is not None and move.kind == "rollback" and move.to_uid == project.production_deployment


def _project(systems: Systems) -> str:
    return systems.profile.vercel.project_id if systems.profile.vercel else ""


roll_back_deployment = Action(
    "roll_back_deployment", "Serve an earlier deployment on every domain", Danger.REVERSIBLE, "vercel",
    preview_roll_back, change_roll_back, verify, BUDGET_SECONDS, "promote_deployment", before, proposed_target=True,
    follow_up="New deployments do not go live by themselves since the rollback: promote one when it is mended.",
)  # fmt: skip
promote_deployment = Action(
    "promote_deployment", "Serve a deployment on every domain, and let new ones go live again", Danger.REVERSIBLE, "vercel",
    preview_promote, change_promote, verify_promote, BUDGET_SECONDS, "roll_back_deployment", before, proposed_target=True,
)  # fmt: skip
EVERY = (roll_back_deployment, promote_deployment)
