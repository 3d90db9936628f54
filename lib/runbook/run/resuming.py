"""What a run had done before it was cut off, read from its journal: so that going on changes nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runbook.model import ActionResult, Changed, Finding, Outcome, Plan, Status
from runbook.record.journal import Entry
from runbook.record.plans import in_force

SURE = frozenset({Outcome.DONE, Outcome.UNCHANGED})
UNSETTLED = frozenset({Outcome.UNKNOWN, Outcome.UNVERIFIED})


@dataclass(frozen=True, slots=True)
class SoFar:
    """A plan that was begun: what became of each object, and of which nobody saw the end."""

    plan: Plan
    outcomes: dict[str, Changed]
    unsure: frozenset[str]
    approved_by: str
    permitted_until: str  # ISO 8601

    @property
    def touched(self) -> bool:
        """Whether anything may have been changed; else it was permitted, and no more."""
        return bool(self.outcomes or self.unsure)


def done_before(entries: Sequence[Entry], action: str) -> ActionResult | None:
    """The answer of an action that was done before the run was resumed; None when it was not, or nothing was resumed."""
    resumed = max((entry.seq for entry in entries if entry.event == "run.resumed"), default=0)
    ends = [e.data for e in entries if e.event == "action.finished" and e.data["action"] == action and e.seq < resumed]
    if not ends or ends[-1]["outcome"] != Outcome.DONE:
        return None
    data = ends[-1]
    verify = data["verify"]
    found = None if verify is None else Finding(
        verify["check"], Status(verify["status"]), verify["summary"], verify["observed"], verify["unit"],
        verify["threshold"], verify["source"], verify["seconds"],
    )  # fmt: skip
    return ActionResult(action, data["plan_id"], Outcome.DONE, "done before the run was resumed: not done again",
                        data["approved_by"], data["seconds"], found, tuple(data["changed"]))  # fmt: skip


def begun(entries: Sequence[Entry], action: str) -> SoFar | None:
    """The plan of an action that was permitted and whose end nobody saw or proved; None when there is none."""
    mine = [e for e in entries if e.data.get("action") == action]
    permitted = [e for e in mine if e.event == "approval.used"]
    if not permitted:
        return None
    plan_id = permitted[-1].data["plan_id"]
    ends = [e for e in mine if e.event == "action.finished" and e.seq > permitted[-1].seq]
    if ends and Outcome(ends[-1].data["outcome"]) not in UNSETTLED:
        return None
    return so_far(entries, Plan.from_json(in_force(entries)[plan_id]))


def so_far(entries: Sequence[Entry], plan: Plan) -> SoFar:
    """What the journal tells of one plan's objects."""
    outcomes: dict[str, Changed] = {}
    unsure: dict[str, None] = {}
    for entry in entries:
        data = entry.data
        if entry.event != "action.object" or data["plan_id"] != plan.plan_id:
            continue
        name = data["object"]
        if data["phase"] == "intent" or Outcome(data["outcome"]) not in SURE:
            unsure[name] = None
            if data["phase"] == "outcome" and data["outcome"] == Outcome.FAILED:
                unsure.pop(name)  # the system said no: it was not changed
        else:
            unsure.pop(name, None)
            outcomes[name] = Changed(Outcome(data["outcome"]), data["line"], data["after"])
    used = [e.data for e in entries if e.event == "approval.used" and e.data["plan_id"] == plan.plan_id]
    reason = used[-1]["break_glass"]
    names = ", ".join(dict.fromkeys(one["approver"] for one in used))
    return SoFar(plan, outcomes, frozenset(unsure), by(names, reason), min(one["expires_at"] for one in used))


def by(names: str, break_glass: str) -> str:
    """Who approved, and loudly so when a second person was missing."""
    return f"{names}, BREAK-GLASS: {break_glass}" if break_glass else names
