"""What changed, out of findings.

An event is a mapping in a finding's fact ``events`` (else in its rows) with ``at`` (ISO) and, where known, ``system``,
``what``, ``who``, ``ref``, ``status`` (a finding's word) and ``kind`` (``change`` or ``error``). The fact
``first_error_at`` of any finding says when it broke; else the earliest event of kind ``error``; else the incident was
noticed at some time, and it broke before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from runbook.model import Finding, Json, Row, Status
from runbook.times import parse_iso
from runbook.view import plain
from runbook.view.words import Tone, Word

WHAT = ("what", "title", "summary", "name", "message")
FIRST_ERROR = Word("✗", "first error", Tone.BAD, "it broke here")
NOTICED = Word("!", "noticed", Tone.WARN, "the incident was noticed here")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``status`` is None for an ordinary change."""

    at: datetime
    system: str
    what: str
    who: str
    ref: str
    status: Status | None
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The moment that changes are compared with."""

    at: datetime
    word: Word


def events_of(findings: Sequence[Finding]) -> list[Event]:
    """Every event of the findings, oldest first; what has no readable time is left out."""
    found = []
    for finding in findings:
        told = finding.facts.get("events")
        rows = told if isinstance(told, list) else finding.rows
        found += [event for row in rows if isinstance(row, dict) and (event := _event(row, finding)) is not None]
    return sorted(found, key=lambda event: event.at)


def mark_of(findings: Sequence[Finding], noticed_at: datetime | None) -> Mark | None:
    """When it broke, as far as any finding knows; else when it was noticed."""
    said = [_time(finding.facts.get("first_error_at")) for finding in findings]
    said += [event.at for event in events_of(findings) if event.kind == "error"]
    broke = min((at for at in said if at is not None), default=None)
    if broke is not None:
        return Mark(broke, FIRST_ERROR)
    return Mark(noticed_at, NOTICED) if noticed_at is not None else None


def _event(row: Row, finding: Finding) -> Event | None:
    at = _time(row.get("at"))
    if at is None:
        return None
    system = plain.line(row.get("system") or finding.check.rpartition(".")[2])
    what = next((plain.line(row[key]) for key in WHAT if row.get(key)), "")
    status = Status(row["status"]) if row.get("status") in set(Status) else None
    return Event(
        at,
        system,
        what,
        plain.line(row.get("who") or ""),
        plain.line(row.get("ref") or ""),
        status,
        str(row.get("kind") or "change"),
    )


def _time(value: Json) -> datetime | None:
    try:
        return parse_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None
