"""Keep new deployments from going live by themselves, and let them again: a setting of the project, nothing is built or moved.

vercel.com/docs/rest-api, Update an existing project, ``autoAssignCustomDomains``; docs, Promoting deployments, Staging.
"""

from __future__ import annotations

from runbook.actions.frame import Action
from runbook.checks.frame import Answer
from runbook.errors import Refused
from runbook.model import Changed, Danger, Json, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems

BUDGET_SECONDS = 30.0
SOURCE = "Vercel, project"
LIMITS = (
    "new deployments still build; each goes live only when somebody promotes it",
    "not frozen: promoting, rolling back, previews, variables, and a rolling release that is under way",
    "whether a promotion ends the freeze Vercel does not say: look at what is live afterwards",
)


def preview_freeze(systems: Systems) -> Preview:
    """The project, where new deployments go live by themselves; nothing to do after a rollback, which has ended that."""
    if not systems.vercel.project().auto_assigns:
        told = (
            "new deployments do not go live by themselves already: frozen, or since a rollback until somebody promotes"
        )
        return Preview(_project(systems), (), (told,), {"auto_assigns": False})
    return _preview(systems, frozen=True, costs=LIMITS)


def preview_thaw(systems: Systems, *, thaw: bool = False) -> Preview:
    """The project that is frozen. Must be wanted: after a rollback it would let the same code go live again."""
    if not thaw:
        raise Refused("nobody asked to end the freeze", where="thaw", next_step="set the parameter to True")
    if systems.vercel.project().auto_assigns:
        return Preview(
            _project(systems), (), ("new deployments go live by themselves already",), {"auto_assigns": True}
        )
    return _preview(systems, frozen=False, costs=("the next deployment goes live by itself, whoever makes it",))


def change_freeze(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Freeze it, unless it is."""
    return _change(systems, frozen=True)


def change_thaw(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """End the freeze, unless it has ended."""
    return _change(systems, frozen=False)


def verify_freeze(systems: Systems, plan: Plan) -> Answer:
    """Vercel says that new deployments do not go live by themselves."""
    return _verify(systems, frozen=True)


def verify_thaw(systems: Systems, plan: Plan) -> Answer:
    """Vercel says that new deployments go live by themselves."""
    return _verify(systems, frozen=False)


def wanted(plan: Plan) -> dict[str, Json]:
    """Undoing a freeze is asking for its end."""
    return {"thaw": True}


def _preview(systems: Systems, *, frozen: bool, costs: tuple[str, ...]) -> Preview:
    shown = {"now": f"new deployments go {_told(not frozen)}", "then": f"new deployments go {_told(frozen)}"}
    item = PlannedObject(_project(systems), shown)
    return Preview(_project(systems), (item,), costs, {"auto_assigns": frozen})


def _change(systems: Systems, *, frozen: bool) -> Changed:
    if systems.vercel.project().auto_assigns is not frozen:
        return Changed(Outcome.UNCHANGED, f"new deployments go {_told(frozen)} already")
    systems.vercel.set_auto_assign(on=not frozen)
    return Changed(Outcome.DONE, f"new deployments go {_told(frozen)}", {"auto_assigns": not frozen})


def _verify(systems: Systems, *, frozen: bool) -> Answer:
    now = not systems.vercel.project().auto_assigns
    status = Status.OK if now is frozen else Status.CRITICAL
    return Answer(status, f"new deployments go {_told(now)}", _told(now), threshold=_told(frozen), source=SOURCE)


def _told(frozen: bool) -> str:
    return "live only when promoted" if frozen else "live by themselves"


def _project(systems: Systems) -> str:
    return systems.profile.vercel.project_id if systems.profile.vercel else ""


freeze_deployments = Action(
    "freeze_deployments", "Keep new deployments from going live by themselves", Danger.REVERSIBLE, "vercel",
    preview_freeze, change_freeze, verify_freeze, BUDGET_SECONDS, "thaw_deployments", wanted,
    follow_up="Deployments are frozen: end the freeze when the incident is over.",
    mends=False,
)  # fmt: skip
thaw_deployments = Action(
    "thaw_deployments", "Let new deployments go live by themselves again", Danger.REVERSIBLE, "vercel",
    preview_thaw, change_thaw, verify_thaw, BUDGET_SECONDS, "freeze_deployments",
)  # fmt: skip
