"""What changed, from every system that can tell, in one order of time; with the first error marked.

An event is a mapping in a finding's fact ``events`` (else in its rows) with ``at`` (ISO) and, where known, ``system``,
``what``, ``who``, ``status`` (a finding's word) and ``kind`` (``change`` or ``error``). The fact ``first_error_at`` of
any finding says when it broke; else the earliest event of kind ``error`` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from runbook.model import Finding, Json, Row, Status
from runbook.times import iso, parse_iso
from runbook.view import markup, plain
from runbook.view.card import View
from runbook.view.findings import one_line
from runbook.view.markup import Html, el
from runbook.view.words import STATUS, Tone, Word

COLUMNS = ("number", "at", "system", "what", "who", "status", "kind")
AT_MOST = 40  # events in a table; the newest are kept
WHAT = ("what", "title", "summary", "name", "message")
CHANGE = Word("•", "change", Tone.CALM)
FIRST_ERROR = Word("✗", "first error", Tone.BAD)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``status`` is None for an ordinary change."""

    at: datetime
    system: str
    what: str
    who: str
    status: Status | None
    kind: str


def view(findings: Sequence[Finding], *, sandbox: bool) -> View:
    """The time line of these findings; the picture is drawn when a front end first asks for HTML."""
    events, broken = events_of(findings), first_error(findings)
    silent = [found for found in findings if found.status is Status.UNKNOWN]
    head, next_step, tone = _head(events, broken, silent)
    lines = [head, *plain.table(_shown(events, broken), at_most=AT_MOST)]
    lines += ["Could not tell:", *(f"  {plain.line(f.check)}: {one_line(f)}" for f in silent)] if silent else []
    table = markup.fold(plain.counted(len(events), "event"), _table(events, broken), open=len(events) <= 12)
    tail = [
        table if events else Html(),
        el("p", el("b", "Could not tell")) if silent else Html(),
        markup.lines(markup.join([markup.chip(STATUS[f.status]), " ", el("code", plain.line(f.check)), " ",
                                  plain.line(f.summary)]) for f in silent),
        el("p", f"Next: {next_step}", cls="rb-next"),
    ]  # fmt: skip

    @cache
    def body() -> Html:
        if not events:
            return markup.join([el("p", head, cls="rb-head"), *tail])
        from runbook.view import plot  # late: matplotlib takes longer to import than everything else together

        image = markup.picture(plot.draw(events, broken), "time line; the table says the same")
        return markup.join([el("p", head, cls="rb-head"), image, *tail])

    rows = [_frame_row(number, event) for number, event in enumerate(events, start=1)]
    return View([*lines, f"Next: {next_step}"], body, sandbox, tone, rows, COLUMNS)


def events_of(findings: Sequence[Finding]) -> list[Event]:
    """Every event of the findings, oldest first; what has no readable time is left out."""
    found = []
    for finding in findings:
        told = finding.facts.get("events")
        rows = told if isinstance(told, list) else finding.rows
        found += [event for row in rows if isinstance(row, dict) and (event := _event(row, finding)) is not None]
    return sorted(found, key=lambda event: event.at)


def first_error(findings: Sequence[Finding]) -> datetime | None:
    """When it broke, as far as any finding knows."""
    said = [_time(finding.facts.get("first_error_at")) for finding in findings]
    said += [event.at for event in events_of(findings) if event.kind == "error"]
    return min((at for at in said if at is not None), default=None)


def _event(row: Row, finding: Finding) -> Event | None:
    at = _time(row.get("at"))
    if at is None:
        return None
    system = plain.line(row.get("system") or finding.check.rpartition(".")[2])
    what = next((plain.line(row[key]) for key in WHAT if row.get(key)), "")
    status = Status(row["status"]) if row.get("status") in set(Status) else None
    return Event(at, system, what, plain.line(row.get("who") or ""), status, str(row.get("kind") or "change"))


def _time(value: Json) -> datetime | None:
    try:
        return parse_iso(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _head(events: Sequence[Event], broken: datetime | None, silent: Sequence[Finding]) -> tuple[str, str, Tone]:
    systems = plain.counted(len({event.system for event in events}), "system")
    head = f"time line: {plain.counted(len(events), 'event')} in {systems}" if events else "time line: nothing changed"
    if silent:
        head += f"; ? {len(silent)} could not tell"
    if broken is not None:
        head += f"; ✗ first error {broken:%H:%M:%S} UTC"
    before = [event for event in events if event.kind != "error" and (broken is None or event.at <= broken)]
    if before and broken is not None:
        last = before[-1]
        ago = plain.duration((broken - last.at).total_seconds())
        suspect = f"first suspect, {ago} before the first error: {last.system}: {last.what}"
    elif before:
        suspect = f"the newest change is the first suspect: {before[-1].system}: {before[-1].what}"
    else:
        suspect = "nothing that changed explains it; go on." if not silent else "ask those that could not tell."
    return head, suspect, Tone.UNSURE if silent else Tone.CALM


def _word(event: Event) -> Word:
    return CHANGE if event.status in (None, Status.OK) else STATUS[event.status]


def _shown(events: Sequence[Event], broken: datetime | None) -> list[dict[str, Json]]:
    """The rows of the text table, with a line where it broke."""
    rows: list[dict[str, Json]] = [
        {"#": number, "at": iso(event.at), "system": event.system, "": str(_word(event)), "what": event.what,
         "who": event.who} for number, event in enumerate(events, start=1)
    ]  # fmt: skip
    if broken is not None:
        place = sum(event.at <= broken and event.kind != "error" for event in events)
        mark = {"#": "", "at": iso(broken), "system": "", "": str(FIRST_ERROR), "what": "it broke here", "who": ""}
        rows.insert(place, mark)
    return rows[-AT_MOST:]


def _table(events: Sequence[Event], broken: datetime | None) -> Html:
    more = len(events) - AT_MOST
    left_out = el("p", f"… {more} older ones", cls="rb-note") if more > 0 else Html()
    return markup.join([left_out, markup.grid(_shown(events, broken), at_most=AT_MOST)])


def _frame_row(number: int, event: Event) -> dict[str, Json]:
    status = event.status.value if event.status else ""
    return {"number": number, "at": iso(event.at), "system": event.system, "what": event.what, "who": event.who,
            "status": status, "kind": event.kind}  # fmt: skip
