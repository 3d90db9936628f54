"""The plans of a run as its journal holds them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from runbook.model import Json
from runbook.record.journal import Entry


def in_force(entries: Sequence[Entry]) -> dict[str, dict[str, Json]]:
    """Each plan by its id, in the order they were first made, as it was when it was last permitted, else as made last.

    One made after its permission was used has the same id and another picture of the world: the one after the change.
    """
    permitted: dict[str, int] = {}
    for entry in entries:
        if entry.event == "approval.used":
            permitted[entry.data["plan_id"]] = entry.seq
    plans: dict[str, dict[str, Json]] = {}
    for entry in entries:
        if entry.event == "plan.made":
            plan_id = entry.data["plan_id"]
            if plan_id not in plans or entry.seq < permitted.get(plan_id, entry.seq + 1):
                plans[plan_id] = entry.data
    return plans
