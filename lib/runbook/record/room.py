"""Whether a folder of records has room for one more, and where else it can go when it has none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from runbook.errors import RecordError

LEAST_FREE_BYTES = 16 * 2**20  # a record that cannot be finished is worse than a run that was not begun
INCIDENT = "incident.jsonl"


def why_none(runs: Path) -> str:
    """Why no record can be begun below a folder; empty when one can."""
    there = next(path for path in (runs, *runs.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{there} cannot be written"
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE_BYTES:
        return f"only {free // 2**20} MiB are free, a record needs {LEAST_FREE_BYTES // 2**20}"
    return ""


def must_be_in(runs: Path) -> None:
    """RecordError when no record can be begun there."""
    if why := why_none(runs):
        raise RecordError(why, where=str(runs), next_step="free space, or choose --runs DIR")


def choose(runs: Path, standby: Path) -> tuple[Path, str]:
    """The runs folder, or the standby with the line that says so. RecordError when neither has room.

    The incidents come along: a run in the standby goes on with the one that is open. Plans, approvals and this machine's
    locks do not: an approval is used up in one place only.
    """
    why = why_none(runs)
    if not why:
        return runs, ""
    if also := why_none(standby):
        raise RecordError(f"{why}; nor in {standby}: {also}", where=str(runs),
                          next_step="free space, or choose --runs DIR")  # fmt: skip
    for log in runs.glob(f"*/{INCIDENT}"):
        copy = standby / log.parent.name / INCIDENT
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copy2(log, copy)
    return (
        standby,
        f"{runs}: {why}. This record goes to {standby}: plans, approvals and locks of the other folder do not count",
    )
