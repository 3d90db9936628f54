"""Approvals: permission for one plan by a named person. Pure rules, and the files in which they lie.

Nobody can approve more than they saw: an approval names an action, or an action and a plan id; the plan id holds the
objects. Names are claims until signatures come (``signature`` keeps their place).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from runbook.errors import SettingError
from runbook.model import Danger, Json, Plan
from runbook.times import parse_iso

EXACT_PLAN = frozenset({Danger.DISRUPTIVE, Danger.DESTRUCTIVE})


@dataclass(frozen=True, slots=True)
class Approval:
    """One permission. ``plan_id`` empty: for this run's own plan of that action. ``via`` says where it came from."""

    action: str
    plan_id: str
    approver: str
    via: str  # parameter, card, terminal, file
    expires_at: datetime
    path: Path | None = None

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


def from_files(incident_dir: Path, plan_id: str) -> list[Approval]:
    """The approvals that lie beside the incident for one plan, by whoever wrote them."""
    return [_from_file(path) for path in sorted((incident_dir / "approvals" / plan_id).glob("*.json"))]


def fits(plan: Plan, approvals: Iterable[Approval], now: datetime) -> tuple[Approval | None, str]:
    """The approval that permits this plan, or None and the reason why none of them does."""
    reasons = []
    for given in approvals:
        reason = why_not(plan, given, now)
        if not reason:
            return given, ""
        reasons.append(reason)
    return None, "; ".join(reasons)


def why_not(plan: Plan, given: Approval, now: datetime) -> str:
    """Why an approval does not permit a plan; empty when it does."""
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


def _from_file(path: Path) -> Approval:
    try:
        data: dict[str, Json] = json.loads(path.read_text("utf-8"))
        return Approval(data["action"], data["plan_id"], data["approver"], "file", parse_iso(data["expires_at"]), path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(f"not an approval: {error}", where=str(path), next_step="remove it") from error
