"""Whom to tell, by when, and the messages ready to copy. Nothing is sent from here."""

from __future__ import annotations

from collections.abc import Mapping

from runbook.model import Json
from runbook.view import markup, plain
from runbook.view.card import View
from runbook.view.markup import Html, el
from runbook.view.words import Tone

COLUMNS = ("to", "channel", "text")


def view(facts: Mapping[str, Json], *, sandbox: bool) -> View:
    """The escalation card, from the facts that the incident's clock gave."""
    late = bool(facts.get("overdue"))
    who = plain.line(facts.get("primary", ""))
    by = plain.moment(plain.line(facts.get("due_at", "")))
    calm = facts.get("critical") is False
    head = f"! Overdue: tell the {who} now" if late else f"Tell the {who} by {by} UTC"
    head = f"Nothing is critical now. If it comes back, tell the {who}" if calm else head
    pairs = [
        ("incident", " ".join(plain.line(facts.get(key, "")) for key in ("incident", "severity", "elapsed")).strip()),
        ("due", f"{by} UTC: {plain.line(facts.get('because', ''))}"),
        ("then", f"the {plain.line(facts['backup'])}" if facts.get("backup") else ""),
        ("also", ", ".join(plain.line(one) for one in facts.get("tell", ()))),
    ]
    drafts = [dict(one) for one in facts.get("drafts", ())]
    lines = [head, *(f"{label + ':':<10}{value}" for label, value in pairs if value)]
    for draft in drafts:
        lines += ["", f"--- {_label(draft)} ---", plain.clean(str(draft["text"])).rstrip()]
    lines += ["", "Nothing was sent. Copy what fits, and send it yourself."]
    body = markup.join([
        el("p", head, cls="rb-head"), markup.pairs(pairs),
        *(markup.fold(_label(draft), el("pre", plain.clean(str(draft["text"])).rstrip()), open=True) for draft in drafts),
        el("p", "Nothing was sent. Copy what fits, and send it yourself.", cls="rb-note") if drafts else Html(),
    ])  # fmt: skip
    return View(lines, body, sandbox, Tone.WARN if late and not calm else Tone.CALM, drafts, COLUMNS)


def _label(draft: Mapping[str, Json]) -> str:
    return f"{plain.line(draft['channel'])} to {plain.line(draft['to'])}"
