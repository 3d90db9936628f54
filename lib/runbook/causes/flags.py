"""Causes in feature flags: one that was changed just before pages began to fail."""

from __future__ import annotations

from runbook.causes.evidence import cause, is_critical
from runbook.causes.frame import Explain, Findings, fact
from runbook.model import Cause

PAGES = "site.pages"
CHANGED = "flags.changed"


def flag_change(findings: Findings) -> Cause | None:
    """Pages fail or crawl, and a flag that is on was changed lately."""
    suspect = fact(findings, CHANGED, "suspect")
    if not is_critical(findings, PAGES) or not suspect:
        return None
    return cause(
        findings, "flag-change",
        f"Pages fail, and flag {suspect} was changed {fact(findings, CHANGED, 'minutes')} min ago by "
        f"{fact(findings, CHANGED, 'who', 'somebody')}",
        because=(PAGES,), supports=("site.health",), actions=("turn_flag_off",), notebooks=("feature-flag-rollback",),
        by_hand="Turn it off first, ask afterwards. If pages still fail, turn it on again: it was something else.",
        weight=65,
    )  # fmt: skip


EVERY: tuple[Explain, ...] = (flag_change,)
