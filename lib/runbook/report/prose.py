"""The notebook's prose: Markdown to HTML without raw HTML, links or pictures. An address in it stays text."""

from __future__ import annotations

from functools import cache
from typing import Any

import mistune

from runbook.view.markup import Html, el, text
from runbook.view.plain import clean

DEEPER = 2  # a notebook's headings stand below the report's own


def html(markdown: str) -> Html:
    """The prose of one cell."""
    return Html(str(_reader()(clean(markdown))).replace("://", "&#58;//"))


@cache
def _reader() -> Any:
    return mistune.create_markdown(renderer=_Prose(escape=True), plugins=["table", "strikethrough"])


class _Prose(mistune.HTMLRenderer):
    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return f"<h{min(6, level + DEEPER)}>{text}</h{min(6, level + DEEPER)}>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return text if url in text or url.startswith("#") else f"{text} ({_plain(url)})"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return el("em", f"[picture: {text}]")

    def block_code(self, code: str, info: str | None = None) -> str:
        return el("pre", el("code", code))


def _plain(value: str) -> Html:
    return text(value)
