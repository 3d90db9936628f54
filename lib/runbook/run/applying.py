"""Carry out one approved plan: identify, lock, intent on disk, change, outcome on disk, prove. In that order, always."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from runbook import guards
from runbook.actions.frame import Action
from runbook.checks.frame import Answer
from runbook.errors import Fault, Refused, SystemFault
from runbook.model import ActionResult, Changed, Finding, Outcome, Plan, PlannedObject, Status
from runbook.record.journal import Journal
from runbook.run.resuming import SoFar
from runbook.systems import Systems
from runbook.times import deadline

# After these faults the system has not acted: it said no, or was never asked. After all others nobody can tell.
NOT_CARRIED_OUT = frozenset(
    {Fault.AUTH, Fault.PERMISSION, Fault.NOT_FOUND, Fault.RETIRED, Fault.RATE_LIMITED, Fault.REJECTED,
     Fault.WRONG_TARGET, Fault.NOT_SET}
)  # fmt: skip
ASK_AGAIN_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
ONE_ANSWER_SECONDS = 10.0
IN_FORCE_SECONDS = 10.0  # ours: a new build's first requests may fail while it starts
SETTLE_SECONDS = 3.0  # how long a vendor may need until a change that it took can be read back
SETTLE_PAUSE_SECONDS = 0.5


def carry_out(
    action: Action,
    plan: Plan,
    *,
    systems: Systems,
    journal: Journal,
    runs: Path,
    approved_by: str,
    progress: Callable[[float | None, str], None],
    begun: SoFar | None = None,
) -> ActionResult:
    """Change the plan's objects and prove it. Never raises for the systems' sake; a bug still raises.

    ``begun`` is what was done of this plan before the run was cut off: it is not done again.
    """
    started = systems.times.monotonic()

    def result(
        outcome: Outcome, reason: str, changed: tuple[str, ...] = (), verify: Finding | None = None
    ) -> ActionResult:
        seconds = systems.times.monotonic() - started
        return ActionResult(action.name, plan.plan_id, outcome, reason, approved_by, seconds, verify, changed)

    try:
        guards.plan_is_of_this_environment(plan, systems.profile.name)
        guards.touches_at_most_what_policy_allows(plan, systems.policy)
        guards.target_is_right(systems.identify(action.asked_who(plan)))
        with guards.nobody_else_changes(plan.target, runs, systems, approved_by, systems.times) as lock:
            journal.append("action.started", {
                "action": action.name, "plan_id": plan.plan_id, "target": plan.target, "danger": plan.danger.value,
                "approved_by": approved_by, "lock": lock, "resumed": begun is not None,
            })  # fmt: skip
            changes = change_each(action, plan, systems, journal, progress, begun)
            changed = tuple(c.line for c in changes if c.outcome is Outcome.DONE)
            outcome, reason = weigh(changes, len(plan.objects))
            if changed and action.follow_up:
                journal.append("followup.added", {"text": action.follow_up})
            if outcome is not Outcome.DONE:
                return result(outcome, reason, changed)
            proof = prove(action, plan, systems, progress)
            if proof.status is Status.OK:
                return result(Outcome.DONE, reason, changed, proof)
            waited = f"but not proven within {action.budget_seconds:g} s"
            waited = "and it failed" if is_final(proof) else "and it does not help" if is_in_force(proof) else waited
            reason = f"changed, {waited}: {proof.summary}"
            return result(Outcome.UNVERIFIED, reason, changed, proof)
    except Refused as refusal:
        return result(Outcome.REFUSED, str(refusal))


def change_each(
    action: Action, plan: Plan, systems: Systems, journal: Journal,
    progress: Callable[[float | None, str], None], begun: SoFar | None = None,
) -> list[Changed]:  # fmt: skip
    """Change the objects one by one; stop at the first that failed or whose end was not seen."""
    changes: list[Changed] = []
    planned = len(plan.objects)
    for item in plan.objects:
        if begun is not None and item.identity in begun.outcomes:
            changes.append(begun.outcomes[item.identity])
            continue
        head = {"action": action.name, "plan_id": plan.plan_id, "object": item.identity}
        journal.append("action.object", {**head, "phase": "intent", "outcome": None, "line": "",
                                         "before": {**plan.before, **item.shown}, "after": {}})  # fmt: skip
        unsure = begun is not None and item.identity in begun.unsure
        changed = (settle(action, item, plan, systems) if unsure else None) or _change(action, item, plan, systems)
        journal.append("action.object", {**head, "phase": "outcome", "outcome": changed.outcome.value,
                                         "line": changed.line, "before": {}, "after": dict(changed.after)})  # fmt: skip
        changes.append(changed)
        if planned > 1:  # a change of one thing is over before it could be shown
            progress(len(changes) / planned, f"{len(changes):,} of {planned:,} · {changed.line}")
        if changed.outcome in (Outcome.FAILED, Outcome.UNKNOWN):
            break
    return changes


def settle(action: Action, item: PlannedObject, plan: Plan, systems: Systems) -> Changed | None:
    """Whether an object whose end nobody saw was changed, by the action's own proof. None: it was not, so change it.

    ``critical`` is believed when it stays for a moment: the system may only just have heard of the change. ``warning``
    means that the change is on its way: it gets the action's whole budget.
    """
    alone = replace(plan, objects=(item,))
    started = systems.times.monotonic()
    while True:
        found = _ask(action, alone, systems)
        spent = systems.times.monotonic() - started
        if found.status is Status.OK:
            return Changed(Outcome.DONE, f"{item.identity}: done before the run was cut off ({found.summary})")
        if found.status is Status.CRITICAL and spent >= min(SETTLE_SECONDS, action.budget_seconds):
            return None
        if spent >= action.budget_seconds:
            told = "nobody can tell whether it was done; look at the system itself, then runbook resume again"
            return Changed(Outcome.UNKNOWN, f"{item.identity}: {found.summary}: {told}")
        systems.times.sleep(SETTLE_PAUSE_SECONDS)


def weigh(changes: list[Changed], planned: int) -> tuple[Outcome, str]:
    """One outcome for the whole plan out of those of its objects."""
    done = sum(c.outcome is Outcome.DONE for c in changes)
    gone = sum(c.outcome is Outcome.UNCHANGED for c in changes)
    last = changes[-1] if changes else None
    if last is not None and last.outcome is Outcome.UNKNOWN:
        return Outcome.UNKNOWN, f"{last.line}; {done} of {planned} changed before"
    if last is not None and last.outcome is Outcome.FAILED:
        partly = f"{done} of {planned} changed, then: {last.line}"
        return (Outcome.UNVERIFIED, partly) if done else (Outcome.FAILED, last.line)
    if not done:
        return Outcome.UNCHANGED, "already so: " + "; ".join(
            c.line for c in changes[:3]
        ) if changes else "nothing to do"
    return Outcome.DONE, f"{gone} of {planned} were already so or gone" if gone else ""


def prove(action: Action, plan: Plan, systems: Systems, progress: Callable[[float | None, str], None]) -> Finding:
    """Ask the action's verify until it is ok, has failed for good, or the budget is over; the last answer.

    A proof that says ``in_force`` (the change is in force as planned, and does not help) is believed after a moment.
    """
    started = systems.times.monotonic()
    in_force_since: float | None = None
    attempt = 0
    while True:
        found = _ask(action, plan, systems)
        spent = systems.times.monotonic() - started
        in_force_since = None if not is_in_force(found) else spent if in_force_since is None else in_force_since
        helpless = in_force_since is not None and spent - in_force_since >= IN_FORCE_SECONDS
        if found.status is Status.OK or is_final(found) or helpless or spent >= action.budget_seconds:
            progress(1.0, found.summary)
            return found
        progress(spent / action.budget_seconds, f"of {action.budget_seconds:g} s · {found.summary}")
        pause = ASK_AGAIN_SECONDS[min(attempt, len(ASK_AGAIN_SECONDS) - 1)]
        systems.times.sleep(min(pause, max(0.05, action.budget_seconds - spent)))
        attempt += 1


def is_final(found: Finding) -> bool:
    """Whether the system itself has said that it ended badly: waiting longer helps nobody."""
    return found.status is Status.CRITICAL and found.facts.get("final") is True


def is_in_force(found: Finding) -> bool:
    """Whether the change is in force as planned and does not help."""
    return found.status is Status.CRITICAL and found.facts.get("in_force") is True


def _change(action: Action, item: PlannedObject, plan: Plan, systems: Systems) -> Changed:
    try:
        with deadline(action.budget_seconds, systems.times):
            return action.change(systems, item, plan)
    except SystemFault as fault:
        outcome = Outcome.FAILED if fault.fault in NOT_CARRIED_OUT else Outcome.UNKNOWN
        return Changed(outcome, f"{item.identity}: {fault.fault.value}: {fault}")


def _ask(action: Action, plan: Plan, systems: Systems) -> Finding:
    started = systems.times.monotonic()
    try:
        with deadline(min(ONE_ANSWER_SECONDS, action.budget_seconds), systems.times):
            answer = action.verify(systems, plan)
    except SystemFault as fault:
        answer = Answer(Status.UNKNOWN, f"{fault.fault.value}: {fault}")
    return Finding(
        f"{action.name}.verify", answer.status, answer.summary, answer.observed, answer.unit, answer.threshold,
        answer.source, systems.times.monotonic() - started, True, answer.rows, answer.facts,
    )  # fmt: skip
