"""``summary.json`` and the exit code, from the journal and nothing else. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runbook.model import Json
from runbook.record.journal import ZERO, Entry
from runbook.record.plans import in_force

FORCED = {
    "timed_out": 124, "interrupted": 130, "kernel_died": 138, "unrecorded": 74, "failed": 1,
}  # fmt: skip
SIGNALS = {129: "HUP", 130: "INT", 143: "TERM"}


def last_findings(entries: Sequence[Entry]) -> dict[str, dict[str, Json]]:
    """The last finding of each check: the one that counts."""
    return {e.data["check"]: e.data for e in entries if e.event == "check.finished"}


def conclude(entries: Sequence[Entry], *, forced: str | None = None, exit_code: int | None = None) -> tuple[str, int]:
    """The run's status and exit code. ``forced`` is what the runner knows and the journal cannot: a time limit, a kill.

    Of the rest the first that holds: a cell failed (1), something was refused (3), something is critical (4), a
    required check could not tell (5), else 0.
    """
    if forced is not None:
        return forced, exit_code if exit_code is not None else FORCED[forced]
    findings = last_findings(entries).values()
    if any(cell["state"] == "failed" for cell in cells(entries)):  # a resumed run may have mended it
        return "failed", 1
    if was_refused(entries):
        return "refused", 3
    proofs = unproven(entries)
    if "critical" in proofs or any(found["status"] == "critical" for found in findings):
        return "unresolved", 4
    if proofs or any(found["status"] == "unknown" and found.get("required", True) for found in findings):
        return "unknown", 5
    ever = any(e.event == "check.finished" and e.data["status"] == "critical" for e in entries)
    return ("recovered" if ever else "healthy"), 0


def unproven(entries: Sequence[Entry]) -> set[str]:
    """How the proofs stand of changes that were not proven: an action's verify is a check like any other."""
    last = {(data["action"], data["plan_id"]): data for data in ends_of(entries)}
    asked = any(e.event == "check.finished" for e in entries)
    stands: set[str] = set()
    for data in last.values():
        if data["outcome"] == "unverified":
            stands.add(data["verify"]["status"] if data["verify"] else "critical")
        elif data["outcome"] == "unknown" or (data["outcome"] == "failed" and not asked):
            stands.add("critical" if data["outcome"] == "failed" else "unknown")
    return stands


def was_refused(entries: Sequence[Entry]) -> bool:
    """Whether an action was refused, or an approval matched nothing (unless its action answered unchanged)."""
    outcomes = {e.data["action"]: e.data["outcome"] for e in entries if e.event == "action.finished"}
    if "refused" in outcomes.values():
        return True
    unmatched = [e.data["action"] for e in entries if e.event == "approval.refused"]
    return any(outcomes.get(action) not in ("unchanged", "skipped", "done") for action in unmatched)


def summarize(entries: Sequence[Entry]) -> dict[str, Any]:
    """The contract's ``summary.json``, but for ``run_dir``."""
    opened = next((e.data for e in entries if e.event == "run.opened"), {})
    closed = next((e.data for e in reversed(entries) if e.event == "run.closed"), {})
    causes = [e.data["causes"] for e in entries if e.event == "cause.ranked"]
    approved: dict[str, dict[str, None]] = {}  # a plan's people, each once, in the order of their approvals
    for used in (e.data for e in entries if e.event == "approval.used"):
        approved.setdefault(used["plan_id"], {})[used["approver"]] = None
    done = ends_of(entries)
    return {
        "schema": 1,
        "run": opened.get("run", ""), "notebook": opened.get("notebook", ""), "incident": opened.get("incident", ""),
        "severity": opened.get("severity", ""), "environment": opened.get("environment", ""),
        "mode": opened.get("mode", ""), "interactive": opened.get("interactive", False),
        "drill": opened.get("drill", False), "operator": opened.get("operator", ""),
        "started_at": opened.get("started_at", ""), "ended_at": closed.get("ended_at", ""),
        "seconds": closed.get("seconds", 0.0), "status": closed.get("status", ""),
        "exit_code": closed.get("exit_code"),
        "findings": [_finding(data) for data in last_findings(entries).values()],
        "causes": causes[-1] if causes else [],
        "plans": [
            {**{key: plan[key] for key in ("plan_id", "action", "danger", "target", "objects", "costs")},
             "approval": ", ".join(approved.get(plan["plan_id"], ()))}
            for plan in in_force(entries).values()
        ],
        "actions": [{key: data[key] for key in data if key not in ("changed", "mends")} for data in done],
        "changed": [line for data in done for line in data["changed"]],
        "followups": [e.data["text"] for e in entries if e.event == "followup.added"],
        "cells": cells(entries),
        "versions": opened.get("versions", {}),
        "events": len(entries),
        "head": entries[-1].hash if entries else ZERO,
    }  # fmt: skip


def ends_of(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """How each apply ended. One whose end nobody had seen gives way to what was found out when the run went on."""
    ends = [e.data for e in entries if e.event == "action.finished"]
    last = {(data["action"], data["plan_id"]): index for index, data in enumerate(ends)}
    return [
        data for index, data in enumerate(ends)
        if data["outcome"] != "unknown" or last[data["action"], data["plan_id"]] == index
    ]  # fmt: skip


def cells(entries: Sequence[Entry]) -> list[dict[str, Json]]:
    """Each cell that the journal knows with its last state; one that began and never ended is ``not ended``."""
    states: dict[str, str] = {}
    for entry in entries:
        if entry.event == "cell.started":
            states[entry.data["id"]] = "not ended"
        elif entry.event == "cell.finished":
            states[entry.data["id"]] = entry.data["state"]
    return [{"id": cell_id, "state": state} for cell_id, state in states.items()]


def _finding(data: dict[str, Json]) -> dict[str, Json]:
    keys = ("check", "status", "summary", "observed", "unit", "threshold", "source", "seconds")
    return {key: data[key] for key in keys}
