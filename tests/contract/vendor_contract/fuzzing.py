"""Requests as our clients send them, spoiled: another value, a field too many or too few, garbage in place of JSON.

Random paths and bodies end at a vendor's front door. What begins as a right request gets as far as its handler.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from hypothesis import strategies as st

from vendor_contract.documents import FORM
from vendor_contract.judging import Exchange

Json = Any
KEPT = {"authorization", "apikey", "host", "content-length", "connection", "transfer-encoding"}
ODD = ("", "0", "-1", "true", "null", "٣", "9" * 400, "é/ü", "a b", "../..", "[]", "{}", "http://[", "2020-01-01T00:00:00Z",
       "1e999", "NaN", "%", "%zz", "\x00", "';--", "asc")  # fmt: skip
texts = st.one_of(st.sampled_from(ODD), st.text(max_size=20))
numbers = st.one_of(st.integers(), st.floats())
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
Draw = Callable[[Any], Any]


@st.composite
def spoiled(draw: Draw, exchange: Exchange) -> Exchange:
    """One request, wrong in one to three places. Its token stays: a stranger sees no handler."""
    for _ in range(draw(st.integers(1, 3))):
        ways = [_path, _query, _headers]
        if exchange.method != "GET":
            ways += [_body, _body]
        exchange = draw(st.sampled_from(ways))(draw, exchange)
    return exchange


def _path(draw: Draw, exchange: Exchange) -> Exchange:
    url = urlsplit(exchange.url)
    parts = url.path.split("/")
    place = draw(st.integers(1, len(parts) - 1))
    parts[place] = quote(draw(texts), safe="", errors="replace")
    return replace(exchange, url=urlunsplit(url._replace(path="/".join(parts))))


def _query(draw: Draw, exchange: Exchange) -> Exchange:
    url = urlsplit(exchange.url)
    return replace(exchange, url=urlunsplit(url._replace(query=_pairs(draw, url.query))))


def _pairs(draw: Draw, query: str) -> str:
    """A query or a form with one of its pairs replaced, taken away, doubled, or another one added."""
    pairs = parse_qsl(query, keep_blank_values=True)
    place = draw(st.integers(0, len(pairs)))
    name = pairs[place][0] if place < len(pairs) else draw(texts)
    new = draw(st.sampled_from([[], [(name, draw(texts))], [(name, draw(texts)), (name, draw(texts))],
                                [(f"{name}[]", draw(texts))]]))  # fmt: skip
    return urlencode([*pairs[:place], *new, *pairs[place + 1 :]], errors="replace")


def _headers(draw: Draw, exchange: Exchange) -> Exchange:
    names = [name for name, _ in exchange.headers if name.lower() not in KEPT]
    if not names:
        return exchange
    name = draw(st.sampled_from(names))
    word = draw(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=20))
    new = draw(st.sampled_from([(), ((name, word),)]))
    return replace(exchange, headers=(*(pair for pair in exchange.headers if pair[0] != name), *new))


def _body(draw: Draw, exchange: Exchange) -> Exchange:
    if draw(st.integers(0, 5)) == 0:
        return replace(exchange, body=draw(st.binary(max_size=40)))
    if FORM in dict(exchange.headers).get("content-type", ""):
        return replace(exchange, body=_pairs(draw, exchange.body.decode("utf-8", "replace")).encode())
    try:
        content = json.loads(exchange.body) if exchange.body else {}
    except ValueError:
        content = {}
    return replace(exchange, body=json.dumps(_value(draw, content)).encode())


def _value(draw: Draw, value: Json) -> Json:
    """A JSON value with one thing in it, at any depth, replaced, taken away or added."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        rest = {name: item for name, item in value.items() if name != key}
        return draw(
            st.sampled_from([rest, {**value, draw(texts): draw(values)}, {**rest, key: _value(draw, value[key])}])
        )
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], _value(draw, value[place]), *value[place + 1 :]]
    return draw(values)
