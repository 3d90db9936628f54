"""Bracket notation, in which Stripe takes forms and queries: ``created[gte]=1&expand[]=a`` as ``{"created": {"gte": 1}, …}``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from vendor_contract.documents import Document

Json = Any


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Json]:
    """Names with brackets as objects and lists; a name given twice, or with ``[]``, is a list. Values stay text."""
    found: dict[str, Json] = {}
    for name, value in pairs:
        base, *keys = re.split(r"\]\[|\[|\]", name.removesuffix("]"))
        place, key = found, base
        for inner in keys:
            place, key = place.setdefault(key, {}), inner
        _put(place, key, value)
    return {name: _lists(value) for name, value in found.items()}


def _put(place: dict[str, Json], key: str, value: str) -> None:
    key = key or str(len(place))  # ``[]``: the next one
    if key in place:
        place[key] = [*(place[key] if isinstance(place[key], list) else [place[key]]), value]
    else:
        place[key] = value


def _lists(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(each) for key, each in value.items()}
    return list(inner.values()) if inner and all(key.isdigit() for key in inner) else inner


def typed(document: Document, schema: Json, value: Json) -> Json:
    """Texts as the schema's types: a form knows no numbers. What fits nowhere stays as it is, for the validator to say."""
    schema = document.resolved(schema)
    for branches in (schema.get("anyOf"), schema.get("oneOf")):
        for branch in branches or ():
            tried = typed(document, branch, value)
            if document.asked.evolve(schema=branch).is_valid(tried):
                return tried
    for part in schema.get("allOf", ()):
        value = typed(document, part, value)
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        rest = others if isinstance(others, dict) else {}
        return {name: typed(document, known.get(name, rest), each) for name, each in value.items()}
    if isinstance(value, list):
        return [typed(document, schema.get("items", {}), each) for each in value]
    return _scalar(schema.get("type"), value)


def _scalar(kind: str | None, value: Json) -> Json:
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind in ("integer", "number") and isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value) if "." in value else int(value)
    return value
