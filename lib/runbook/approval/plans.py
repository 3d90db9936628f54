"""Plans as they lie beside an incident, under their id: ``<incident>/plans/<plan id>.json``. Read back whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runbook.errors import SettingError
from runbook.model import Plan
from runbook.record.folder import write_atomic
from runbook.record.mask import Masker
from runbook.times import iso, parse_iso


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """A plan and when it was made last: what it shows is only as true as it is new."""

    plan: Plan
    made_at: datetime


def path_of(incident_dir: Path, plan_id: str) -> Path:
    """Where a plan is kept."""
    return incident_dir / "plans" / f"{plan_id}.json"


def keep_plan(plan: Plan, incident_dir: Path, masker: Masker, made_at: datetime) -> Path:
    """Write a plan to its place, masked; where it is."""
    path = path_of(incident_dir, plan.plan_id)
    path.parent.mkdir(exist_ok=True, mode=0o700)
    masked = masker.json({**plan.as_json(), "made_at": iso(made_at)})
    write_atomic(path, json.dumps(masked, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    return path


def read_plan(path: Path) -> KeptPlan:
    """A kept plan; exit 2 when its content is not the plan that its name says."""
    try:
        data = json.loads(path.read_text("utf-8"))
        kept = KeptPlan(Plan.from_json(data), parse_iso(data["made_at"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(f"not a plan: {error}", where=str(path), next_step="make the plan again") from error
    if kept.plan.plan_id != path.stem:
        raise SettingError("the plan was edited: its id does not fit", where=str(path), next_step="make it again")
    return kept


def find_plan(runs: Path, plan_id: str) -> Path:
    """Where the plan of this id lies, in whichever incident; exit 2 when there is none, or more than one."""
    found = sorted(runs.glob(f"*/plans/{plan_id}.json")) if plan_id.isalnum() else []
    if len(found) == 1:
        return found[0]
    if found:
        raise SettingError(f"plan {plan_id} was made in {len(found)} incidents", where=str(runs),
                           next_step="close the older incident, or make the plan again")  # fmt: skip
    raise SettingError(f"no plan {plan_id!r}", where=str(runs), next_step="a run shows the ids of its plans")
