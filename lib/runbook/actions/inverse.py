"""What takes back the changes of a run: the inverse of only what was really changed, newest first."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from runbook import actions
from runbook.actions.frame import Action
from runbook.errors import SettingError
from runbook.model import Json, Outcome, Plan
from runbook.record.journal import Entry
from runbook.record.plans import in_force


@dataclass(frozen=True, slots=True)
class Inverse:
    """One plan that changed something, and how to take it back; ``why_not`` says why there is no way back."""

    plan: Plan
    changed: tuple[str, ...]  # a line per object
    outcome: str
    module: str = ""  # below runbook.actions
    action: str = ""
    arguments: Mapping[str, Json] | None = None
    why_not: str = ""


def inverses(entries: Sequence[Entry]) -> list[Inverse]:
    """The inverse of each plan that a run carried out, whole or in part, newest first."""
    plans = {plan_id: Plan.from_json(data) for plan_id, data in in_force(entries).items()}
    done: dict[str, dict[str, str]] = {}  # plan -> object -> line, in the order of the changes
    ends: dict[str, str] = {}
    for entry in entries:
        data = entry.data
        if entry.event == "action.object" and data["phase"] == "outcome" and data["outcome"] == Outcome.DONE:
            done.setdefault(data["plan_id"], {})[data["object"]] = data["line"]
        elif entry.event == "action.finished":
            ends[data["plan_id"]] = data["outcome"]
    return [
        _inverse(plans[plan_id], lines, ends.get(plan_id, "unknown"))
        for plan_id, lines in reversed(done.items())
        if plan_id in plans
    ]


def find_action(name: str) -> tuple[str, Action]:
    """An action of the library by its name, and the module that holds it; exit 2 when there is none any more."""
    for module in pkgutil.iter_modules(actions.__path__):
        held = vars(import_module(f"runbook.actions.{module.name}")).values()
        for one in held:
            if isinstance(one, Action) and one.name == name:
                return module.name, one
    raise SettingError(f"no action {name!r}", where="runbook.actions", next_step="take it back by hand")


def _inverse(plan: Plan, lines: Mapping[str, str], outcome: str) -> Inverse:
    touched = replace(plan, objects=tuple(item for item in plan.objects if item.identity in lines))
    changed = tuple(lines.values())
    _, action = find_action(plan.action)
    if action.undo.startswith("cannot be undone"):
        return Inverse(plan, changed, outcome, why_not=action.undo)
    module, _ = find_action(action.undo)
    return Inverse(plan, changed, outcome, module, action.undo, action.undo_with(touched))
