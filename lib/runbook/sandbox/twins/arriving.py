"""How an answer should not arrive: late, refused, emptied, half, with the caller's own token, with hostile text. Pure.

``hang``, ``drip``, ``html`` and ``truncated`` are done to the bytes, by the frame; the rest is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any
REFUSED = {
    "401": "Unauthorized", "403": "Forbidden", "404": "Not Found", "410": "This version of the API was retired",
    "429": "Too Many Requests", "500": "Internal Server Error",
}  # fmt: skip
INSIDE = "error inside"  # 200, and the vendor's own error body
ECHO = "echo"  # an error that repeats the request, as a careless gateway does
KINDS = ("hang", "drip", "html", "truncated", *REFUSED, INSIDE, ECHO, "empty", "hostile", "hostile everywhere")
# Whatever a customer can type into a name: markup, mentions, links, terminal codes, templates, shell, direction marks.
HOSTILE = (
    "</script></pre><script>alert(1)</script><img src=x onerror=alert(2)> <!channel> <!here> <@U0000001> @everyone "
    "[click](javascript:alert(3)) ![](//example.test/x.png) \x1b[2J\x1b]0;owned\x07\x9b31m \u202e\u2066 {{7*7}} ${7*7} $(id) "
    "`id` %s {0} | a | b |\r\n# heading\r\nSet-Cookie: a=b"
)
# What a vendor lets people write; all other strings are ids, times, states and addresses.
WRITTEN = frozenset(
    {
        "name",
        "title",
        "message",
        "summary",
        "body",
        "text",
        "description",
        "culprit",
        "displayName",
        "commitMessage",
        "githubCommitMessage",
        "shortDescription",
        "titleVerb",
        "comment",
        "real_name",
        "email",
        "username",
        "first_name",
        "last_name",
        "login",
    }
)


def changed(kind: str, body: Json) -> Json:
    """The answer with its lists emptied, or with hostile text in it."""
    match kind:
        case "empty":
            return _emptied(body)
        case "hostile":
            return _hostile(body, everywhere=False)
        case "hostile everywhere":
            return _hostile(body, everywhere=True)
    return body


def echoed(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str:
    """What a careless gateway says: the request with all its headers."""
    return f"upstream failed for {dict(headers)} with {dict(query)}"


def _emptied(body: Json) -> Json:
    if isinstance(body, list):
        return []
    return {key: _emptied(value) for key, value in body.items()} if isinstance(body, dict) else body


def _hostile(body: Json, *, everywhere: bool, written: bool = False) -> Json:
    if isinstance(body, dict):
        return {
            key: _hostile(value, everywhere=everywhere, written=everywhere or key in WRITTEN)
            for key, value in body.items()
        }
    if isinstance(body, list):
        return [_hostile(item, everywhere=everywhere, written=written) for item in body]
    if isinstance(body, str) and (written or " " in body):
        return f"{body} {HOSTILE}"
    return body
