"""A plan out of a preview."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from runbook.actions.frame import Action
from runbook.model import Json, Plan, Preview


def plan_of(action: Action, preview: Preview, arguments: Mapping[str, Json], environment: str) -> Plan:
    """The plan that carries an action out on what its preview found."""
    return Plan(
        action=action.name, danger=action.danger, environment=environment, target=preview.target,
        arguments=arguments, objects=preview.objects, costs=preview.costs, before=preview.before,
        left_alone=preview.left_alone, undo=action.undo,
        verify=(inspect.getdoc(action.verify) or action.help).splitlines()[0],
        budget_seconds=action.budget_seconds, proposed_target=action.proposed_target and not preview.target_was_given,
    )  # fmt: skip
