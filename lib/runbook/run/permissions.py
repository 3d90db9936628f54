"""What this run may change: the approvals it was given, which plan each one means, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from runbook import approval
from runbook import incident as incidents
from runbook.approval import Approval
from runbook.errors import Refused
from runbook.model import Plan
from runbook.policy import Policy
from runbook.record.journal import Entry, Journal
from runbook.run.facts import Facts
from runbook.run.resuming import SoFar, by
from runbook.times import Times, iso, parse_iso


@dataclass(frozen=True, slots=True)
class Permission:
    """Who permitted a plan. ``break_glass``: the reason that stood in for a second person."""

    given: tuple[Approval, ...]
    break_glass: str = ""

    @property
    def approved_by(self) -> str:
        """The people, and loudly so when one was missing."""
        return by(", ".join(one.approver for one in self.given), self.break_glass)


class Permissions:
    """The approvals of one run. Each is single use; one that matched nothing by the end is told to the journal."""

    def __init__(
        self, given: Sequence[Approval], *, facts: Facts, policy: Policy, journal: Journal, times: Times
    ) -> None:
        self._given = list(given)
        self._facts = facts
        self._policy = policy
        self._journal = journal
        self._times = times
        self._valid = timedelta(minutes=policy.approval_minutes)
        self._matched = {e.data["given"] for e in _used(journal.entries)}  # as they are typed

    def approved_plan(self, action: str) -> Plan | None:
        """The plan that an ``action@plan-id`` approval names, from whichever run of the incident made it."""
        for given in self._given:
            path = approval.path_of(self._facts.incident_dir, given.plan_id)
            if given.action == action and given.plan_id and path.exists():
                plan = approval.read_plan(path).plan
                if plan.action != action:
                    raise Refused(f"{plan.plan_id} is a plan of {plan.action}, not of {action}", where=str(path),
                                  next_step="approve another")  # fmt: skip
                return plan
        return None

    def names(self, action: str) -> bool:
        """Whether any approval was given for an action, fitting or not."""
        return any(given.action == action for given in self._given)

    def for_plan(self, plan: Plan) -> tuple[Permission | None, str]:
        """Who permits a plan, or None and why nobody does; no reason where no approval was given."""
        now = self._times.now()
        given = [one for one in self._given if one.action == plan.action and str(one) not in self._matched]
        given += approval.from_files(self._facts.incident_dir, plan, valid=self._valid, now=now)
        people = self._policy.people_needed(plan, self._severity())
        chosen, why_not = approval.permit(plan, given, now, people=people)
        if chosen:
            return (None, old) if (old := self._too_old(plan)) else (Permission(chosen), "")
        if people > 1 and self._facts.break_glass:
            return self._without_the_second(plan, given, why_not)
        return None, why_not

    def still_hold(self, begun: SoFar) -> bool:
        """Whether a plan that was begun may be ended under the approvals it was begun with."""
        return self._times.now() < parse_iso(begun.permitted_until)

    def use(self, permission: Permission, plan: Plan) -> None:
        """Take the approvals: they permit nothing more. Refused when another run took one a moment ago."""
        for given in permission.given:
            approval.take(given)
            self._matched.add(str(given))
            self._journal.append("approval.used", {
                "action": plan.action, "plan_id": plan.plan_id, "approver": given.approver, "given": str(given),
                "via": given.via, "at": given.at, "expires_at": iso(given.expires_at),
                "break_glass": permission.break_glass,
            })  # fmt: skip
        if permission.break_glass:
            text = f"Break-glass: {plan.action}@{plan.plan_id} had one approver, {permission.approved_by}. Review it."
            self._journal.append("followup.added", {"text": text})

    def refuse(self, plan: Plan, reason: str) -> None:
        """Say that what was given does not fit the plan."""
        self.mark_matched(plan.action)
        self._journal.append("approval.refused",
                             {"action": plan.action, "plan_id": plan.plan_id, "reason": reason})  # fmt: skip

    def mark_matched(self, action: str) -> None:
        """An action got its answer without being carried out: its approvals are not left over."""
        self._matched |= {str(given) for given in self._given if given.action == action}

    def approve_on_card(self, plan: Plan, typed: str) -> str:
        """What the plan card's button does with the words typed beside it; the line it answers."""
        wanted = approval.expected_words(plan)
        if wanted and typed.split() != wanted.split():
            return f"Not approved: {approval.consent(plan)}."
        now, operator = self._times.now(), self._facts.operator
        until = now + self._valid
        self._given.append(Approval(plan.action, plan.plan_id, operator, "card", until, at=iso(now)))
        self._journal.append("approval.given", {
            "action": plan.action, "plan_id": plan.plan_id, "approver": operator, "via": "card", "at": iso(now),
        })  # fmt: skip
        if self._policy.people_needed(plan, self._severity()) > 1:
            return f"Approved by {operator}. A second person: runbook approve {plan.plan_id}. Then run the next cell."
        return f"Approved by {operator} until {until:%H:%M} UTC. Run the next cell."

    def tell_left_over(self) -> None:
        """Write down each approval that matched nothing that this run could carry out."""
        for given in self._given:
            if str(given) not in self._matched:
                reason = f"{given} matched nothing that this run could carry out"
                self._journal.append("approval.refused",
                                     {"action": given.action, "plan_id": given.plan_id, "reason": reason})  # fmt: skip

    def _without_the_second(self, plan: Plan, given: list[Approval], why_not: str) -> tuple[Permission | None, str]:
        """Break-glass stands in for the second person, in an incident that its own record calls the worst."""
        wanted = self._policy.break_glass_severity
        chosen, why = approval.permit(plan, given, self._times.now(), people=2, break_glass=self._facts.break_glass)
        if not chosen:
            return None, why or why_not
        if self._severity() != wanted:
            return (
                None,
                f"break-glass needs an incident of {wanted}, this one is {self._severity() or 'none'}; {why_not}",
            )
        return (None, old) if (old := self._too_old(plan)) else (Permission(chosen, self._facts.break_glass), "")

    def _too_old(self, plan: Plan) -> str:
        """Why a plan's picture of the world cannot be acted on any more; empty when it can."""
        kept = approval.read_plan(approval.path_of(self._facts.incident_dir, plan.plan_id))
        old = self._times.now() - kept.made_at
        if old <= self._valid:
            return ""
        return f"plan {plan.plan_id} was made {old.total_seconds() / 60:.0f} minutes ago: plan again"

    def _severity(self) -> str:
        """As the incident's own record says now."""
        if self._facts.incident is None:
            return ""
        about = incidents.load(self._facts.runs, self._facts.incident.incident_id)
        return about.severity if about else ""


def still_given(parsed: Sequence[Approval], entries: Sequence[Entry], valid: timedelta) -> list[Approval]:
    """The approvals of the ``approve`` parameter as a run that goes on has them: they count from when they were given."""
    since = {
        (e.data["action"], e.data["plan_id"] or ""): e.data
        for e in reversed(entries)
        if e.event == "approval.given" and e.data["via"] == "parameter"
    }
    still = []
    for one in parsed:
        if (before := since.get((one.action, one.plan_id))) is not None:
            one = replace(one, approver=before["approver"], expires_at=parse_iso(before["at"]) + valid)
        still.append(one)
    return still


def _used(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.event == "approval.used"]
