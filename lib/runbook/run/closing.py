"""What the cards at both ends of a run say: the opening card, and the preview of the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from runbook.clock import read_clock, t_plus
from runbook.model import Json
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


def preview(entries: Sequence[Entry], facts: Facts, now: datetime) -> dict[str, Json]:
    """The summary as it would be if the run ended now: what the closing card shows."""
    status, exit_code = conclude(entries, forced=None)
    summary: dict[str, Json] = summarize(entries)
    return {**summary, "status": status, "exit_code": exit_code, "ended_at": iso(now), "run_dir": str(facts.run_dir)}
