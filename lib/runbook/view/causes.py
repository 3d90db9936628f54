"""Causes: what explains the findings, with what speaks for and against each and what helps; or that nothing does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runbook.model import Cause, Finding, Json, Status
from runbook.view import markup, plain
from runbook.view.card import View
from runbook.view.findings import one_line
from runbook.view.markup import Html, el
from runbook.view.words import STATUS, WORST_FIRST, Tone, Word

COLUMNS = ("rank", "name", "title", "for", "against", "actions", "notebooks", "by_hand")
ASK = "Escalate names who is next and drafts the message. Ask whoever knows the first of these."


def view(causes: Sequence[Cause], findings: Sequence[Finding], *, sandbox: bool) -> View:
    """The causes, best supported first, and the findings that none of them explains."""
    by_name = {found.check: found for found in findings}
    explained = {name for cause in causes for name in cause.evidence_for}
    left = sorted((f for f in findings if f.status is not Status.OK and f.check not in explained),
                  key=lambda f: WORST_FIRST[f.status])  # fmt: skip
    head, next_step, tone = _head(causes, left)
    lines, parts = [head], [el("p", head, cls="rb-head")]
    for rank, cause in enumerate(causes, start=1):
        lines += _cause_lines(rank, cause, by_name)
        parts.append(_cause_html(rank, cause, by_name))
    if left:
        says = "Not explained by any of these:" if causes else "What is not ok:"
        evidence = _evidence([found.check for found in left], by_name)
        lines += [says, *(f"   {one.text}" for one in evidence)]
        parts += [el("p", says), markup.lines(one.html() for one in evidence)]
    lines.append(f"Next: {next_step}")
    parts.append(el("p", f"Next: {next_step}", cls="rb-next"))
    rows = [{"rank": rank, **cause.as_json()} for rank, cause in enumerate(causes, start=1)]
    return View(lines, markup.join(parts), sandbox, tone, rows, COLUMNS)


def _head(causes: Sequence[Cause], left: Sequence[Finding]) -> tuple[str, str, Tone]:
    if causes:
        first = causes[0]
        next_step = f"plan {plain.line(first.actions[0])}." if first.actions else "do by hand what cause 1 says."
        many = "1 cause explains the findings" if len(causes) == 1 else f"{len(causes)} causes, best supported first"
        return many, next_step, Tone.BAD
    if left:
        tone = Tone.BAD if left[0].status is Status.CRITICAL else STATUS[left[0].status].tone
        return "? Nothing that this runbook knows explains the findings", ASK, tone
    return "✓ Nothing is wrong, so there is no cause to name", "leave everything as it is.", Tone.GOOD


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one check said, or several that said the same."""

    names: tuple[str, ...]
    word: Word | None  # None: not asked
    said: str

    @property
    def text(self) -> str:
        """One line: names, status, answer."""
        return (
            f"{plain.listed(self.names)} {self.word}: {self.said}"
            if self.word
            else f"{plain.listed(self.names)} (not asked)"
        )

    def html(self) -> Html:
        """The same with its chip."""
        names = el("code", plain.listed(self.names))
        if self.word is None:
            return markup.join([names, " (not asked)"])
        return markup.join([markup.chip(self.word), " ", names, " ", self.said])


def _evidence(names: Sequence[str], by_name: Mapping[str, Finding]) -> list[Evidence]:
    """What these checks said; those that said the same are one."""
    said: dict[tuple[Word | None, str], list[str]] = {}
    for name in names:
        found = by_name.get(name)
        key = (STATUS[found.status], one_line(found).split(": ", 1)[1]) if found else (None, "")
        said.setdefault(key, []).append(plain.line(name))
    return [Evidence(tuple(group), word, line) for (word, line), group in said.items()]


def _cause_lines(rank: int, cause: Cause, by_name: Mapping[str, Finding]) -> list[str]:
    lines = [f"{rank}. {plain.line(cause.name)}: {plain.line(cause.title)}"]
    for label, names in (("for", cause.evidence_for), ("against", cause.evidence_against)):
        said = [one.text for one in _evidence(names, by_name)] or ["nothing"]
        lines += [f"   {label + ':' if i == 0 else '':<9}{one}" for i, one in enumerate(said)]
    lines += [f"   {'helps:' if i == 0 else '':<9}{one}" for i, one in enumerate(helps(cause.as_json()))]
    return lines


def _cause_html(rank: int, cause: Cause, by_name: Mapping[str, Finding]) -> Html:
    title = el("p", el("b", f"{rank}. {plain.line(cause.title)} "), el("code", plain.line(cause.name)))
    return markup.join([title, markup.pairs([
        ("for", markup.lines(one.html() for one in _evidence(cause.evidence_for, by_name)) or "nothing"),
        ("against", markup.lines(one.html() for one in _evidence(cause.evidence_against, by_name)) or "nothing"),
        ("helps", markup.lines(helps(cause.as_json()))),
    ])])  # fmt: skip


def helps(cause: Mapping[str, Json]) -> list[str]:
    """What helps against a cause, one line each: our actions, other notebooks, what is done by hand."""
    said = [f"plan {plain.line(name)}" for name in cause["actions"]]
    said += [f"notebook {plain.line(name)}" for name in cause["notebooks"]]
    said += [f"by hand: {plain.line(cause['by_hand'])}"] if cause["by_hand"] else []
    return said or ["nothing that this runbook knows"]
