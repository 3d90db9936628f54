"""What this run may change: the approvals it was given, which plan each one means, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from runbook import approval
from runbook.approval import Approval
from runbook.errors import RunbookError
from runbook.model import Plan
from runbook.policy import Policy
from runbook.record.journal import Journal
from runbook.run import plans
from runbook.run.facts import Facts
from runbook.times import Times, iso


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
        self._matched: set[str] = set()  # as they are typed

    def approved_plan(self, action: str) -> Plan | None:
        """The plan that an ``action@plan-id`` approval names, from whichever run of the incident made it."""
        for given in self._given:
            path = plans.path_of(self._facts.incident_dir, given.plan_id)
            if given.action == action and given.plan_id and path.exists():
                return plans.read_plan(path)
        return None

    def names(self, action: str) -> bool:
        """Whether any approval was given for an action, fitting or not."""
        return any(given.action == action for given in self._given)

    def for_plan(self, plan: Plan) -> tuple[Approval | None, str]:
        """The approval that permits a plan, or None and why none does; no reason where none was given."""
        fresh = [one for one in self._given if one.action == plan.action and str(one) not in self._matched]
        try:
            fresh += approval.from_files(self._facts.incident_dir, plan.plan_id)
        except RunbookError as broken:
            return None, str(broken)
        return approval.fits(plan, fresh, self._times.now())

    def use(self, given: Approval, plan: Plan) -> None:
        """Take an approval: it permits nothing more."""
        self._matched.add(str(given))
        if given.path is not None:
            given.path.rename(given.path.with_suffix(".used"))
        self._journal.append("approval.used",
                             {"action": plan.action, "plan_id": plan.plan_id, "approver": given.approver})  # fmt: skip

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
        until = self._times.now() + timedelta(minutes=self._policy.approval_minutes)
        operator = self._facts.operator
        self._given.append(Approval(plan.action, plan.plan_id, operator, "card", until))
        self._journal.append("approval.given", {
            "action": plan.action, "plan_id": plan.plan_id, "approver": operator, "via": "card",
            "at": iso(self._times.now()),
        })  # fmt: skip
        return f"Approved by {operator} until {until:%H:%M} UTC. Run the next cell."

    def tell_left_over(self) -> None:
        """Write down each approval that matched nothing that this run could carry out."""
        for given in self._given:
            if str(given) not in self._matched:
                reason = f"{given} matched nothing that this run could carry out"
                self._journal.append("approval.refused",
                                     {"action": given.action, "plan_id": given.plan_id, "reason": reason})  # fmt: skip
