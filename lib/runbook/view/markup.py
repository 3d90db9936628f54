"""HTML that is safe by its type: ``el`` escapes every string and lets only ``Html`` through. No scripts, no addresses.

It must also work where a front end removes style sheets (JupyterLab does in a notebook that it does not trust): the
structure is plain tables and ``details``, and chips carry their two colours themselves.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path

from runbook.model import Row
from runbook.view.plain import clean, clip, columns_of, heading, shown
from runbook.view.words import Tone, Word

LEFT, RIGHT = "text-align:left", "text-align:right"  # a front end that drops the sheet would flush table cells right
CELL = 240  # characters of one value in a table
AT_MOST = 20  # rows of an evidence table
VOID = frozenset({"br", "img"})
COLOURS = {  # text and ground of a chip: at least 4.5 : 1, whatever the theme around it
    Tone.BAD: ("#fff", "#b3261e"),
    Tone.WARN: ("#241a00", "#f0b429"),
    Tone.UNSURE: ("#fff", "#6b4fa0"),
    Tone.GOOD: ("#fff", "#1e7d34"),
    Tone.CALM: ("#fff", "#5b6572"),
}


class Html(str):
    """Markup that was built here; every other string is text."""

    __slots__ = ()

    def __html__(self) -> Html:
        """Says to the report's template that this is escaped already."""
        return self


def text(value: str) -> Html:
    """Text as HTML. An address stays text also for whoever looks for links: its colon is written as an entity."""
    return Html(escape(clean(value)).replace("://", "&#58;//"))


def el(tag: str, *children: str | Html, **attributes: str | int | bool) -> Html:
    """One element. ``cls`` is its class; a child that is no ``Html`` is escaped."""
    inside = "".join(child if isinstance(child, Html) else text(child) for child in children)
    head = "".join(_attribute("class" if name == "cls" else name, value) for name, value in attributes.items())
    return Html(f"<{tag}{head}>") if tag in VOID else Html(f"<{tag}{head}>{inside}</{tag}>")


def td(*children: str | Html, cls: str = "", head: bool = False) -> Html:
    """A cell of a table."""
    return el(
        "th" if head else "td", *children, **({"cls": cls} if cls else {}), style=RIGHT if "rb-count" in cls else LEFT
    )


def join(parts: Iterable[str | Html], between: str | Html = "") -> Html:
    """Several parts as one, each escaped unless it is ``Html``."""
    glue = between if isinstance(between, Html) else text(between)
    return Html(glue.join(part if isinstance(part, Html) else text(part) for part in parts))


def chip(word: Word, label: str = "") -> Html:
    """A state: symbol, word, colour."""
    ink, ground = COLOURS[word.tone]
    return el("span", f"{word.symbol} {label or word.word}", cls=f"rb-chip rb-{word.tone.value}",
              style=f"color:{ink};background-color:{ground};white-space:nowrap")  # fmt: skip


def fold(label: str | Html, inside: Html, *, open: bool = False) -> Html:
    """What is there for who wants it."""
    return el("details", el("summary", label), inside, **({"open": True} if open else {}))


def grid(rows: Sequence[Row], *, at_most: int = AT_MOST, columns: Sequence[str] = ()) -> Html:
    """Rows as a table, the first ``at_most`` of them, then how many more there are."""
    names = list(columns) or columns_of(rows)
    head = el("tr", *(td(heading(name), head=True) for name in names))
    body = [el("tr", *(td(clip(shown(name, row.get(name)), CELL)) for name in names)) for row in rows[:at_most]]
    more = el("p", f"… {len(rows) - at_most} more", cls="rb-note") if len(rows) > at_most else Html()
    return join([el("div", el("table", el("thead", head), el("tbody", *body), cls="rb-rows"), cls="rb-wide"), more])


def evidence(rows: Sequence[Row], label: str = "") -> Html:
    """Evidence rows, folded; nothing when there are none."""
    return fold(label or f"{len(rows)} row{'s' if len(rows) != 1 else ''}", grid(rows)) if rows else Html()


def pairs(facts: Iterable[tuple[str, str | Html]]) -> Html:
    """Names and values, one a line; those without a value are left out."""
    rows = [el("tr", td(name, head=True), td(value)) for name, value in facts if value]
    return el("table", el("tbody", *rows), cls="rb-pairs") if rows else Html()


def lines(items: Iterable[str | Html]) -> Html:
    """A list, one item a line; nothing when it is empty."""
    parts = [el("li", item) for item in items]
    return el("ul", *parts) if parts else Html()


def picture(png: bytes, says: str) -> Html:
    """A picture inside the page itself, at half its size in pixels so that it is sharp."""
    return el("img", src=f"data:image/png;base64,{base64.b64encode(png).decode()}", alt=says, style="width:760px")


def card(body: Html, *, sandbox: bool, tone: Tone = Tone.CALM) -> Html:
    """What a cell shows: the style sheet, the stamp, the body."""
    stamp = el("span", "SANDBOX", cls="rb-stamp") if sandbox else Html()
    return join([Html(f"<style>{style()}</style>"), el("div", stamp, body, cls=f"rb rb-edge-{tone.value}")])


@cache
def style() -> str:
    """The style sheet, without what only people need."""
    css = Path(__file__).with_name("view.css").read_text("utf-8")
    return re.sub(r"\s*([{}:;,>])\s*", r"\1", re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.S))).strip()


def _attribute(name: str, value: str | int | bool) -> str:
    if value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'
