"""What a record that is being closed began and never ended: cells, and changes whose end nobody saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runbook.model import Json
from runbook.record.journal import Entry, Journal

CELL_STATE_OF = {"timed_out": "timed_out", "interrupted": "interrupted", "kernel_died": "kernel_died"}
NOT_SEEN = "the run ended before its end was seen: do not repeat it, look at the system itself"


def end_unfinished(journal: Journal, forced: str | None) -> None:
    """Write the end of each: a cell by what ended the run, an action as ``unknown``."""
    for ended in open_actions(journal.entries):
        journal.append("action.finished", ended)
    # what cannot write its journal has told the runner that it failed, and nobody else
    state = "failed" if forced == "unrecorded" else CELL_STATE_OF.get(forced or "", "interrupted")
    for cell in open_cells(journal.entries):
        journal.append("cell.finished", {"id": cell, "index": 0, "state": state, "seconds": 0.0, "error": None})


def open_cells(entries: Sequence[Entry]) -> list[str]:
    """The cells that began and never ended."""
    running: dict[str, None] = {}
    for entry in entries:
        if entry.event == "cell.started":
            running[entry.data["id"]] = None
        elif entry.event == "cell.finished":
            running.pop(entry.data["id"], None)
    return list(running)


def open_actions(entries: Sequence[Entry]) -> list[dict[str, Json]]:
    """``action.finished`` of each action that began and never ended, with the lines of what had been changed by then."""
    running: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:
        key = (entry.data.get("action", ""), entry.data.get("plan_id", ""))
        if entry.event == "action.started":
            running[key] = {
                "action": key[0], "plan_id": key[1], "outcome": "unknown", "reason": NOT_SEEN,
                "approved_by": entry.data["approved_by"], "seconds": 0.0, "verify": None, "changed": [],
            }  # fmt: skip
        elif entry.event == "action.finished":
            running.pop(key, None)
        elif entry.event == "action.object" and key in running and entry.data["outcome"] == "done":
            running[key]["changed"].append(entry.data["line"])
    return list(running.values())
