"""How Stripe takes parameters, pages its lists, and writes endpoints, events and errors."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs

from runbook.sandbox.paying import ACCOUNT, API_VERSION, Endpoint, Event
from runbook.sandbox.twins.frame import Call, Refusal, Reply

Json = Any
T = TypeVar("T", "Row", Endpoint, Event)
Given = Mapping[str, list[str]]
DEFAULT_LIMIT, MOST = 10, 100
BOUNDS: Mapping[str, Callable[[int, int], bool]] = {
    "created": operator.eq, "created[gt]": operator.gt, "created[gte]": operator.ge, "created[lt]": operator.lt,
    "created[lte]": operator.le,
}  # fmt: skip
TIMES = tuple(BOUNDS)
PAGING = ("limit", "starting_after", "ending_before", "expand[]")


@dataclass(frozen=True, slots=True)
class Row:
    """Something of a list that is kept as the vendor writes it."""

    uid: str
    body: Json


def given(call: Call, *names: str) -> Given:
    """The parameters of a call, lists as ``name[]``; 400 for one that the call does not take."""
    pairs = (
        call.query if call.method == "GET" else parse_qs(call.raw.decode("utf-8", "replace"), keep_blank_values=True)
    )
    found: dict[str, list[str]] = {}
    for name, values in pairs.items():
        known = re.sub(r"\[\d+\]", "[]", name)
        if known not in names and not (known.startswith("metadata[") and "metadata[]" in names):
            raise invalid(f"Received unknown parameter: {name}", "parameter_unknown", name)
        found.setdefault(known, []).extend(values)
    return found


def invalid(message: str, code: str, param: str, status: int = 400) -> Refusal:
    """A request that Stripe does not take."""
    return Refusal(status, message, code=code, param=param)


def whole(values: Given, name: str) -> int | None:
    """A parameter as a whole number; None without it."""
    if name not in values:
        return None
    if not re.fullmatch(r"-?\d{1,15}", values[name][-1]):
        raise invalid(f"Invalid integer: {values[name][-1]}", "parameter_invalid_integer", name)
    return int(values[name][-1])


def in_time(values: Given, created: int) -> bool:
    """Whether something was created within the bounds that were given."""
    bounds = {name: whole(values, name) for name in TIMES}
    return all(bound is None or BOUNDS[name](created, bound) for name, bound in bounds.items())


def flag(values: Given, name: str) -> bool | None:
    """A parameter as true or false; None without it."""
    if name not in values:
        return None
    if values[name][-1] not in ("true", "false"):
        raise invalid(f"Invalid boolean: {values[name][-1]}", "parameter_invalid_boolean", name)
    return values[name][-1] == "true"


def page(call: Call, values: Given, rows: Sequence[T], shape: Callable[[T], Json]) -> Reply:
    """A page of rows, newest first, after or before one of them."""
    limit = whole(values, "limit")
    if limit is not None and not 1 <= limit <= MOST:
        raise invalid(f"This value must be between 1 and {MOST}.", "parameter_invalid_integer", "limit")
    size = DEFAULT_LIMIT if limit is None else limit
    if "starting_after" in values and "ending_before" in values:
        raise invalid(
            "You can only use one of starting_after and ending_before.", "parameter_invalid_empty", "starting_after"
        )
    if "ending_before" in values:
        before = rows[: _place(values, "ending_before", rows)]
        shown, more = before[max(0, len(before) - size) :], len(before) > size
    else:
        after = rows[_place(values, "starting_after", rows) + 1 :] if "starting_after" in values else rows
        shown, more = after[:size], len(after) > size
    return Reply({"object": "list", "data": [shape(one) for one in shown], "has_more": more, "url": call.path})


def _place(values: Given, name: str, rows: Sequence[T]) -> int:
    uid = values[name][-1]
    for place, row in enumerate(rows):
        if row.uid == uid:
            return place
    raise invalid(f"No such object: '{uid}'", "resource_missing", name)


def error_body(refusal: Refusal, request_id: str) -> Json:
    """Stripe's errors. ``type`` says whose fault it is."""
    kind = "api_error" if refusal.status >= 500 else "invalid_request_error"
    code = "rate_limit" if refusal.status == 429 else refusal.code
    about = {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"} if code else {}
    return {"error": {"message": refusal.message, "type": kind, **about, **refusal.extra}}


def account_body(created: datetime) -> Json:
    """The account, as a key of its own sees it."""
    return {
        "id": ACCOUNT, "object": "account", "business_type": "company", "charges_enabled": True, "country": "DE",
        "created": int(created.timestamp()), "default_currency": "eur", "details_submitted": True,
        "email": "billing@agency.test", "payouts_enabled": True, "type": "standard",
    }  # fmt: skip


def endpoint_body(one: Endpoint) -> Json:
    """A webhook endpoint. Its signing secret was in the answer to its making and is in no other."""
    return {
        "id": one.uid, "object": "webhook_endpoint", "api_version": API_VERSION, "application": None,
        "created": int(one.created.timestamp()), "description": one.description, "enabled_events": list(one.types),
        "livemode": one.livemode, "metadata": one.metadata, "status": "enabled" if one.enabled else "disabled",
        "url": one.url,
    }  # fmt: skip
