"""Causes in the data: rows that are gone."""

from __future__ import annotations

from runbook.causes.evidence import cause, is_critical
from runbook.causes.frame import Explain, Findings, fact
from runbook.model import Cause

DELETED = "recovery.deleted"
WINDOW = "recovery.window"


def mass_delete(findings: Findings) -> Cause | None:
    """A table has lost most of its rows."""
    if not is_critical(findings, DELETED):
        return None
    possible = fact(findings, WINDOW, "pitr") is True
    return cause(
        findings, "mass-delete", f"Rows are gone: {findings[DELETED].summary}", because=(DELETED,),
        actions=("restore_to_moment",) if possible else (), notebooks=("point-in-time-recovery",),
        by_hand="Stop what deletes. Restore to a new project in the dashboard and copy the rows back; only if that cannot be, "
        "restore the real one." if possible else
        "Stop what deletes. Restore the newest daily backup to a new project in the dashboard and copy the rows back.",
        weight=75,
    )  # fmt: skip


EVERY: tuple[Explain, ...] = (mass_delete,)
