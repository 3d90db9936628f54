"""What people read: small objects that a cell returns. Text, HTML and a DataFrame of the same thing.

Importing this brings neither pandas nor matplotlib nor ipywidgets; each is imported when it is first shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from runbook.model import ActionResult, Cause, Finding, Json, Mode, Plan
from runbook.times import Times
from runbook.view import causes as _causes
from runbook.view import findings as _findings
from runbook.view import people, plans, runs
from runbook.view import timeline as _timeline
from runbook.view.card import View
from runbook.view.consent import OnApprove, PlanCard
from runbook.view.progress import Progress

__all__ = ["Progress", "View", "Views"]


@dataclass(frozen=True, slots=True)
class Views:
    """Makes every view of one run: stamped SANDBOX when it is one."""

    sandbox: bool
    interactive: bool
    times: Times

    def run_card(self, facts: Mapping[str, Json]) -> View:
        """Environment, mode, incident, clock, and whether the targets are the right ones."""
        return runs.run_card(facts, sandbox=self.sandbox)

    def findings(self, findings: Sequence[Finding], budget_seconds: float | None = None) -> View:
        """What the checks answered, the worst first, and the time it took against its budget."""
        return _findings.view(findings, budget_seconds=budget_seconds, sandbox=self.sandbox)

    def causes(self, causes: Sequence[Cause], findings: Sequence[Finding]) -> View:
        """What explains the findings, or that nothing does."""
        return _causes.view(causes, findings, sandbox=self.sandbox)

    def plan_card(
        self, plan: Plan, *, mode: Mode | str, consent: str, on_approve: OnApprove | None = None
    ) -> View | PlanCard:
        """What would be touched and how to approve it; with ``on_approve`` it can be approved right there."""
        shown = plans.plan_view(
            plan, mode=Mode(mode), consent=consent, on_card=on_approve is not None, sandbox=self.sandbox
        )
        return shown if on_approve is None else PlanCard(shown, plan.danger, consent, on_approve)

    def action_result(self, result: ActionResult, plan: Plan | None) -> View:
        """How an apply ended and what is next."""
        return plans.result_view(result, plan, sandbox=self.sandbox)

    def timeline(self, findings: Sequence[Finding], noticed_at: datetime | None = None) -> View:
        """What changed, from every system that can tell, against when it broke or was noticed."""
        return _timeline.view(findings, noticed_at=noticed_at, sandbox=self.sandbox)

    def escalation(self, facts: Mapping[str, Json]) -> View:
        """Whom to tell by when, with drafted messages."""
        return people.view(facts, sandbox=self.sandbox)

    def closing(self, summary: Mapping[str, Json]) -> View:
        """How the run ends, what it changed, what is left to do."""
        return runs.closing(summary, sandbox=self.sandbox)

    def notice(self, text: str) -> View:
        """One sentence to the reader."""
        return runs.notice(text, sandbox=self.sandbox)

    def progress(self, label: str) -> Progress:
        """A line that is written over while something takes its time."""
        return Progress(label, sandbox=self.sandbox, times=self.times)
