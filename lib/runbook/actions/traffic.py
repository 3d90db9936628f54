"""Vercel's attack mode: challenge every visitor while a traffic spike lasts, and stop doing so."""

from __future__ import annotations

from datetime import timedelta

from runbook.actions.frame import Action
from runbook.checks.frame import Answer
from runbook.checks.traffic import attack_mode_on
from runbook.model import Changed, Danger, Outcome, Plan, PlannedObject, Preview, Status
from runbook.systems import Systems
from runbook.times import iso

BUDGET_SECONDS = 60.0
SOURCE = "Vercel, attack mode"


def preview_enable(systems: Systems, *, minutes: int = 60) -> Preview:
    """The project, if attack mode is off; it ends by itself."""
    costs = (
        f"for {minutes} minutes every visitor is challenged; scripts, monitors and webhooks that are not exempt fail",
    )
    return _preview(systems, wanted=True, costs=costs)


def preview_disable(systems: Systems) -> Preview:
    """The project, if attack mode is on."""
    return _preview(systems, wanted=False, costs=("visitors are let in unchecked again",))


def change_enable(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Switch it on for the plan's minutes, if it is still off."""
    if attack_mode_on(systems):
        return Changed(Outcome.UNCHANGED, "attack mode is on already")
    until = systems.times.now() + timedelta(minutes=int(plan.arguments.get("minutes", 60)))
    systems.vercel.set_attack_mode(on=True, until_ms=int(until.timestamp() * 1000))
    return Changed(Outcome.DONE, f"switched attack mode on until {until:%H:%M} UTC", {"on": True, "until": iso(until)})


def change_disable(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Switch it off, if it is still on."""
    if not attack_mode_on(systems):
        return Changed(Outcome.UNCHANGED, "attack mode is off already")
    systems.vercel.set_attack_mode(on=False)
    return Changed(Outcome.DONE, "switched attack mode off", {"on": False})


def verify_enable(systems: Systems, plan: Plan) -> Answer:
    """Vercel says that it is on."""
    return _verify(systems, wanted=True)


def verify_disable(systems: Systems, plan: Plan) -> Answer:
    """Vercel says that it is off."""
    return _verify(systems, wanted=False)


def _preview(systems: Systems, *, wanted: bool, costs: tuple[str, ...]) -> Preview:
    on = attack_mode_on(systems)
    project = systems.profile.vercel.project_id if systems.profile.vercel else ""
    item = PlannedObject(project, {"attack mode now": _word(on), "then": _word(wanted)})
    return Preview(project, () if on == wanted else (item,), costs, {"on": on})


def _verify(systems: Systems, *, wanted: bool) -> Answer:
    on = attack_mode_on(systems)
    status = Status.OK if on == wanted else Status.CRITICAL
    return Answer(status, f"attack mode is {_word(on)}", _word(on), threshold=_word(wanted), source=SOURCE)


def _word(on: bool) -> str:
    return "on" if on else "off"


enable_attack_mode = Action(
    "enable_attack_mode", "Challenge every visitor while a traffic spike lasts", Danger.REVERSIBLE, "vercel",
    preview_enable, change_enable, verify_enable, BUDGET_SECONDS, "disable_attack_mode",
)  # fmt: skip
disable_attack_mode = Action(
    "disable_attack_mode", "Stop challenging visitors", Danger.REVERSIBLE, "vercel",
    preview_disable, change_disable, verify_disable, BUDGET_SECONDS, "enable_attack_mode",
)  # fmt: skip
