"""Plans: made out of a preview, kept beside the incident under their id, read back whole or not at all."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path

from runbook.actions.frame import Action
from runbook.errors import SettingError
from runbook.model import Json, Plan, Preview
from runbook.record.folder import write_atomic
from runbook.record.mask import Masker


def plan_of(action: Action, preview: Preview, arguments: Mapping[str, Json], environment: str) -> Plan:
    """The plan that carries an action out on what its preview found."""
    return Plan(
        action=action.name, danger=action.danger, environment=environment, target=preview.target,
        arguments=arguments, objects=preview.objects, costs=preview.costs, before=preview.before,
        left_alone=preview.left_alone, undo=action.undo,
        verify=(inspect.getdoc(action.verify) or action.help).splitlines()[0],
        budget_seconds=action.budget_seconds, proposed_target=action.proposed_target and not preview.target_was_given,
    )  # fmt: skip


def path_of(incident_dir: Path, plan_id: str) -> Path:
    """Where a plan is kept."""
    return incident_dir / "plans" / f"{plan_id}.json"


def keep_plan(plan: Plan, incident_dir: Path, masker: Masker) -> Path:
    """Write a plan to its place, masked; where it is."""
    path = path_of(incident_dir, plan.plan_id)
    path.parent.mkdir(exist_ok=True, mode=0o700)
    masked = masker.json(plan.as_json())
    write_atomic(path, json.dumps(masked, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    return path


def read_plan(path: Path) -> Plan:
    """A kept plan; exit 2 when its content is not the plan that its name says."""
    try:
        plan = Plan.from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(f"not a plan: {error}", where=str(path), next_step="make the plan again") from error
    if plan.plan_id != path.stem:
        raise SettingError("the plan was edited: its id does not fit", where=str(path), next_step="make it again")
    return plan
