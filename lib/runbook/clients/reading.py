"""From a response to data or a ``SystemFault``: one rule for every vendor. Pure: no I/O, no clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from runbook.errors import Fault, SystemFault
from runbook.model import Json

NEXT_STEP = {
    Fault.AUTH: "check that the token is the right one and has not expired",
    Fault.PERMISSION: "check the token's scope and the plan",
    Fault.NOT_FOUND: "check the ids and the team in the profile",
    Fault.RETIRED: "the vendor retired this call: the runbook must be corrected",
    Fault.RATE_LIMITED: "wait, others use the same quota",
    Fault.DOWN: "look at the vendor's status page; this may be their outage",
    Fault.TIMEOUT: "ask again; if it stays so, this may be their outage",
    Fault.UNREADABLE: "something between us and the vendor answers, or their answer changed",
    Fault.REJECTED: "read what it said",
}
# A bad token is 401 nearly everywhere; Vercel says 403 with this mark (vercel.com/docs/rest-api, errors).
BAD_TOKEN_MARKS = ("invalidToken", "missingToken")


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that was good: its data, and the id under which the vendor finds the request."""

    data: Json
    status_code: int
    request_id: str
    headers: Mapping[str, str]


def read_reply(system: str, what: str, status_code: int, headers: Mapping[str, str], body: bytes) -> Reply:
    """The data of a good response; SystemFault for all others, without any part of the request."""
    request_id = request_id_of(headers)
    data, is_json = _decode(headers.get("content-type", ""), body)
    if 200 <= status_code < 300:
        if not is_json and body.strip():
            raise _fault(f"{what}: the answer is {_kind(headers, body)}, not JSON", system, Fault.UNREADABLE,
                         request_id, status_code)  # fmt: skip
        return Reply(data, status_code, request_id, headers)
    fault = fault_of(status_code, body)
    said = message_of(data) if is_json else ""
    if not is_json and body.strip() and fault is Fault.DOWN:
        said = f"the answer is {_kind(headers, body)}"
    wait = f", wait {seconds} s" if (seconds := retry_after(headers)) and fault is Fault.RATE_LIMITED else ""
    detail = f": {said}" if said else ""
    raise _fault(f"{what}: {status_code}{detail}{wait}", system, fault, request_id, status_code)


def fault_of(status_code: int, body: bytes) -> Fault:
    """Which fault a status code is."""
    match status_code:
        case 401:
            return Fault.AUTH
        case 403:
            bad_token = any(mark.encode() in body for mark in BAD_TOKEN_MARKS)
            return Fault.AUTH if bad_token else Fault.PERMISSION
        case 402:
            return Fault.PERMISSION
        case 404:
            return Fault.NOT_FOUND
        case 410:
            return Fault.RETIRED
        case 429:
            return Fault.RATE_LIMITED
        case code if code >= 500:
            return Fault.DOWN
        case _:
            return Fault.REJECTED


def message_of(data: Json) -> str:
    """What a vendor's error body says, in each vendor's own shape; one line of at most 200 characters."""
    if isinstance(data, dict):
        inner = data.get("error") or data.get("err")
        errors = data.get("errors")
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            inner = errors[0]
        source = inner if isinstance(inner, dict) else data
        text = source.get("message") or source.get("msg") or (inner if isinstance(inner, str) else "")
        return " ".join(str(text).split())[:200]
    return ""


def request_id_of(headers: Mapping[str, str]) -> str:
    """The id under which the vendor's support finds the request."""
    for name in ("sb-request-id", "x-vercel-id", "x-request-id", "request-id", "cf-ray"):
        if value := headers.get(name):
            return str(value)[:100]
    return ""


def retry_after(headers: Mapping[str, str]) -> str:
    """Seconds to wait as the vendor says: ``Retry-After``, else Supabase's ``X-RateLimit-Reset`` (seconds left)."""
    value = headers.get("retry-after") or headers.get("x-ratelimit-reset") or ""
    return value if value.isdigit() and int(value) < 100_000 else ""


def fields(data: Json, system: str, what: str, *names: str) -> list[Json]:
    """The named fields of an object; a SystemFault names the one that is missing: the vendor's answer changed."""
    if not isinstance(data, dict):
        raise _fault(f"{what}: the answer is no object", system, Fault.UNREADABLE, "", None)
    for name in names:
        if name not in data:
            raise _fault(f"{what}: the answer has no {name}", system, Fault.UNREADABLE, "", None)
    return [data[name] for name in names]


def items(data: Json, system: str, what: str) -> list[dict[str, Json]]:
    """A list of objects; a SystemFault when it is none."""
    if isinstance(data, list) and all(isinstance(item, dict) for item in data):
        return data
    raise _fault(f"{what}: the answer is no list of objects", system, Fault.UNREADABLE, "", None)


def _decode(content_type: str, body: bytes) -> tuple[Json, bool]:
    try:
        return json.loads(body), True
    except ValueError:
        return None, False


def _kind(headers: Mapping[str, str], body: bytes) -> str:
    if "html" in headers.get("content-type", "") or body.lstrip()[:1] == b"<":
        return "a web page"
    return "cut off or no JSON"


def _fault(what: str, system: str, fault: Fault, request_id: str, status_code: int | None) -> SystemFault:
    shown = f"{what} (request {request_id})" if request_id else what
    return SystemFault(shown, system=system, fault=fault, request_id=request_id, status_code=status_code,
                       next_step=NEXT_STEP.get(fault, ""))  # fmt: skip
