"""Findings: how many of each, then one line each, the worst first; the number before a check is its place in the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runbook.model import Finding, Json, Status
from runbook.view import markup, plain
from runbook.view.card import View
from runbook.view.markup import Html, el
from runbook.view.words import STATUS, WORST_FIRST, Tone

COLUMNS = (
    "order",
    "check",
    "status",
    "summary",
    "observed",
    "unit",
    "threshold",
    "source",
    "seconds",
    "required",
    "rows",
)
TEXT_ROWS = 5
NEXT = {
    Status.CRITICAL: "Diagnose ranks the causes; a plan shows what a cure would touch.",
    Status.UNKNOWN: "What could not tell is not healthy. Read its reason, then ask in another way.",
    Status.WARNING: "Nothing is critical. Keep an eye on the warnings.",
    Status.OK: "Nothing is wrong here. Go on.",
}


def view(findings: Sequence[Finding], *, budget_seconds: float | None, sandbox: bool) -> View:
    """What the checks answered."""
    ranked = worst_first(findings)
    tone = STATUS[ranked[0][1].status].tone if ranked else Tone.CALM
    head = _head(findings, budget_seconds)
    next_step = NEXT[ranked[0][1].status] if ranked else "Nothing was asked."
    lines = [head, *_lines(ranked), *_evidence_lines(ranked), f"Next: {next_step}"]
    body = markup.join([
        el("p", head, cls="rb-head"),
        el("table", el("tbody", *(_row(place, finding) for place, finding in ranked)), cls="rb-lines"),
        el("p", f"Next: {next_step}", cls="rb-next"),
    ])  # fmt: skip
    rows = [_frame_row(place, finding) for place, finding in enumerate(findings, start=1)]
    return View(lines, body, sandbox, tone, rows, COLUMNS)


def worst_first(findings: Sequence[Finding]) -> list[tuple[int, Finding]]:
    """The findings with their places in the call; the worst first, else as called."""
    numbered = list(enumerate(findings, start=1))
    return sorted(numbered, key=lambda pair: WORST_FIRST[pair[1].status])


def measure(finding: Finding) -> str:
    """What was observed, with unit and threshold: ``100 %, limit 80 %``. Empty when nothing was measured."""
    return measured({"observed": finding.observed, "unit": finding.unit, "threshold": finding.threshold})


def measured(finding: Mapping[str, Json]) -> str:
    """The same of a finding as the journal keeps it."""
    if finding["observed"] is None:
        return ""
    seen = plain.line(plain.figure(finding["observed"], finding["unit"]))
    limit = _limit(finding["threshold"], finding["unit"])
    return f"{seen}, {limit}" if limit else seen


def one_line(finding: Finding) -> str:
    """``✗ critical: summary [figure, limit]``."""
    figure = measure(finding)
    return f"{STATUS[finding.status]}: {plain.line(finding.summary)}" + (f" [{figure}]" if figure else "")


def _limit(threshold: Json, unit: str) -> str:
    if threshold is None or threshold == "":
        return ""
    if isinstance(threshold, Mapping):
        return plain.line(", ".join(f"{name} from {plain.figure(value, unit)}"
                                    for name, value in threshold.items() if value is not None))  # fmt: skip
    return f"limit {plain.line(plain.figure(threshold, unit))}"


def _head(findings: Sequence[Finding], budget_seconds: float | None) -> str:
    counts = [(sum(f.status is status for f in findings), word) for status, word in STATUS.items()]
    said = ", ".join(f"{count} {word.word}" for count, word in counts if count)
    spent = max((f.seconds for f in findings), default=0.0)  # they are all asked at once
    took = f"answered in {plain.duration(spent)}"
    if budget_seconds is not None:
        over = spent > budget_seconds
        took += f"{', ! over the' if over else ' of the'} {plain.duration(budget_seconds)} budgeted"
    return f"{plain.counted(len(findings), 'check')}: {said or 'none asked'} · {took}"


def _lines(ranked: Sequence[tuple[int, Finding]]) -> list[str]:
    word_width = max((len(str(STATUS[f.status])) for _, f in ranked), default=0)
    name_width = max((len(plain.line(f.check)) for _, f in ranked), default=0)
    lines = []
    for place, found in ranked:
        figure = measure(found)
        head = f"{STATUS[found.status]!s:<{word_width}}  {place:>2}. {plain.line(found.check):<{name_width}}"
        lines.append(f"{head}  {plain.clip(plain.line(found.summary), 400)}" + (f" [{figure}]" if figure else ""))
    return lines


def _evidence_lines(ranked: Sequence[tuple[int, Finding]]) -> list[str]:
    lines = []
    for place, found in ranked:
        if found.rows and found.status is not Status.OK:
            lines.append(f"{place}. {plain.line(found.check)}: {plain.counted(len(found.rows), 'row')}")
            lines += plain.table(found.rows, at_most=TEXT_ROWS, indent="     ")
    return lines


def _row(place: int, found: Finding) -> Html:
    source = plain.line(found.source) and f"from {plain.line(found.source)}"
    note = " · ".join(filter(None, (measure(found), source, "" if found.required else "not required")))
    said = el("span", plain.clip(plain.line(found.summary), 600))
    return el(
        "tr",
        markup.td(markup.chip(STATUS[found.status]), cls="rb-fit"),
        markup.td(f"{place}.", cls="rb-fit rb-count"),
        markup.td(el("code", plain.line(found.check)), cls="rb-fit"),
        markup.td(said, " ", el("span", f"[{note}]", cls="rb-note") if note else Html(), markup.evidence(found.rows)),
        markup.td(plain.duration(found.seconds), cls="rb-fit rb-count rb-note"),
    )


def _frame_row(place: int, found: Finding) -> dict[str, Json]:
    return {"order": place, **found.as_json(), "required": found.required, "rows": len(found.rows)}
