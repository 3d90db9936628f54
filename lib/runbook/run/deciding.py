"""Whether an apply goes ahead: which plan is meant, and every reason for not touching anything. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runbook.model import ActionResult, Mode, Outcome, Plan
from runbook.record.journal import Entry
from runbook.run import resuming
from runbook.run.facts import Facts, anything_done, first_bad_end, latest_plan
from runbook.run.permissions import Permissions
from runbook.run.resuming import SoFar

RECOVERED = "recovered: what was critical is ok"


def decide(
    action: str,
    entries: Sequence[Entry],
    *,
    facts: Facts,
    permissions: Permissions,
    no_plan: str,
    has_recovered: Callable[[], bool],
) -> tuple[Plan | None, ActionResult | None, SoFar | None]:
    """The plan that is meant; the result when nothing is to be carried out; what was begun of it before a cut."""
    begun = resuming.begun(entries, action) if facts.mode is Mode.ACT else None
    if begun is not None and begun.touched:
        return begun.plan, None, begun
    plan = begun.plan if begun else permissions.approved_plan(action) or latest_plan(entries, action)
    if plan is None:
        given = permissions.names(action)
        permissions.mark_matched(action)
        return None, ActionResult(action, "", Outcome.REFUSED if given else Outcome.SKIPPED, no_plan), None

    def without_a_change(outcome: Outcome, reason: str) -> tuple[Plan, ActionResult, None]:
        permissions.mark_matched(action)
        return plan, ActionResult(action, plan.plan_id, outcome, reason), None

    if facts.mode is Mode.REHEARSE:
        return plan, ActionResult(action, plan.plan_id, Outcome.PLANNED, "rehearsed, nothing was changed"), None
    if not plan.objects:
        return without_a_change(Outcome.UNCHANGED, "there is nothing to change")
    if anything_done(entries) and has_recovered():
        return without_a_change(Outcome.SKIPPED, RECOVERED)
    bad = first_bad_end(entries)
    if bad is not None and bad[0] != action and not facts.interactive:
        return without_a_change(Outcome.SKIPPED, f"after {bad[0]} ended {bad[1]}")
    return plan, None, begun
