"""Whether HTML in a record is a view of ours. Pure.

A record is read long after its run and may hold whatever a cell displayed. Nothing is repaired: HTML that is not, token
for token, in the small dialect that ``runbook.view.markup`` writes is not shown at all, its plain text is.
"""

from __future__ import annotations

import re

from runbook.view.markup import VOID, Html

TAGS = frozenset(
    {"div", "span", "p", "b", "code", "pre", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "details",
     "summary", "img"}
)  # fmt: skip
ATTRIBUTES = {
    "class": re.compile(r"rb[a-z -]*"),
    "style": re.compile(
        r"color:#[0-9a-f]{3,6};background-color:#[0-9a-f]{3,6};white-space:nowrap|text-align:(?:left|right)|width:\d{1,4}px"
    ),
    "src": re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+"),
    "alt": re.compile(r"[^:]*"),
}
FLAGS = frozenset({"open"})
_STYLE = re.compile(r"<style>[^<]*</style>")
_TOKEN = re.compile(r'<(?P<end>/?)(?P<tag>[a-z]+)(?P<rest>(?: [a-z]+(?:="[^"<>]*")?)*)>|[^<>]+')
_ATTRIBUTE = re.compile(r' ([a-z]+)(?:="([^"]*)")?')


def ours(html: str) -> Html | None:
    """The HTML without its style sheet, when every token of it is one that our views write; else None."""
    bare = _STYLE.sub("", html)
    if not bare.startswith('<div class="rb ') or "://" in bare:
        return None
    waiting: list[str] = []
    position = 0
    while position < len(bare):
        token = _TOKEN.match(bare, position)
        if token is None or not _fits(token, waiting):
            return None
        position = token.end()
    return Html(bare) if not waiting else None


def _fits(token: re.Match[str], waiting: list[str]) -> bool:
    tag = token["tag"]
    if tag is None:
        return True
    if tag not in TAGS:
        return False
    if token["end"]:
        return not token["rest"] and bool(waiting) and waiting.pop() == tag
    if tag not in VOID:
        waiting.append(tag)
    return all(_allowed(tag, *attribute.groups()) for attribute in _ATTRIBUTE.finditer(token["rest"]))


def _allowed(tag: str, name: str, value: str | None) -> bool:
    if value is None:
        return name in FLAGS
    shape = ATTRIBUTES.get(name)
    return shape is not None and shape.fullmatch(value) is not None and (name != "src" or tag == "img")
