"""Whom to tell, by when, and what: messages drafted from the facts so far. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from runbook.clock import read_clock, t_plus
from runbook.model import Finding, Incident, Json, Status
from runbook.policy import Policy
from runbook.run.facts import Facts
from runbook.times import iso

RUN_BY = {"database": "supabase"}  # whose support answers for a system that is not a vendor itself
STAMP = "SANDBOX, not a real incident. "


def escalation(
    policy: Policy,
    incident: Incident,
    findings: Iterable[Finding],
    asks: Mapping[str, tuple[str, ...]],
    facts: Facts,
    now: datetime,
) -> dict[str, Json]:
    """The escalation card's facts. ``asks`` says which systems each check asked: their vendors get a ticket."""
    clock = read_clock(policy, incident, now)
    asked = list(findings)
    worst = [found for found in asked if found.status in (Status.CRITICAL, Status.UNKNOWN)]
    quiet = "- nothing is critical now" if asked else "- nothing was asked yet"
    lines = [f"- {found.check}: {found.status.value}: {found.summary}" for found in worst] or [quiet]
    head = f"{incident.incident_id} {incident.severity} {incident.issue_type} in {incident.environment}"
    stamp = STAMP if facts.sandbox else ""
    body = "\n".join([f"{stamp}{head}, {t_plus(clock.elapsed_seconds)}, lead {incident.lead}.", *lines])
    drafts = [
        {"to": ", ".join(clock.tell), "channel": "Slack", "text": body},
        {"to": clock.primary, "channel": "mail", "text": f"Subject: {head}\n\n{body}\n\nRecord: {facts.run_dir}"},
        *({"to": policy.vendors[vendor], "channel": "support ticket", "text": stamp + ticket(incident, seen, now)}
          for vendor, seen in by_vendor(worst, asks, policy.vendors).items()),
    ]  # fmt: skip
    return {
        "incident": incident.incident_id, "severity": incident.severity, "elapsed": t_plus(clock.elapsed_seconds),
        "primary": clock.primary, "backup": clock.backup, "due_at": iso(clock.due_at),
        "overdue": clock.is_overdue(now), "critical": bool(worst) or not asked, "because": clock.because,
        "tell": list(clock.tell), "drafts": drafts, "vendors": dict(policy.vendors),
    }  # fmt: skip


def by_vendor(
    worst: Sequence[Finding], asks: Mapping[str, tuple[str, ...]], vendors: Mapping[str, str]
) -> dict[str, list[Finding]]:
    """The bad findings by the vendor whose system was asked; a vendor without a support address is left out."""
    seen: dict[str, list[Finding]] = {}
    for found in worst:
        owners = dict.fromkeys(RUN_BY.get(system, system) for system in asks.get(found.check, ()))
        for vendor in owners:
            if vendor in vendors:
                seen.setdefault(vendor, []).append(found)
    return seen


def ticket(incident: Incident, worst: Sequence[Finding], now: datetime) -> str:
    """A support ticket: what a vendor asks for first. No secrets, no customer data."""
    seen = "\n".join(f"- {found.summary} (source: {found.source or found.check})" for found in worst)
    return (
        f"Since {incident.noticed_at:%Y-%m-%d %H:%M} UTC our {incident.environment} is affected; "
        f"written {now:%H:%M} UTC.\nWhat we see:\n{seen}\n"
        "What we did: see the plan and action lines of our record.\n"
        "What we need: confirmation whether your side is degraded, and what you see for our project."
    )
