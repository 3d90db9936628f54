"""What changed, from every system that can tell, in one order of time; with the first error marked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from runbook.model import Finding, Json, Status
from runbook.times import iso
from runbook.view import markup, plain
from runbook.view.card import View
from runbook.view.events import Event, Mark, events_of, mark_of
from runbook.view.findings import one_line
from runbook.view.markup import Html, el
from runbook.view.words import STATUS, Tone, Word

COLUMNS = ("number", "at", "system", "what", "who", "ref", "status", "kind")
AT_MOST = 40  # events in a table; the newest are kept
CHANGE = Word("•", "change", Tone.CALM)


def view(findings: Sequence[Finding], *, noticed_at: datetime | None, sandbox: bool) -> View:
    """The time line of these findings; the picture is drawn when a front end first asks for HTML."""
    events, mark = events_of(findings), mark_of(findings, noticed_at)
    silent = [found for found in findings if found.status is Status.UNKNOWN]
    head, next_step, tone = _head(events, mark, silent)
    lines = [head, *plain.table(_shown(events, mark), at_most=AT_MOST)]
    lines += ["Could not tell:", *(f"  {plain.line(f.check)}: {one_line(f)}" for f in silent)] if silent else []
    table = markup.fold(plain.counted(len(events), "event"), _table(events, mark), open=len(events) <= 12)
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

        image = markup.picture(plot.draw(events, mark), "time line; the table says the same")
        return markup.join([el("p", head, cls="rb-head"), image, *tail])

    rows = [_frame_row(number, event) for number, event in enumerate(events, start=1)]
    return View([*lines, f"Next: {next_step}"], body, sandbox, tone, rows, COLUMNS)


def _head(events: Sequence[Event], mark: Mark | None, silent: Sequence[Finding]) -> tuple[str, str, Tone]:
    systems = plain.counted(len({event.system for event in events}), "system")
    head = f"time line: {plain.counted(len(events), 'event')} in {systems}" if events else "time line: no change seen"
    if silent:
        head += f"; ? {len(silent)} could not tell"
    if mark is not None:
        head += f"; {mark.word} {mark.at:%H:%M:%S} UTC"
    before = [event for event in events if event.kind != "error" and (mark is None or event.at <= mark.at)]
    if before and mark is not None:
        ago = plain.duration((mark.at - before[-1].at).total_seconds())
        suspect = f"the first suspect came {ago} before ({mark.word.word}): {before[-1].system}: {before[-1].what}"
    elif before:
        suspect = f"the newest change is the first suspect: {before[-1].system}: {before[-1].what}"
    else:
        suspect = "ask those that could not tell." if silent else "no change explains it; go on."
    return head, suspect, Tone.UNSURE if silent else Tone.CALM


def _word(event: Event) -> Word:
    return CHANGE if event.status in (None, Status.OK) else STATUS[event.status]


def _shown(events: Sequence[Event], mark: Mark | None) -> list[dict[str, Json]]:
    """The rows of the table, with a line where it broke."""
    rows: list[dict[str, Json]] = [
        {"#": number, "at": iso(event.at), "system": event.system, "": str(_word(event)), "what": event.what,
         "who": event.who, "ref": event.ref} for number, event in enumerate(events, start=1)
    ]  # fmt: skip
    if mark is not None:
        place = sum(event.at <= mark.at and event.kind != "error" for event in events)
        rows.insert(place, {"#": "", "at": iso(mark.at), "system": "", "": str(mark.word), "what": mark.word.means,
                            "who": "", "ref": ""})  # fmt: skip
    return rows[-AT_MOST:]


def _table(events: Sequence[Event], mark: Mark | None) -> Html:
    more = len(events) - AT_MOST
    left_out = el("p", f"… {more} older ones", cls="rb-note") if more > 0 else Html()
    return markup.join([left_out, markup.grid(_shown(events, mark), at_most=AT_MOST)])


def _frame_row(number: int, event: Event) -> dict[str, Json]:
    status = event.status.value if event.status else ""
    return {"number": number, "at": iso(event.at), "system": event.system, "what": event.what, "who": event.who,
            "ref": event.ref, "status": status, "kind": event.kind}  # fmt: skip
