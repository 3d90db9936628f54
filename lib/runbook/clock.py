"""The incident clock: how long it has been, who is next and when. Pure; the time comes in.

Escalate at the earlier of the severity's response time and the issue type's escalation time
(``params/policy/severity.yaml`` and ``escalation.yaml``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from runbook.model import Incident
from runbook.policy import Policy


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the incident stands. ``primary`` and ``backup`` are roles, never names or numbers."""

    elapsed_seconds: float
    primary: str
    backup: str
    due_at: datetime
    because: str
    tell: tuple[str, ...]

    def is_overdue(self, now: datetime) -> bool:
        """Whether the next person should have been told by now."""
        return now >= self.due_at


def read_clock(policy: Policy, incident: Incident, now: datetime) -> Clock:
    """The clock of one incident at ``now``; exit 2 when the policy knows neither its severity nor its type."""
    severity = policy.severity(incident.severity)
    issue = policy.issue_type(incident.issue_type)
    minutes = min(severity.response_minutes, issue.escalate_after_minutes)
    of_severity = severity.response_minutes <= issue.escalate_after_minutes
    because = f"{incident.severity} allows" if of_severity else f"{incident.issue_type} issues allow"
    return Clock(
        elapsed_seconds=(now - incident.noticed_at).total_seconds(),
        primary=issue.primary,
        backup=issue.backup,
        due_at=incident.noticed_at + timedelta(minutes=minutes),
        because=f"{because} {minutes} minutes",
        tell=tuple(policy.channels.get(name, name) for name in severity.tell),
    )


def t_plus(seconds: float) -> str:
    """``T+07:12``, or ``T+1:07:12`` after an hour."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"T+{hours}:{minutes:02d}:{rest:02d}" if hours else f"T+{minutes:02d}:{rest:02d}"
