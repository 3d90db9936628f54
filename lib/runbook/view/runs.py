"""The cards at both ends of a run: where we are and whether that is right; how it ended and what is left to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runbook.model import Json, Mode
from runbook.view import markup, plain, words
from runbook.view.card import View
from runbook.view.markup import Html, el
from runbook.view.words import MODE, Tone, Word

TARGET_COLUMNS = ("system", "expected", "seen", "matches", "how")
CLOSING_COLUMNS = ("what", "line")
NOT_SEEN = frozenset({"unverified", "unknown"})
MATCHES = {True: Word("✓", "matches", Tone.GOOD), False: Word("✗", "wrong target", Tone.BAD),
           None: Word("?", "could not tell", Tone.UNSURE)}  # fmt: skip


def run_card(facts: Mapping[str, Json], *, sandbox: bool) -> View:
    """The opening card."""
    mode = MODE[Mode(facts["mode"])]
    targets = sorted(facts.get("targets", ()), key=lambda one: (False, None, True).index(one["matches"]))
    tone, verdict = _targets_say(targets)
    head = f"{plain.line(facts['notebook'])} in {plain.line(facts['environment'])} · {mode} · {verdict}"
    about = " ".join(plain.line(facts.get(key, "")) for key in ("incident", "severity", "elapsed")).strip()
    pairs = [
        ("mode", f"{mode.word}: {mode.means}"), ("incident", about or "none: this run belongs to no incident"),
        ("next", plain.line(facts.get("next", "")) and f"tell the {plain.line(facts['next'])}"),
        ("operator", _operator(facts)), ("lock", plain.line(facts.get("lock", ""))),
        ("drill", "this is a drill" if facts.get("drill") else ""), ("record", plain.line(facts.get("run_dir", ""))),
    ]  # fmt: skip
    lines = [head, *(f"{label + ':':<10}{value}" for label, value in pairs if value)]
    lines += ["targets:", *(f"  {_target(one)}" for one in targets)] if targets else ["targets:  none was asked"]
    said = [el("tr", markup.td(markup.chip(MATCHES[one["matches"]]), cls="rb-fit"),
               markup.td(plain.line(one["system"]), cls="rb-fit"), markup.td(seen(one))) for one in targets]  # fmt: skip
    body = markup.join([
        el("p", el("b", plain.line(facts["notebook"])), f" in {plain.line(facts['environment'])} ", markup.chip(mode),
           f" {verdict}", cls="rb-head"),
        markup.pairs(pairs), el("table", el("tbody", *said), cls="rb-lines") if said else Html(),
    ])  # fmt: skip
    return View(lines, body, sandbox, tone, targets, TARGET_COLUMNS)


def closing(summary: Mapping[str, Json], *, sandbox: bool) -> View:
    """The closing card, from the summary as it would be if the run ended now."""
    word = words.end(str(summary.get("status", "")))
    code = summary.get("exit_code")
    head = f"{word} · exit code {plain.plain(code)} · {word.means}"
    changed = [plain.line(one) for one in summary.get("changed", ())]
    todo = follow_ups(summary)
    record = [("record", plain.line(summary.get("run_dir") or summary.get("run", ""))),
              ("journal", f"{summary.get('events', 0)} events, head {plain.line(summary.get('head', ''))[:16]}")]  # fmt: skip
    lines = [head]
    lines += plain.changes(changed, at_most=10) or [nothing_changed(summary)]
    lines += [f"To do ({len(todo)}):", *(f"  - {one}" for one in todo)] if todo else []
    lines += [f"{label + ':':<9}{value}" for label, value in record if value]
    body = markup.join([
        el("p", markup.chip(word), f" {word.means} ", el("span", f"exit code {plain.plain(code)}", cls="rb-note"),
           cls="rb-head"),
        markup.fold(f"changed: {len(changed)}", markup.lines(changed), open=len(changed) <= 10) if changed
        else el("p", nothing_changed(summary)),
        markup.join([el("p", el("b", "To do")), markup.lines(todo)]) if todo else Html(), markup.pairs(record),
    ])  # fmt: skip
    rows = [{"what": "changed", "line": one} for one in changed] + [{"what": "to do", "line": one} for one in todo]
    return View(lines, body, sandbox, word.tone, rows, CLOSING_COLUMNS)


def notice(text: str, *, sandbox: bool) -> View:
    """One sentence to the reader."""
    said = plain.clean(text).strip()
    return View([said], el("p", said), sandbox, Tone.CALM, [{"what": "notice", "line": said}], CLOSING_COLUMNS)


def nothing_changed(summary: Mapping[str, Json]) -> str:
    """What to say when no change is known: an action whose end was not seen may have made one."""
    unsure = [plain.line(one["action"]) for one in summary.get("actions", ()) if one["outcome"] in NOT_SEEN]
    return f"No change is certain; {', '.join(unsure)} may have made one." if unsure else "Nothing was changed."


def follow_ups(summary: Mapping[str, Json]) -> list[str]:
    """What somebody has to look after: what still stands, what could not tell, changes without proof, added notes."""
    todo = [f"{plain.line(one['action'])} ended {one['outcome']}: do not repeat it; look at the system itself"
            for one in summary.get("actions", ()) if one["outcome"] in NOT_SEEN]  # fmt: skip
    for status, says in (("critical", "still critical"), ("unknown", "could not tell")):
        same: dict[str, list[str]] = {}
        for one in summary.get("findings", ()):
            if one["status"] == status:
                same.setdefault(plain.line(one["summary"]), []).append(plain.line(one["check"]))
        todo += [f"{says}: {plain.listed(names)}: {summary_line}" for summary_line, names in same.items()]
    todo += [plain.line(one) for one in summary.get("followups", ())]
    return todo


def _targets_say(targets: Sequence[Mapping[str, Json]]) -> tuple[Tone, str]:
    wrong = [plain.line(one["system"]) for one in targets if one["matches"] is False]
    unsure = [plain.line(one["system"]) for one in targets if one["matches"] is None]
    if wrong:
        return Tone.BAD, f"✗ wrong target: {', '.join(wrong)}. Stop here."
    if unsure:
        return Tone.UNSURE, f"? could not tell: {', '.join(unsure)}"
    return (Tone.GOOD, "✓ every target matches") if targets else (Tone.UNSURE, "? no target was asked")


def _target(one: Mapping[str, Json]) -> str:
    return f"{MATCHES[one['matches']]!s:<16}  {plain.line(one['system']):<12}  {seen(one)}"


def seen(one: Mapping[str, Json]) -> str:
    """What a target says it is, and what was expected when that differs."""
    how = f" ({plain.line(one['how'])})" if one.get("how") else ""
    if one["matches"] is True:
        return f"{plain.line(one['seen'])}{how}"
    return f"expected {plain.line(one['expected'])}, seen {plain.line(one['seen']) or 'nothing'}{how}"


def _operator(facts: Mapping[str, Json]) -> str:
    source = plain.line(facts.get("operator_source", ""))
    return plain.line(facts.get("operator", "")) + (f" (by {source})" if source else "")
