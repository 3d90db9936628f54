"""What is fixed for the length of one run, and what a run has seen so far, read back from its journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from runbook.model import Finding, Incident, Json, Mode, Outcome, Plan, Status
from runbook.record.journal import Entry

BAD_ENDS = frozenset({Outcome.REFUSED, Outcome.FAILED, Outcome.UNVERIFIED, Outcome.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Facts:
    """Who runs what, where, and how. ``incident_dir`` is the folder that holds plans and approvals."""

    run: str
    run_dir: Path
    runs: Path
    notebook: str
    category: str
    incident: Incident | None
    environment: str
    sandbox: bool
    mode: Mode
    interactive: bool
    supervised: bool
    drill: bool
    operator: str
    operator_source: str
    break_glass: str = ""

    @property
    def incident_dir(self) -> Path:
        """Where this run's plans and approvals lie: beside the runs of its incident, or of its group."""
        return self.run_dir.parent

    @property
    def incident_id(self) -> str:
        """The incident's id, empty for a routine run."""
        return self.incident.incident_id if self.incident else ""


def findings_of(entries: Iterable[Entry]) -> list[Finding]:
    """Every finding of the journal, oldest first. Rows are not in it: they stand in the outputs."""
    return [_finding(entry.data) for entry in entries if entry.event == "check.finished"]


def latest_plan(entries: Iterable[Entry], action: str) -> Plan | None:
    """The last plan of one action that this run made."""
    made = [e.data for e in entries if e.event == "plan.made" and e.data["action"] == action]
    return Plan.from_json(made[-1]) if made else None


def first_bad_end(entries: Iterable[Entry]) -> tuple[str, str] | None:
    """The first action of this run that ended badly, and how; None while there is none."""
    ends: dict[tuple[str, str], str] = {}  # of each plan the last end counts: an unknown one may have been settled
    for entry in entries:
        if entry.event == "action.finished":
            ends[entry.data["action"], entry.data["plan_id"]] = entry.data["outcome"]
    bad = {outcome.value for outcome in BAD_ENDS}
    return next(((action, outcome) for (action, _), outcome in ends.items() if outcome in bad), None)


def anything_done(entries: Iterable[Entry]) -> bool:
    """Whether this run has changed anything that the world may recover by."""
    changed = {Outcome.DONE.value, Outcome.UNVERIFIED.value, Outcome.UNKNOWN.value}
    ends = [e.data for e in entries if e.event == "action.finished" and e.data.get("mends", True)]
    return any(data["outcome"] in changed for data in ends)


def finding_event(finding: Finding, asked: str) -> dict[str, Json]:
    """A finding as the journal keeps it."""
    return {**finding.as_json(), "required": finding.required, "facts": dict(finding.facts), "asked": asked}


def _finding(data: dict[str, Json]) -> Finding:
    return Finding(
        data["check"], Status(data["status"]), data["summary"], data["observed"], data["unit"], data["threshold"],
        data["source"], data["seconds"], data["required"], (), data["facts"],
    )  # fmt: skip
