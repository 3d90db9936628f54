"""``Run``: what a notebook's cells call. Reads at once, plans, changes only what was approved, proves it, records it all.

No cell raises because a system is down or a guard says no: it shows what happened and the next cell can run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from runbook import approval, causes
from runbook.actions.frame import Action
from runbook.approval import Approval
from runbook.checks.frame import Check
from runbook.errors import Refused, SettingError, SystemFault
from runbook.model import ActionResult, Mode, Outcome, Plan, Row
from runbook.policy import Policy
from runbook.record import evidence
from runbook.record.journal import Journal
from runbook.record.plans import in_force
from runbook.run import closing, plans, telling
from runbook.run.applying import carry_out, is_final
from runbook.run.deciding import RECOVERED, decide
from runbook.run.facts import Facts
from runbook.run.permissions import Permissions
from runbook.run.questions import Questions, any_critical, must_be_taken
from runbook.run.resuming import SoFar, done_before
from runbook.run.stopwatch import steps
from runbook.systems import Systems
from runbook.times import deadline
from runbook.view import Views

PREVIEW_SECONDS = 8.0  # as long as a check may take: a preview reads the same systems


class Run:
    """One execution of one notebook. Made by ``open_run``."""

    def __init__(
        self,
        facts: Facts,
        *,
        systems: Systems,
        policy: Policy,
        journal: Journal,
        views: Views,
        approvals: Sequence[Approval] = (),
    ) -> None:
        self.facts = facts
        self.closing = False
        self.when_closed: Callable[[], None] = lambda: None
        self._systems = systems
        self._policy = policy
        self._journal = journal
        self._views = views
        self._times = systems.times
        self._permissions = Permissions(approvals, facts=facts, policy=policy, journal=journal, times=systems.times)
        self._questions = Questions(systems, journal, systems.times)
        self._no_plan: dict[str, str] = {}

    # -- reading ---------------------------------------------------------------------------------------------------

    def check(self, *checks: Check, budget_seconds: float | None = None, **arguments: Any) -> Any:
        """Ask all checks at once. ``arguments`` reach the checks that take them; the budget is shown, not enforced."""
        if self.closing:
            return self._views.notice(self._closed_line())
        must_be_taken(arguments, checks)
        return self._views.findings(self._questions.ask(checks, arguments), budget_seconds=budget_seconds)

    def timeline(self, *checks: Check, hours: int = 24) -> Any:
        """What changed in the last hours, from every system that can tell, on one time line."""
        if self.closing:
            return self._views.notice(self._closed_line())
        noticed_at = self.facts.incident.noticed_at if self.facts.incident else None
        return self._views.timeline(self._questions.ask(checks, {"hours": hours}), noticed_at)

    def diagnose(self) -> Any:
        """The causes that explain the findings so far, best supported first."""
        if self.closing:
            return self._views.notice(self._closed_line())
        ranked = causes.explain(self._questions.latest)
        self._journal.append("cause.ranked", {"causes": [cause.as_json() for cause in ranked]})
        return self._views.causes(ranked, list(self._questions.latest.values()))

    # -- changing --------------------------------------------------------------------------------------------------

    def plan(self, action: Action, **arguments: Any) -> Any:
        """Show what an action would touch, and keep the plan. Changes nothing."""
        if self.closing:
            return self._views.notice(self._closed_line())
        try:
            with deadline(PREVIEW_SECONDS, self._times):
                preview = action.preview(self._systems, **arguments)
        except (SystemFault, Refused) as reason:
            self._no_plan[action.name] = str(reason)
            return self._views.notice(f"no plan for {action.name}: {reason}")
        self._no_plan.pop(action.name, None)
        plan = plans.plan_of(action, preview, arguments, self.facts.environment)
        approval.keep_plan(plan, self.facts.incident_dir, self._journal.masker, self._times.now())
        self._journal.append("plan.made", plan.as_json())
        can_ask = self.facts.interactive and self.facts.mode is Mode.ACT and bool(plan.objects)
        approve = partial(self._permissions.approve_on_card, plan) if can_ask else None
        consent = approval.consent(plan)
        return self._views.plan_card(plan, mode=self.facts.mode, consent=consent, on_approve=approve)

    def apply(self, action: Action) -> Any:
        """Carry out the latest plan of this action if it is approved; else say why not. Proves the effect."""
        if self.closing:
            return self._views.notice(self._closed_line())
        entries = self._journal.entries
        if (answer := done_before(entries, action.name)) is not None:  # a resumed run does nothing twice
            self._permissions.mark_matched(action.name)
            return self._views.action_result(answer, None)
        plan: Plan | None = None
        try:
            plan, result, begun = decide(
                action.name, entries, facts=self.facts, permissions=self._permissions,
                no_plan=self._no_plan.get(action.name, "no plan was made"), has_recovered=self._questions.has_recovered,
            )  # fmt: skip
            if result is None:
                assert plan is not None
                result = self._change(action, plan, begun)
        except (Refused, SettingError) as no:
            self._permissions.mark_matched(action.name)
            result = ActionResult(action.name, plan.plan_id if plan else "", Outcome.REFUSED, str(no))
        if result.changed:
            timed = steps(action.step_seconds, self._journal.entries, result.plan_id, self._times.now())
            result = replace(result, steps=timed)
        ended = {**result.as_json(), "changed": list(result.changed), "steps": [dict(row) for row in result.steps],
                 "mends": action.mends and not (result.verify and is_final(result.verify))}  # fmt: skip
        self._journal.append("action.finished", ended)
        return self._views.action_result(result, plan)

    def verify(self) -> Any:
        """Ask again whatever was not ok; after a change wait up to 30 s for the world to follow."""
        if self.closing:
            return self._views.notice(self._closed_line())
        if unasked := self._questions.not_asked_yet():
            return self._views.notice(
                f"Not ok when it was last asked, before this kernel began: {', '.join(unasked)}. "
                "Run the cells that ask it, then this one."
            )
        findings = self._questions.verify()
        if not findings:
            return self._views.notice("Every check was ok when it was asked; there is nothing to verify.")
        return self._views.findings(findings)

    # -- people ----------------------------------------------------------------------------------------------------

    def escalate(self) -> Any:
        """Who is next, by when, and what to send them: drafted with the facts so far. Sends nothing."""
        incident = self.facts.incident
        if incident is None:
            return self._views.notice("This run belongs to no incident: there is nobody to tell.")
        now = self._times.now()
        found, asks = self._questions.latest.values(), self._questions.who_was_asked
        told = telling.escalation(self._policy, incident, found, asks, self.facts, now)
        if not self.closing and told["overdue"] and any_critical(found):
            self._journal.append("escalation.owed", {"to": told["primary"], "due_at": told["due_at"]})
        return self._views.escalation(told)

    def close(self) -> Any:
        """End the run: what was not carried out, what is left to do, and the record."""
        if self.closing:
            return self._views.notice(self._closed_line())
        self._permissions.tell_left_over()
        self.closing = True
        self._systems.close()
        shown = self._views.closing(closing.preview(self._journal.entries, self.facts, self._times.now()))
        self.when_closed()
        return shown

    def note(self, text: str) -> Any:
        """Add a sentence of yours to the record."""
        if self.closing:
            return self._views.notice(self._closed_line())
        self._journal.append("note.added", {"text": text})
        return self._views.notice(f"Noted: {text}")

    def keep_evidence(self, name: str, about: str, content: str) -> Any:
        """Keep what names people in ``evidence/``, for its owner only; ``about`` names nobody and stands in the journal."""
        if self.closing:
            return self._views.notice(self._closed_line())
        path = evidence.keep(self._journal, name, about, content)
        return self._views.notice(f"Kept in evidence/{path.name}: {about}")

    def keep(self, gather: Callable[..., tuple[str, Sequence[Row]]], **arguments: Any) -> Any:
        """Keep what a system's log says, whole, in ``evidence/``; a system that is silent blocks nothing."""
        if self.closing:
            return self._views.notice(self._closed_line())
        try:
            with deadline(PREVIEW_SECONDS, self._times):
                about, rows = gather(self._systems, **arguments)
        except SystemFault as fault:
            return self._views.notice(f"Nothing could be kept: {fault}")
        if not rows:
            return self._views.notice(f"Nothing to keep: {about}")
        name = f"{gather.__module__.rsplit('.', 1)[-1].replace('_', '-')}-{self._times.now():%Y%m%d-%H%M%S-%f}.json"
        return self.keep_evidence(name, about, json.dumps(list(rows), indent=1, ensure_ascii=False, default=str))

    # -- how it looks when a cell ends on the run -------------------------------------------------------------------

    def _card(self) -> Any:
        return self._views.run_card(closing.card(self.facts, self._systems, self._policy, self._times.now()))

    def __str__(self) -> str:
        return str(self._card())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        html: str = self._card()._repr_html_()
        return html

    # -- inside ----------------------------------------------------------------------------------------------------

    def _change(self, action: Action, plan: Plan, begun: SoFar | None) -> ActionResult:
        """Carry a plan out if somebody permits it, or go on with one that was begun under a permission that holds."""
        approved_by = begun.approved_by if begun and self._permissions.still_hold(begun) else ""
        if not approved_by:
            permission, why_not = self._permissions.for_plan(plan)
            if permission is None:
                return self._without_permission(plan, why_not, begun)
            if begun is None and not action.at_once and self._questions.recovers_after_the_last_change():
                self._permissions.mark_matched(action.name)
                return ActionResult(action.name, plan.plan_id, Outcome.SKIPPED, RECOVERED)
            if plan.plan_id not in in_force(self._journal.entries):  # made by another run of the incident
                self._journal.append("plan.made", plan.as_json())
            self._permissions.use(permission, plan)
            approved_by = permission.approved_by
        return carry_out(
            action, plan, systems=self._systems, journal=self._journal, runs=self.facts.runs,
            approved_by=approved_by, progress=self._views.progress(action.help).update, begun=begun,
        )  # fmt: skip

    def _without_permission(self, plan: Plan, why_not: str, begun: SoFar | None) -> ActionResult:
        if begun is not None:
            reason = f"begun before the run was cut off, its approval is over: runbook approve {plan.plan_id}"
            return ActionResult(plan.action, plan.plan_id, Outcome.UNKNOWN, "; ".join(filter(None, [reason, why_not])))
        if not why_not:
            return ActionResult(plan.action, plan.plan_id, Outcome.SKIPPED, "not approved")
        self._permissions.refuse(plan, why_not)
        return ActionResult(plan.action, plan.plan_id, Outcome.REFUSED, why_not)

    def _closed_line(self) -> str:
        return f"This run is closed ({self.facts.run}): nothing was asked and nothing was changed."
