"""From a response to data or a ``SystemFault``: one rule for every vendor. Pure: no I/O, no clock."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from runbook.clients.shapes import line
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
# Tinybird says 403 as well, and in words; its own command line takes every 403 for a bad token (tinybird 5.0.3, tb/client.py).
BAD_TOKEN_MARKS = (b"invalidToken", b"missingToken", b"invalid authentication token")
# Vendors' request ids: Supabase, Vercel, others; cf-ray is Cloudflare's and the last resort. Clerk and LaunchDarkly
# put theirs into the error's body.
REQUEST_ID_HEADERS = ("sb-request-id", "x-vercel-id", "x-slack-req-id", "x-request-id", "request-id", "cf-ray")
MESSAGE_FIELDS = (
    "message",
    "msg",
    "error_description",
    "detail",
)  # msg and error_description: Supabase Auth; detail: Sentry
REQUEST_ID_FIELDS = ("clerk_trace_id", "id")
# How long until there is quota again. Supabase, Vercel and LaunchDarkly share a name and no unit; PagerDuty counts seconds
# left (developer docs, REST API rate limits), Sentry epoch seconds (docs.sentry.io/api/ratelimits). Cal.com's carries the name
# of the quota (its throttler's code). Stripe has none of these, and says which quota it was
# (docs.stripe.com/rate-limits).
RESET_HEADERS = ("x-ratelimit-reset", "ratelimit-reset", "x-sentry-rate-limit-reset", "x-ratelimit-reset-default")
LIMIT_REASON_HEADER = "stripe-rate-limited-reason"
REPLACEMENT_HEADER = "x-sentry-replacement-endpoint"  # Sentry says with a 410 what to call instead (its deprecation.py)
LONGEST_WAIT = 100_000.0  # seconds; more is no wait but a misread unit


@dataclass(frozen=True, slots=True)
class Reply:
    """A response that was good: its data, and the id under which the vendor finds the request."""

    data: Json
    status_code: int
    request_id: str
    headers: Mapping[str, str]


def read_reply(
    system: str, what: str, status_code: int, headers: Mapping[str, str], body: bytes, now: float = 0.0
) -> Reply:
    """The data of a good response; SystemFault for all others, without any part of the request. ``now``: epoch seconds."""
    data, is_json = decode(body)
    request_id = request_id_of(headers, data if status_code >= 400 else None)
    if 200 <= status_code < 300:
        if not is_json and body.strip():
            raise _fault(
                system, f"{what}: the answer is {_kind(headers, body)}", Fault.UNREADABLE, request_id, status_code
            )
        return Reply(data, status_code, request_id, headers)
    fault = fault_of(status_code, body)
    said = message_of(data) if is_json else ""
    if not is_json and _is_page(headers, body):  # a gateway's or a firewall's, not the vendor's
        said = "the answer is a web page, not JSON"
    if 300 <= status_code < 400:
        said = "it redirects; correct the address in the profile"
    if fault is Fault.RETIRED and (replacement := headers.get(REPLACEMENT_HEADER)):
        said = f"{said} instead: {line(replacement)}".strip()
    if fault is Fault.RATE_LIMITED and (reason := headers.get(LIMIT_REASON_HEADER)):
        said = f"{said} ({line(reason, 40)})".strip()
    wait = wait_of(headers, data, now) if fault is Fault.RATE_LIMITED else None
    if status_code == 503:  # its reset, if any, is that of a quota that is not used up
        wait = wait_of({"retry-after": headers.get("retry-after", "")}, None, now)
    text = f"{what}: {status_code}{': ' + said if said else ''}{'' if wait is None else f', wait {wait:.0f} s'}"
    raise _fault(system, text, fault, request_id, status_code, wait)


def fault_of(status_code: int, body: bytes) -> Fault:
    """Which fault a status code is."""
    match status_code:
        case 401:
            return Fault.AUTH
        case 403:
            return Fault.AUTH if any(mark in body for mark in BAD_TOKEN_MARKS) else Fault.PERMISSION
        case 402:
            return Fault.PERMISSION
        case 404:
            return Fault.NOT_FOUND
        case 410:
            return Fault.RETIRED
        case 408:  # Tinybird's, for a query that took too long
            return Fault.TIMEOUT
        case 420 | 429:  # 420: Statuspage's (developer.statuspage.io, rate limiting)
            return Fault.RATE_LIMITED
        case code if code >= 500:
            return Fault.DOWN
        case _:
            return Fault.REJECTED


def message_of(data: Json) -> str:
    """What a vendor's error body says, in each vendor's own shape; one line of at most 200 characters."""
    if not isinstance(data, dict):
        return ""
    inner = data.get("error") or data.get("err")
    errors = data.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        inner = errors[0]
    source = inner if isinstance(inner, dict) else data
    words = next((source[name] for name in MESSAGE_FIELDS if source.get(name)), "")
    said = words or (inner if isinstance(inner, str) else "")
    more = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], str) else ""  # PagerDuty's reason
    code = data.get("error_code") or ""  # Supabase Auth's word for it; its msg is for people and changes
    return line(": ".join(str(part) for part in (code, said, more) if part))


def request_id_of(headers: Mapping[str, str], error: Json = None) -> str:
    """The id under which the vendor's support finds the request; ``error`` is the body of a refusal."""
    candidates = [headers.get(name) for name in REQUEST_ID_HEADERS]
    if isinstance(error, dict):
        candidates += [error.get(name) for name in REQUEST_ID_FIELDS]
    return next((line(value, 100) for value in candidates if isinstance(value, str) and value), "")


def wait_of(headers: Mapping[str, str], data: Json, now: float) -> float | None:
    """Seconds that the vendor asks us to wait, each in its own header and unit; None when it does not say.

    ``Retry-After`` is seconds or a date (RFC 9110). Resets: Supabase counts seconds left, LaunchDarkly epoch
    milliseconds, Vercel's body epoch seconds and its header either (each vendor's page on rate limits).
    """
    retry = (headers.get("retry-after") or "").strip()
    reset: Json = next((value for name in RESET_HEADERS if (value := headers.get(name))), None)
    inner = data.get("error") if isinstance(data, dict) else None
    if reset is None and isinstance(inner, dict) and isinstance(inner.get("limit"), dict):
        reset = inner["limit"].get("reset")
    for value in (retry, reset):
        found = _number(value)
        if found is None and value is retry and retry:
            found = _date(retry)
        if found is None:
            continue
        seconds = found if found < 1e9 else (found / 1000 if found > 1e12 else found) - now
        if seconds <= LONGEST_WAIT:
            return max(0.0, seconds)
    return None


# -- inside -------------------------------------------------------------------------------------------------------------


def decode(body: bytes) -> tuple[Json, bool]:
    """The body as JSON that the record can hold, and whether it was any: UTF-8, finite numbers, whole characters."""
    try:
        data = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant, parse_float=_finite)
        return (_whole_characters(data) if b"\\ud" in body.lower() else data), True
    except (ValueError, RecursionError):
        return None, False


def _whole_characters(value: Json) -> Json:
    """Without lone surrogates, which JSON may escape and UTF-8 cannot hold."""
    match value:
        case str():
            return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", value)
        case list():
            return [_whole_characters(item) for item in value]
        case dict():
            return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    if math.isfinite(found := float(digits)):
        return found
    raise ValueError(f"{digits} is no finite number")


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def _date(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


def _kind(headers: Mapping[str, str], body: bytes) -> str:
    return "a web page, not JSON" if _is_page(headers, body) else "cut off or no JSON"


def _is_page(headers: Mapping[str, str], body: bytes) -> bool:
    return body.lstrip()[:1] == b"<" or ("html" in headers.get("content-type", "") and bool(body.strip()))


def _fault(
    system: str, what: str, fault: Fault, request_id: str = "", status_code: int | None = None,
    wait_seconds: float | None = None,
) -> SystemFault:  # fmt: skip
    shown = f"{what} (request {request_id})" if request_id else what
    return SystemFault(shown, system=system, fault=fault, request_id=request_id, status_code=status_code,
                       wait_seconds=wait_seconds, next_step=NEXT_STEP.get(fault, ""))  # fmt: skip
