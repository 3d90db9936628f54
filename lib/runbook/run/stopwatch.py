"""What the Markdown runbook allots to the steps of a cure, beside what they took. Pure: from the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from runbook.actions.frame import Step
from runbook.model import Row
from runbook.record.journal import Entry
from runbook.times import parse_iso


def steps(allotted: Mapping[Step, float], entries: Sequence[Entry], plan_id: str, ended: datetime) -> list[Row]:
    """A row for each step; none without an allotment, or when the plan was not carried out from beginning to end here."""
    at = {name: parse_iso(entry.at) for name, entry in _marks(entries, plan_id).items()}
    if not allotted or len(at) < len(Step):
        return []
    took = {
        Step.FIND: (at["planned"] - at["opened"]).total_seconds(),
        Step.CHANGE: (at["changed"] - at["started"]).total_seconds(),
        Step.PROVE: (ended - at["changed"]).total_seconds(),
    }
    took[Step.WHOLE] = sum(took.values())  # people's time to decide lies between plan and start, and is theirs
    return [
        {"step": step.value, "allotted_seconds": allotted[step], "took_seconds": round(took[step], 1),
         "within": took[step] <= allotted[step]}
        for step in Step if step in allotted
    ]  # fmt: skip


def _marks(entries: Sequence[Entry], plan_id: str) -> dict[str, Entry]:
    """The entries that the steps lie between: opened, planned (the first time), started and changed (the last)."""
    marks: dict[str, Entry] = {}
    for entry in entries:
        if entry.event == "run.opened":
            marks["opened"] = entry
        elif entry.data.get("plan_id") != plan_id:
            continue
        elif entry.event == "plan.made":
            marks.setdefault("planned", entry)
        elif entry.event == "action.started":
            marks["started"] = entry
        elif entry.event == "action.object" and entry.data["phase"] == "outcome":
            marks["changed"] = entry
    return marks
