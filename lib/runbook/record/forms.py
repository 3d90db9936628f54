"""How a secret can look where it is met: the parts of it that must never appear, and what encoding makes of them.

Most encodings go letter by letter, and let most letters be; each other letter has several ways to be written, which are
told here one by one: so every mixture of encodings, one in another, is covered. Base64 and hex are told whole.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

SHORTEST = 8  # declared secrets below this are not masked by value: they would tear ordinary words apart
SHORTEST_LINE = 16  # of a secret of several lines, a private key, each line counts
ALWAYS_ITSELF = re.compile(
    r"[A-Za-z0-9._-]"
)  # no encoder that goes letter by letter touches these (RFC 3986, JSON, HTML)
DEPTH = 3  # encodings in one another: an URL in JSON in HTML
WORDS = re.compile(r"(?i)\b(?:ssl)?password\s*=\s*(?:'((?:\\.|[^'\\])*)'|([^\s'&]+))")  # libpq: words, or a query


def parts(value: str) -> list[str]:
    """The parts of a declared secret that must never appear: of an address its password, else the whole value."""
    found = list(_passwords(value)) or [value, value.strip(), *_lines(value)]
    return [part for part in dict.fromkeys(found) if len(part) >= SHORTEST]


def ways(secret: str) -> tuple[frozenset[str], ...]:
    """For each letter of a secret the ways in which it may be written."""
    return tuple(map(_ways_of, secret))


def at_once(secret: str) -> set[str]:
    """What encodings make of a secret that do not go letter by letter: base64 at each of its alignments, and hex."""
    raw = secret.encode("utf-8", "surrogatepass")
    found = {raw.hex(), raw.hex().upper()}
    for lead in range(3):
        padded = b"\0" * lead + raw
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # Only the characters that depend on nothing but the secret: the ends mix with their neighbours.
            start, end = -(-lead * 8 // 6), (len(padded) * 8) // 6
            found.add(encode(padded).decode("ascii")[start:end])
    return {form for form in found if len(form) >= SHORTEST}


@lru_cache(maxsize=256)
def _ways_of(letter: str) -> frozenset[str]:
    if ALWAYS_ITSELF.fullmatch(letter):
        return frozenset({letter})
    found = new = {letter}
    for _ in range(DEPTH):
        new = {encode(one) for one in new for encode in ENCODERS} - found
        found = found | new
    return frozenset(found)


def _passwords(value: str) -> Iterator[str]:
    for match in WORDS.finditer(value):
        password = match[2] or re.sub(r"\\(.)", r"\1", match[1] or "")
        yield from (match[1] or password, password, unquote(password))
    if "://" not in value:
        return
    try:
        password = urlsplit(value).password or ""
    except ValueError:
        password = ""
    if not password and (badly_quoted := re.match(r"[^:]+://[^:/@]*:(.+)@", value)):
        password = badly_quoted[1]
    if password:
        yield from (password, unquote(password))


def _lines(value: str) -> list[str]:
    return [line for line in value.split("\n") if len(line) >= SHORTEST_LINE] if "\n" in value else []


def _numbers(form: str) -> Callable[[str], str]:
    """Writes what is no plain letter by its number, in this form."""
    return lambda text: re.sub(r"[^A-Za-z0-9._;#\\%-]", lambda match: form.format(ord(match.group())), text)


ENCODERS: tuple[Callable[[str], str], ...] = (
    lambda text: quote(text, safe="", errors="surrogatepass"),
    lambda text: re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quote(text, safe="", errors="surrogatepass")),
    lambda text: text.replace(" ", "+"),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: text.replace("/", "\\/").replace("'", "\\'"),
    lambda text: repr(text)[1:-1],
    lambda text: repr(text.encode("utf-8", "surrogatepass"))[2:-1],
    html.escape,
    _numbers("\\u{:04x}"),
    _numbers("\\u{:04X}"),
    _numbers("&#{:d};"),
    _numbers("&#x{:x};"),
)
