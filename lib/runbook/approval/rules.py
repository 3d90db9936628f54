"""Which approvals permit which plan. Pure.

Nobody can approve more than they saw: an approval names an action, or an action and a plan id; the plan id holds the
objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runbook.errors import SettingError
from runbook.model import Danger, Plan

EXACT_PLAN = frozenset({Danger.DISRUPTIVE, Danger.DESTRUCTIVE})


@dataclass(frozen=True, slots=True)
class Approval:
    """One permission. ``plan_id`` empty: for this run's own plan of that action. ``via`` says where it came from."""

    action: str
    plan_id: str
    approver: str
    via: str  # parameter, card, terminal, file
    expires_at: datetime
    path: Path | None = None  # of a file: it is taken away when it is used
    refused: str = ""  # why a file cannot count, whatever plan it names
    at: str = ""  # when a file was written: tells two approvals of one plan by one person apart

    def __str__(self) -> str:
        """As it is typed: ``action`` or ``action@plan_id``."""
        return f"{self.action}@{self.plan_id}" if self.plan_id else self.action


def parse(text: str, *, approver: str, expires_at: datetime) -> list[Approval]:
    """The approvals of the ``approve`` parameter: ``action`` or ``action@plan-id``, separated by commas."""
    approvals = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        action, at, plan_id = word.partition("@")
        if not action.isidentifier() or (at and not _is_plan_id(plan_id)):
            raise SettingError(f"{word!r} is not an approval", where="approve",
                               next_step="write an action's name, or action@plan-id with 8 hex digits")  # fmt: skip
        approvals.append(Approval(action, plan_id, approver, "parameter", expires_at))
    return approvals


def permit(
    plan: Plan, approvals: Iterable[Approval], now: datetime, *, people: int = 1, break_glass: str = ""
) -> tuple[tuple[Approval, ...], str]:
    """The approvals that permit a plan together, or none and the reason why; no reason where none was given.

    Where two people are needed both approve the exact plan, and ``break_glass``, a reason, stands in for the second.
    """
    by_person: dict[str, Approval] = {}
    reasons = []
    for given in approvals:
        if reason := why_not(plan, given, now, people=people):
            reasons.append(reason)
        elif person(given.approver) in by_person:
            reasons.append(f"the same person twice, {given.approver}")
        else:
            by_person[person(given.approver)] = given
    chosen = tuple(by_person.values())[:people]
    if len(chosen) == people or (chosen and break_glass):
        return chosen, ""
    if chosen:
        reasons.append(f"a second person must approve it: runbook approve {plan.plan_id}")
    return (), "; ".join(reasons)


def person(name: str) -> str:
    """A person's name, for comparing two: names are claims, but spelling makes nobody a second person."""
    return name.strip().casefold()


def why_not(plan: Plan, given: Approval, now: datetime, *, people: int = 1) -> str:
    """Why an approval does not permit a plan, alone or with others; empty when it does."""
    if given.refused:
        return given.refused
    if given.action != plan.action:
        return f"{given} approves {given.action}, not {plan.action}"
    if now >= given.expires_at:
        return f"{given} expired at {given.expires_at:%H:%M:%S} UTC"
    if given.plan_id and given.plan_id != plan.plan_id:
        return f"{given} approves another plan; this one is {plan.action}@{plan.plan_id}"
    if not given.plan_id and plan.danger in EXACT_PLAN:
        return f"{plan.action} is {plan.danger.value}: approve the exact plan, {plan.action}@{plan.plan_id}"
    if not given.plan_id and plan.proposed_target:
        return f"the run chose {plan.target} itself: approve the exact plan, {plan.action}@{plan.plan_id}"
    if not given.plan_id and people > 1:
        return f"two people must approve the exact plan, {plan.action}@{plan.plan_id}"
    return ""


def consent(plan: Plan) -> str:
    """What a person must do to approve this plan on the card or on a terminal."""
    match plan.danger:
        case Danger.REVERSIBLE:
            return "confirm"
        case Danger.SIDE_EFFECT:
            return f"type the count: {len(plan.objects)}"
        case Danger.DISRUPTIVE:
            return f"type the plan id: {plan.plan_id}"
        case Danger.DESTRUCTIVE:
            return f"type the plan id and the target: {plan.plan_id} {plan.target}"


def expected_words(plan: Plan) -> str:
    """The words that ``consent`` asks for; empty where a confirm is enough."""
    match plan.danger:
        case Danger.REVERSIBLE:
            return ""
        case Danger.SIDE_EFFECT:
            return str(len(plan.objects))
        case Danger.DISRUPTIVE:
            return plan.plan_id
        case Danger.DESTRUCTIVE:
            return f"{plan.plan_id} {plan.target}"


def _is_plan_id(text: str) -> bool:
    return len(text) == 8 and all(c in "0123456789abcdef" for c in text)
