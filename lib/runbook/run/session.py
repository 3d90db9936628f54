"""``Run``: what a notebook's cells call. Reads at once, plans, changes only what was approved, proves it, records it all.

No cell raises because a system is down or a guard says no: it shows what happened and the next cell can run.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from runbook import approval, causes
from runbook.actions.frame import Action
from runbook.approval import Approval
from runbook.checks.frame import Check, ask_all
from runbook.errors import Refused, RunbookError, SettingError, SystemFault
from runbook.model import ActionResult, Finding, Json, Mode, Outcome, Plan, Status
from runbook.policy import Policy
from runbook.record.folder import write_atomic
from runbook.record.journal import Journal, read
from runbook.run import closing
from runbook.run.applying import carry_out
from runbook.run.facts import Facts, anything_done, finding_event, findings_of, first_bad_end, latest_plan
from runbook.systems import Systems
from runbook.times import deadline, iso, parse_iso
from runbook.view import Views

PREVIEW_SECONDS = 8.0  # as long as a check may take: a preview reads the same systems
RECOVERY_SECONDS = 30.0  # how long verify waits for the world to follow a change that is already proven
RECOVERED = "recovered: what was critical is ok"


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
        self._systems = systems
        self._policy = policy
        self._journal = journal
        self._views = views
        self._times = systems.times
        self._approvals = list(approvals)
        self._used: set[str] = set()
        self._verified = 0  # how much of the journal the last verify had seen
        self._no_plan: dict[str, str] = {}
        self._asked: dict[str, tuple[Check, dict[str, Any]]] = {}
        history = findings_of(read(journal.path))  # after a restart of the kernel the run goes on where it was
        self._latest: dict[str, Finding] = {found.check: found for found in history}
        self._was_critical = {found.check for found in history if found.status is Status.CRITICAL}

    # -- reading ---------------------------------------------------------------------------------------------------

    def check(self, *checks: Check, budget_seconds: float | None = None, **arguments: Any) -> Any:
        """Ask all checks at once. ``arguments`` reach the checks that take them; the budget is shown, not enforced."""
        if self.closing:
            return self._views.notice(self._closed_line())
        stray = set(arguments) - {name for one in checks for name in one.accepted(arguments)}
        if stray:
            names = ", ".join(one.name for one in checks)
            raise SettingError(f"no check takes {sorted(stray)[0]!r}", where=names, next_step="correct the cell")
        return self._views.findings(self._ask(checks, arguments, "check"), budget_seconds=budget_seconds)

    def timeline(self, *checks: Check, hours: int = 24) -> Any:
        """What changed in the last hours, from every system that can tell, on one time line."""
        if self.closing:
            return self._views.notice(self._closed_line())
        noticed_at = self.facts.incident.noticed_at if self.facts.incident else None
        return self._views.timeline(self._ask(checks, {"hours": hours}, "check"), noticed_at)

    def diagnose(self) -> Any:
        """The causes that explain the findings so far, best supported first."""
        if self.closing:
            return self._views.notice(self._closed_line())
        ranked = causes.explain(self._latest)
        self._journal.append("cause.ranked", {"causes": [cause.as_json() for cause in ranked]})
        return self._views.causes(ranked, list(self._latest.values()))

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
        plan = Plan(
            action=action.name, danger=action.danger, environment=self.facts.environment, target=preview.target,
            arguments=arguments, objects=preview.objects, costs=preview.costs, before=preview.before,
            left_alone=preview.left_alone, undo=action.undo,
            verify=(inspect.getdoc(action.verify) or action.help).splitlines()[0],
            budget_seconds=action.budget_seconds, proposed_target=action.proposed_target and not preview.target_was_given,
        )  # fmt: skip
        path = self.facts.incident_dir / "plans" / f"{plan.plan_id}.json"
        path.parent.mkdir(exist_ok=True, mode=0o700)
        masked = self._journal.masker.json(plan.as_json())
        write_atomic(path, approval_text(masked))
        self._journal.append("plan.made", plan.as_json())

        def approve(typed: str) -> str:
            return self._approve_on_card(plan, typed)

        can_ask = self.facts.interactive and self.facts.mode is Mode.ACT and bool(plan.objects)
        return self._views.plan_card(
            plan, mode=self.facts.mode, consent=approval.consent(plan), on_approve=approve if can_ask else None
        )

    def apply(self, action: Action) -> Any:
        """Carry out the latest plan of this action if it is approved; else say why not. Proves the effect."""
        if self.closing:
            return self._views.notice(self._closed_line())
        plan, result = self._decide(action)
        if result is None:
            assert plan is not None
            given, why_not = self._permission(plan)
            if given is None:
                result = self._without_permission(plan, why_not)
            elif self._recovers_after_the_last_change():
                self._mark_matched(action.name)
                result = ActionResult(action.name, plan.plan_id, Outcome.SKIPPED, RECOVERED)
            else:
                self._use(given, plan)
                bar = self._views.progress(action.help)
                result = carry_out(
                    action, plan, systems=self._systems, journal=self._journal, runs=self.facts.runs,
                    approved_by=given.approver, progress=bar.update,
                )  # fmt: skip
        self._journal.append("action.finished", {**result.as_json(), "changed": list(result.changed)})
        return self._views.action_result(result, plan)

    def verify(self) -> Any:
        """Ask again whatever was not ok; after a change wait up to 30 s for the world to follow."""
        if self.closing:
            return self._views.notice(self._closed_line())
        if unasked := [name for name in self._latest if name not in self._asked and self._was_bad(name)]:
            return self._views.notice(
                f"Not ok when it was last asked, before this kernel began: {', '.join(unasked)}. "
                "Run the cells that ask it, then this one."
            )
        names = [name for name in self._asked if self._was_bad(name)]
        findings = self._ask_again(names)
        give_up = self._times.monotonic() + RECOVERY_SECONDS
        entries = read(self._journal.path)
        changed = anything_done(entries[self._verified :])  # the same change is waited for once
        self._verified = len(entries)
        while changed and self._any_critical(findings) and self._times.monotonic() < give_up:
            self._times.sleep(1.0)
            findings = self._ask_again(names)
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
        told = closing.escalation(self._policy, incident, self._latest.values(), self.facts, now)
        if not self.closing and told["overdue"] and self._any_critical(self._latest.values()):
            self._journal.append("escalation.owed", {"to": told["primary"], "due_at": told["due_at"]})
        return self._views.escalation(told)

    def close(self) -> Any:
        """End the run: what was not carried out, what is left to do, and the record."""
        if self.closing:
            return self._views.notice(self._closed_line())
        for given in self._approvals:
            if str(given) not in self._used:
                reason = f"{given} matched nothing that this run could carry out"
                self._journal.append("approval.refused",
                                     {"action": given.action, "plan_id": given.plan_id, "reason": reason})  # fmt: skip
        self.closing = True
        self._systems.close()
        return self._views.closing(closing.preview(read(self._journal.path), self.facts, self._times.now()))

    def note(self, text: str) -> Any:
        """Add a sentence of yours to the record."""
        if self.closing:
            return self._views.notice(self._closed_line())
        self._journal.append("note.added", {"text": text})
        return self._views.notice(f"Noted: {text}")

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

    def _ask(self, checks: Sequence[Check], arguments: dict[str, Any], asked: str) -> list[Finding]:
        findings = ask_all(checks, self._systems, arguments)
        for one, found in zip(checks, findings, strict=True):
            self._asked[one.name] = (one, arguments)
            self._latest[found.check] = found
            if found.status is Status.CRITICAL:
                self._was_critical.add(found.check)
            self._journal.append("check.finished", finding_event(found, asked))
        return findings

    def _ask_again(self, names: Sequence[str]) -> list[Finding]:
        merged: dict[str, Any] = {}
        for name in names:
            merged |= self._asked[name][1]
        return self._ask([self._asked[name][0] for name in names], merged, "verify") if names else []

    def _decide(self, action: Action) -> tuple[Plan | None, ActionResult | None]:
        """The plan that is meant, and the result when nothing is to be carried out."""
        entries = read(self._journal.path)
        try:
            plan = self._approved_plan(action) or latest_plan(entries, action.name)
        except RunbookError as broken:
            self._mark_matched(action.name)
            return None, ActionResult(action.name, "", Outcome.REFUSED, str(broken))
        if plan is None:
            mine = [given for given in self._approvals if given.action == action.name]
            reason = self._no_plan.get(action.name, "no plan was made")
            self._mark_matched(action.name)
            return None, ActionResult(action.name, "", Outcome.REFUSED if mine else Outcome.SKIPPED, reason)
        if self.facts.mode is Mode.REHEARSE:
            return plan, ActionResult(action.name, plan.plan_id, Outcome.PLANNED, "rehearsed, nothing was changed")
        if not plan.objects:
            self._mark_matched(action.name)
            return plan, ActionResult(action.name, plan.plan_id, Outcome.UNCHANGED, "there is nothing to change")
        if anything_done(entries) and self._has_recovered():
            self._mark_matched(action.name)
            return plan, ActionResult(action.name, plan.plan_id, Outcome.SKIPPED, RECOVERED)
        bad = first_bad_end(entries)
        if bad is not None and not self.facts.interactive:
            self._mark_matched(action.name)
            return plan, ActionResult(action.name, plan.plan_id, Outcome.SKIPPED, f"after {bad[0]} ended {bad[1]}")
        return plan, None

    def _approved_plan(self, action: Action) -> Plan | None:
        """The plan that an ``action@plan-id`` approval names, from whichever run of the incident made it."""
        for given in self._approvals:
            path = self.facts.incident_dir / "plans" / f"{given.plan_id}.json"
            if given.action == action.name and given.plan_id and path.exists():
                return closing.read_plan(path, action.name)
        return None

    def _permission(self, plan: Plan) -> tuple[Approval | None, str]:
        fresh = [given for given in self._approvals if str(given) not in self._used]
        offered = [given for given in fresh if given.action == plan.action]
        try:
            offered += approval.from_files(self.facts.incident_dir, plan.plan_id)
        except RunbookError as broken:
            return None, str(broken)
        return approval.fits(plan, offered, self._times.now())

    def _without_permission(self, plan: Plan, why_not: str) -> ActionResult:
        if not why_not:
            return ActionResult(plan.action, plan.plan_id, Outcome.SKIPPED, "not approved")
        self._mark_matched(plan.action)
        self._journal.append("approval.refused",
                             {"action": plan.action, "plan_id": plan.plan_id, "reason": why_not})  # fmt: skip
        return ActionResult(plan.action, plan.plan_id, Outcome.REFUSED, why_not)

    def _use(self, given: Approval, plan: Plan) -> None:
        self._used.add(str(given))
        if given.path is not None:
            given.path.rename(given.path.with_suffix(".used"))  # single use
        self._journal.append("approval.used",
                             {"action": plan.action, "plan_id": plan.plan_id, "approver": given.approver})  # fmt: skip

    def _approve_on_card(self, plan: Plan, typed: str) -> str:
        wanted = approval.expected_words(plan)
        if wanted and typed.split() != wanted.split():
            return f"Not approved: {approval.consent(plan)}."
        until = self._times.now() + timedelta(minutes=self._policy.approval_minutes)
        self._approvals.append(Approval(plan.action, plan.plan_id, self.facts.operator, "card", until))
        self._journal.append("approval.given", {
            "action": plan.action, "plan_id": plan.plan_id, "approver": self.facts.operator, "via": "card",
            "at": iso(self._times.now()),
        })  # fmt: skip
        return f"Approved by {self.facts.operator} until {until:%H:%M} UTC. Run the next cell."

    def _has_recovered(self) -> bool:
        """Ask what was critical again; recovered when none of it is critical or unknown now."""
        if not self._was_critical <= set(self._asked):  # asked by a kernel before this one: nobody can tell
            return False
        again = self._ask_again(sorted(self._was_critical))
        return bool(again) and all(found.status in (Status.OK, Status.WARNING) for found in again)

    def _recovers_after_the_last_change(self) -> bool:
        """Before another change the last one gets its time: a pool that was emptied fills and settles in seconds."""
        entries = [e for e in read(self._journal.path) if e.event == "action.finished"]
        changed = [e for e in entries if e.data["outcome"] == Outcome.DONE.value]
        if not changed:
            return False
        since = (self._times.now() - parse_iso(changed[-1].at)).total_seconds()
        give_up = self._times.monotonic() + RECOVERY_SECONDS - since
        while not self._has_recovered():
            if self._times.monotonic() > give_up:
                return False
            self._times.sleep(1.0)
        return True

    def _was_bad(self, name: str) -> bool:
        return self._latest[name].status is not Status.OK or name in self._was_critical

    def _mark_matched(self, action: str) -> None:
        self._used |= {str(given) for given in self._approvals if given.action == action}

    def _any_critical(self, findings: Any) -> bool:
        return any(found.status is Status.CRITICAL for found in findings)

    def _closed_line(self) -> str:
        return f"This run is closed ({self.facts.run}): nothing was asked and nothing was changed."


def approval_text(plan: Json) -> str:
    """The text of a plan file."""
    import json

    return json.dumps(plan, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
