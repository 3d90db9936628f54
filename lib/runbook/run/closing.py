"""What the cards at both ends of a run say: the opening card, the escalation, and the preview of the record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from runbook.clock import read_clock, t_plus
from runbook.errors import SettingError
from runbook.model import Finding, Incident, Json, Plan, Status
from runbook.policy import Policy
from runbook.record.journal import Entry
from runbook.record.summary import conclude, summarize
from runbook.run.facts import Facts
from runbook.systems import Systems
from runbook.times import iso


def card(facts: Facts, systems: Systems, policy: Policy, now: datetime) -> dict[str, Json]:
    """What the run card shows: where we are, who we are, and whether the targets are the right ones."""
    shown: dict[str, Json] = {
        "run": facts.run, "run_dir": str(facts.run_dir), "notebook": facts.notebook,
        "environment": facts.environment, "mode": facts.mode.value, "incident": facts.incident_id,
        "severity": "", "elapsed": "", "operator": facts.operator, "operator_source": facts.operator_source,
        "drill": facts.drill, "targets": [
            {"system": one.system, "expected": one.expected, "seen": one.seen, "matches": one.matches, "how": one.how}
            for one in systems.identify_all().values()
        ],
    }  # fmt: skip
    if facts.incident is not None:
        clock = read_clock(policy, facts.incident, now)
        shown |= {"severity": facts.incident.severity, "elapsed": t_plus(clock.elapsed_seconds),
                  "next": f"{clock.backup} at {clock.due_at:%H:%M} UTC ({clock.because})"}  # fmt: skip
    return shown


def escalation(
    policy: Policy, incident: Incident, findings: Iterable[Finding], facts: Facts, now: datetime
) -> dict[str, Json]:
    """Who is next and by when, with messages drafted from the facts so far."""
    clock = read_clock(policy, incident, now)
    asked = list(findings)
    worst = [f for f in asked if f.status in (Status.CRITICAL, Status.UNKNOWN)]
    lines = [f"- {f.check}: {f.status.value}: {f.summary}" for f in worst] or ["- nothing is critical now"]
    head = f"{incident.incident_id} {incident.severity} {incident.issue_type} in {incident.environment}"
    stamp = "SANDBOX, not a real incident. " if facts.sandbox else ""
    body = "\n".join([f"{stamp}{head}, {t_plus(clock.elapsed_seconds)}, lead {incident.lead}.", *lines])
    return {
        "incident": incident.incident_id, "severity": incident.severity, "elapsed": t_plus(clock.elapsed_seconds),
        "primary": clock.primary, "backup": clock.backup, "due_at": iso(clock.due_at),
        "overdue": clock.is_overdue(now), "critical": bool(worst) or not asked,
        "because": clock.because, "tell": list(clock.tell),
        "drafts": [
            {"to": ", ".join(clock.tell), "channel": "Slack", "text": body},
            {"to": clock.primary, "channel": "mail", "text": f"Subject: {head}\n\n{body}\n\nRecord: {facts.run_dir}"},
            {"to": policy.vendors["supabase"], "channel": "support ticket", "text": ticket(incident, worst, now)},
        ],
        "vendors": dict(policy.vendors),
    }  # fmt: skip


def ticket(incident: Incident, worst: Sequence[Finding], now: datetime) -> str:
    """A support ticket: what a vendor asks for first. No secrets, no customer data."""
    seen = "\n".join(f"- {f.summary} (source: {f.source or f.check})" for f in worst) or "- (describe what you see)"
    return (
        f"Since {incident.noticed_at:%Y-%m-%d %H:%M} UTC; written {now:%H:%M} UTC. Production is affected.\n"
        f"What we see:\n{seen}\nWhat we did: see the plan and action lines of our record.\n"
        "What we need: confirmation whether your side is degraded, and what you see for our project."
    )


def preview(entries: Sequence[Entry], facts: Facts, now: datetime) -> dict[str, Json]:
    """The summary as it would be if the run ended now: what the closing card shows."""
    status, exit_code = conclude(entries, forced=None)
    summary: dict[str, Json] = summarize(entries)
    return {**summary, "status": status, "exit_code": exit_code, "ended_at": iso(now), "run_dir": str(facts.run_dir)}


def read_plan(path: Path, action: str) -> Plan:
    """A kept plan of an action; SettingError when its content is not the plan that its name says."""
    try:
        plan = Plan.from_json(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(f"not a plan: {error}", where=str(path), next_step="make the plan again") from error
    if plan.action != action:
        raise SettingError(f"a plan of {plan.action}, not of {action}", where=str(path), next_step="approve another")
    if plan.plan_id != path.stem:
        raise SettingError("the plan was edited: its id does not fit", where=str(path), next_step="make it again")
    return plan
