"""The site's environment at Vercel: a value of ours by its name, never shown, and the build that takes it up."""

from __future__ import annotations

from runbook.actions.frame import Action
from runbook.checks.deployment import recent
from runbook.checks.frame import Answer
from runbook.errors import Refused
from runbook.model import Changed, Danger, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems
from runbook.times import parse_iso

SET_SECONDS = 30.0
BUILD_SECONDS = 900.0  # a build takes minutes
FAILED = frozenset({"ERROR", "CANCELED", "DELETED", "BLOCKED"})  # Vercel's OpenAPI document, readyState
FINAL = {"final": True}
SOURCE = "Vercel, project and deployments"


def preview_set(systems: Systems, *, secret: str, name: str = "") -> Preview:
    """The variable as it is, and the targets that get the value; refused where it is not there already."""
    key = name or secret
    found = [one for one in systems.vercel.variables() if one.key == key]
    if len(found) != 1:
        raise Refused(f"the site's environment has {len(found) or 'no'} {key}", where="Vercel, environment variables",
                      next_step="make it there by hand, or name the right one")  # fmt: skip
    if not systems.has_secret(secret):
        raise Refused(f"{secret} is not set", where="our own secrets", next_step=f"set {secret}")
    (one,) = found
    shown = {"now": f"changed {one.updated_at[:16].replace('T', ' ')}", "then": f"{secret} of ours",
             "targets": ", ".join(one.targets)}  # fmt: skip
    costs = ("the value that is there is lost", "nothing that runs has the new one before a redeploy")
    item = PlannedObject(key, shown, {"targets": list(one.targets), "changed": one.updated_at})
    return Preview(_project(systems), (item,), costs, target_was_given=True)


def change_set(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Set it, for the same targets."""
    secret = str(plan.arguments["secret"])
    systems.vercel.set_variable(
        item.identity, systems.secret_for_a_vendor(secret), [str(one) for one in item.bound["targets"]]
    )
    return Changed(Outcome.DONE, f"set {item.identity} in the site's environment, from {secret}")


def verify_set(systems: Systems, plan: Plan) -> Answer:
    """Vercel says that it was changed since the plan; a value that is sensitive can never be read back."""
    (item,) = plan.objects
    seen = next((one.updated_at for one in systems.vercel.variables() if one.key == item.identity), "")
    is_new = bool(seen) and parse_iso(seen) > parse_iso(str(item.bound["changed"]))
    told = f"{item.identity} was changed {seen or 'never'}"
    return Answer(Status.OK if is_new else Status.CRITICAL, told, source="Vercel, environment variables")


def preview_redeploy(systems: Systems) -> Preview:
    """What is in production, to be built again."""
    project = systems.vercel.project()
    one = systems.vercel.deployment(project.production_deployment)
    item = PlannedObject(
        one.uid, {"commit": one.commit, "message": one.message, "built": one.at}, {"name": project.name}
    )
    costs: tuple[str, ...] = ("a build: minutes, and it can fail; what runs now runs on until it is live",
             "every change of the environment since the last build goes live with it")  # fmt: skip
    if not project.auto_assigns:
        costs += (
            "WARNING: deployments do not go live by themselves since a rollback or a freeze: promote it when it is ready",
        )
    return Preview(_project(systems), (item,), costs, {"production": one.uid, "built": one.at})


def change_redeploy(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Build it again, if it still is what is in production."""
    if (live := systems.vercel.project().production_deployment) != item.identity:
        return Changed(Outcome.UNCHANGED, f"production is {live} now: plan again")
    uid = systems.vercel.redeploy(item.identity, str(item.bound["name"]))
    return Changed(Outcome.DONE, f"built {item.identity} again as {uid}", {"uid": uid})


def verify_redeploy(systems: Systems, plan: Plan) -> Answer:
    """What was begun since is ready and is production; what failed, or waits to be promoted, is told at once."""
    live, (newest, *_) = systems.vercel.project(), recent(systems)
    told = f"{newest.uid} is {newest.state.lower()}"
    if parse_iso(newest.at) <= parse_iso(str(plan.before["built"])):
        return Answer(Status.WARNING, "no build has begun yet", source=SOURCE)
    if newest.state in FAILED:
        return Answer(Status.CRITICAL, f"{told}: {plan.objects[0].identity} runs on", source=SOURCE, facts=FINAL)
    if newest.state == "READY" and live.production_deployment == newest.uid:
        return Answer(Status.OK, f"production is {newest.uid}, built {newest.at}", source=SOURCE)
    if newest.state == "READY" and not live.auto_assigns:
        told += ", but deployments do not go live by themselves: promote it"
        return Answer(Status.CRITICAL, told, source=SOURCE, facts=FINAL)
    return Answer(Status.WARNING, told, source=SOURCE)


def _project(systems: Systems) -> str:
    return systems.profile.vercel.project_id if systems.profile.vercel else ""


set_variable = Action(
    "set_variable", "Put a secret of ours into the site's environment", Danger.SIDE_EFFECT, "vercel",
    preview_set, change_set, verify_set, SET_SECONDS, "cannot be undone: the value that was there is not told by Vercel",
)  # fmt: skip
redeploy = Action(
    "redeploy", "Build what is in production again, with today's environment", Danger.DISRUPTIVE, "vercel",
    preview_redeploy, change_redeploy, verify_redeploy, BUILD_SECONDS,
    "cannot be undone: roll back to the deployment before, deployment-rollback", proposed_target=True, at_once=True,
)  # fmt: skip
EVERY = (set_variable, redeploy)
