"""What an action is: a change with its danger, target, preview, verify with a budget, and undo. All five, or no action.

The frame holds no logic of applying: approvals, guards, the journal and the order of things are ``runbook.run``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from runbook.checks.frame import Answer
from runbook.errors import SettingError
from runbook.model import Changed, Danger, Json, Plan, PlannedObject, Preview
from runbook.systems import Systems


class Step(StrEnum):
    """The parts of a cure that a budget can be allotted to."""

    FIND = "find and plan"  # from the opening of the run to the plan
    CHANGE = "change"
    PROVE = "prove"
    WHOLE = "in all"  # without the time in which people decide


def no_arguments(plan: Plan) -> Mapping[str, Json]:
    """The arguments of an undo that needs none."""
    return {}


@dataclass(frozen=True, slots=True)
class Action:
    """A change.

    ``preview(systems, **arguments)`` reads what would be touched. ``change(systems, item, plan)`` changes one object
    if it is still the one that was approved, else answers ``unchanged``. ``verify(systems, plan)`` proves the effect;
    it is asked again until ok or ``budget_seconds`` are over, and ``warning`` says that the change is on its way,
    ``critical`` with the fact ``final`` that it has failed and nothing more comes.
    ``undo`` is the name of the action that takes it back, or a sentence that begins with "cannot be undone";
    ``undo_with(plan)`` are that action's arguments for a plan that was carried out. ``system`` is asked who it is before
    the change. ``follow_up`` is what somebody must still do afterwards. ``proposed_target``:
    where no parameter names the target, preview chooses it. ``step_seconds`` is what the Markdown runbook allots to its steps.
    ``mends``: whether the world may recover by it; nobody waits to see that after a copy, a request or a freeze.
    ``system_of``: where the plan says which system it is. ``at_once``: nothing before it in its notebook can heal what it
    heals, so it does not wait to see whether that has recovered.
    """

    name: str
    help: str
    danger: Danger
    system: str
    preview: Callable[..., Preview]
    change: Callable[[Systems, PlannedObject, Plan], Changed]
    verify: Callable[[Systems, Plan], Answer]
    budget_seconds: float
    undo: str
    undo_with: Callable[[Plan], Mapping[str, Json]] = no_arguments
    proposed_target: bool = False
    follow_up: str = ""
    step_seconds: Mapping[Step, float] = field(default_factory=dict)
    mends: bool = True
    system_of: Callable[[Plan], str] | None = None
    at_once: bool = False

    def asked_who(self, plan: Plan) -> str:
        """The system that must say who it is before this plan is carried out."""
        return self.system_of(plan) if self.system_of else self.system

    def __post_init__(self) -> None:
        """Refuse to load an action that lacks one of the five."""
        for part in ("name", "help", "system", "undo"):
            if not getattr(self, part):
                raise SettingError(f"action {self.name or '?'} declares no {part}", where="runbook.actions")
        if self.budget_seconds <= 0:
            raise SettingError(f"action {self.name} has no time to prove itself", where="runbook.actions")
