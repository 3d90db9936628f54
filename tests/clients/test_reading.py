"""From a response to data or a fault: one rule for all vendors, each with its own headers, units and error bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runbook.clients.reading import NEXT_STEP, decode, message_of, read_reply, request_id_of, wait_of
from runbook.clients.shapes import moment, shape, text, whole
from runbook.errors import Fault, SystemFault
from runbook.model import canonical_json

NOW = 1_780_000_000.0  # epoch seconds
PAGE = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"


def fault_for(status: int, body: Any = None, headers: dict[str, str] | None = None, now: float = NOW) -> SystemFault:
    raw = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    with pytest.raises(SystemFault) as raised:
        read_reply("vendor", "GET /x", status, headers or {}, raw, now)
    return raised.value


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (401, {"message": "Unauthorized"}, Fault.AUTH),
        (403, {"error": {"code": "forbidden", "message": "Not authorized", "invalidToken": True}}, Fault.AUTH),
        (403, {"error": {"code": "forbidden", "missingToken": True}}, Fault.AUTH),
        (403, {"error": {"code": "forbidden", "message": "You are not allowed"}}, Fault.PERMISSION),
        (402, {"message": "Payment required"}, Fault.PERMISSION),
        (404, {"message": "Project not found"}, Fault.NOT_FOUND),
        (410, {"error": {"message": "Gone"}}, Fault.RETIRED),
        (429, {"message": "ThrottlerException: Too Many Requests"}, Fault.RATE_LIMITED),
        (400, {"message": "services is required"}, Fault.REJECTED),
        (409, {"code": "optimistic_locking_error", "message": "Conflict"}, Fault.REJECTED),
        (422, {"errors": [{"message": "is invalid"}]}, Fault.REJECTED),
        (301, {}, Fault.REJECTED),
        (500, {"message": "boom"}, Fault.DOWN),
        (502, PAGE, Fault.DOWN),
        (503, {}, Fault.DOWN),
        (504, b"upstream timed out", Fault.DOWN),
        (544, {"message": "Failed to connect to the database"}, Fault.DOWN),
    ],
)
def test_each_status_is_one_fault_with_its_next_step(status: int, body: Any, fault: Fault) -> None:
    found = fault_for(status, body)
    assert (found.fault, found.status_code, found.next_step) == (fault, status, NEXT_STEP[fault])
    assert str(found).startswith(f"vendor: GET /x: {status}")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_good_because_success_codes_drift(status: int) -> None:
    reply = read_reply("vendor", "GET /x", status, {}, b"" if status == 204 else b'{"a": 1}')
    assert reply.data == (None if status == 204 else {"a": 1})


@pytest.mark.parametrize(
    ("body", "headers", "says"),
    [
        (PAGE, {"content-type": "text/html"}, "a web page, not JSON"),
        (b"Sign in to continue", {"content-type": "text/html; charset=utf-8"}, "a web page, not JSON"),
        (b'{"a": [1, 2', {"content-type": "application/json"}, "cut off or no JSON"),
        (b'{"a": "\xe9"}', {}, "cut off or no JSON"),
        (b'{"a": NaN}', {}, "cut off or no JSON"),
        (b'{"a": 1e999}', {}, "cut off or no JSON"),
        (b'"\xed\xa0\x80"', {}, "cut off or no JSON"),  # half a character, written as it is
        (b"[" * 100_000, {}, "cut off or no JSON"),
        ('{"a": "é"}'.encode("utf-16"), {}, "cut off or no JSON"),
    ],
)
def test_a_good_status_over_something_else_is_unreadable(body: bytes, headers: dict[str, str], says: str) -> None:
    fault = fault_for(200, body, headers)
    assert (fault.fault, says in fault.what) == (Fault.UNREADABLE, True)


@pytest.mark.parametrize("status", [401, 403, 404, 502])
def test_a_refusal_that_is_a_web_page_says_that_it_is_one(status: int) -> None:
    assert "a web page, not JSON" in fault_for(status, PAGE).what


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"a\uDFFFb\udead"', "a\ufffdb\ufffd"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'{"k\ud800": ["\udc00", {"x": "\ud800\ud800"}]}', {"k\ufffd": ["\ufffd", {"x": "\ufffd\ufffd"}]}),
        (rb'"\\ud800"', "\\ud800"),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    ],
)
def test_halves_of_characters_never_get_in(body: bytes, data: Any) -> None:
    found, is_json = decode(body)
    assert (found, is_json) == (data, True)
    canonical_json(found).encode()


def test_halves_of_characters_in_an_answer_of_any_depth_are_cleaned_or_unreadable() -> None:
    for depth in (10, 400, 900, 5000):
        found, is_json = decode(b"[" * depth + rb'"\ud800"' + b"]" * depth)
        assert is_json or found is None


@given(st.text(st.characters(exclude_categories=())), st.booleans())
def test_whatever_was_read_can_be_written(value: str, escaped: bool) -> None:
    raw = json.dumps({value: [value]}, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    found, _ = decode(raw)
    canonical_json(found).encode()


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fall(raw: bytes) -> None:
    found, _ = decode(raw)
    canonical_json(found).encode()


WAITS: dict[str, tuple[dict[str, str], Any, float | None]] = {
    "Supabase, seconds left": ({"x-ratelimit-reset": "42"}, {}, 42),
    "Vercel, body in epoch seconds": ({}, {"error": {"limit": {"remaining": 0, "reset": NOW + 30}}}, 30),
    "Vercel, header in epoch seconds": ({"x-ratelimit-reset": str(int(NOW) + 30)}, {}, 30),
    "Vercel, header in epoch milliseconds": ({"x-ratelimit-reset": str(int(NOW + 30) * 1000)}, {}, 30),
    "LaunchDarkly, epoch milliseconds": ({"x-ratelimit-reset": str(int((NOW + 7) * 1000))}, {}, 7),
    "Clerk, seconds": ({"retry-after": "12"}, {}, 12),
    "RFC 9110, a date": ({"retry-after": "Thu, 28 May 2026 20:27:00 GMT"}, {}, 20),
    "a date without meaning": ({"retry-after": "soon"}, {}, None),
    "the end of all time": ({"retry-after": "Fri, 31 Dec 9999 23:59:59 -2300"}, {}, None),
    "Retry-After comes first": ({"retry-after": "3", "x-ratelimit-reset": "42"}, {}, 3),
    "a reset that is over": ({"x-ratelimit-reset": str(int(NOW) - 30)}, {}, 0),
    "nothing": ({}, {}, None),
    "no number": ({"x-ratelimit-reset": "nan"}, {"error": "slow down"}, None),
    "a unit that is misread": ({"x-ratelimit-reset": str(int(NOW) * 1_000_000)}, {}, None),
}


@pytest.mark.parametrize(("headers", "body", "seconds"), WAITS.values(), ids=WAITS)
def test_each_vendors_wait_is_read_in_its_own_unit(headers: dict[str, str], body: Any, seconds: float | None) -> None:
    assert wait_of(headers, body, NOW) == seconds
    fault = fault_for(429, body, headers)
    assert (fault.fault, fault.wait_seconds) == (Fault.RATE_LIMITED, seconds)
    assert ("wait " in fault.what) == (seconds is not None)


def test_an_outage_waits_as_told_and_not_for_the_quota() -> None:
    assert fault_for(503, headers={"retry-after": "9", "x-ratelimit-reset": "42"}).wait_seconds == 9
    assert fault_for(503, headers={"x-ratelimit-reset": "42"}).wait_seconds is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "Unauthorized"}, "Unauthorized"),
        ({"error": {"code": "forbidden", "message": "No\n access"}}, "No access"),
        (
            {"errors": [{"code": "x", "message": "is invalid", "long_message": "…"}], "clerk_trace_id": "t"},
            "is invalid",
        ),
        ({"error": "invalid_auth", "ok": False}, "invalid_auth"),
        ({"err": {"msg": "gone"}}, "gone"),
        ({"message": "a" * 900}, "a" * 200),
        ({"errors": ["text"]}, "text"),
        (
            {"status": "invalid event", "message": "Event object is invalid", "errors": ["'severity'"]},
            "Event object is invalid: 'severity'",
        ),
        ({"detail": "Invalid token"}, "Invalid token"),
        (
            {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login"},
            "invalid_credentials: Invalid login",
        ),
        ({"error": "invalid_grant", "error_description": "Invalid login"}, "Invalid login"),
        ([], ""),
        (None, ""),
    ],
)
def test_what_a_vendor_says_is_one_short_line(body: Any, said: str) -> None:
    assert message_of(body) == said


@pytest.mark.parametrize(
    ("headers", "error", "found"),
    [
        ({"sb-request-id": "sb", "cf-ray": "ray"}, None, "sb"),
        ({"x-vercel-id": "fra1::abc", "x-request-id": "other"}, None, "fra1::abc"),
        ({"cf-ray": "ray"}, None, "ray"),
        ({}, {"clerk_trace_id": "trace"}, "trace"),
        ({}, {"id": "ld-id", "message": "x"}, "ld-id"),
        ({}, {"id": 7}, ""),
        ({}, None, ""),
    ],
)
def test_the_request_id_is_found_where_each_vendor_puts_it(headers: dict[str, str], error: Any, found: str) -> None:
    assert request_id_of(headers, error) == found


def test_the_request_id_is_in_the_line_a_person_reads() -> None:
    assert "(request sb-1)" in str(fault_for(500, headers={"sb-request-id": "sb-1"}))


@pytest.mark.parametrize("value", [None, 1e20, -1e20, float(10**300)])
def test_a_time_that_is_none_is_a_fault_of_the_answer_not_1970(value: float | None) -> None:
    with pytest.raises(SystemFault) as raised, shape("vendor", "x"):
        moment(value)
    assert raised.value.fault is Fault.UNREADABLE


def test_times_come_in_seconds_or_milliseconds() -> None:
    assert moment(1_780_000_000) == "2026-05-28T20:26:40.000Z"
    assert moment(1_780_000_000_123) == "2026-05-28T20:26:40.123Z"


@pytest.mark.parametrize("row", [{"a": []}, {"a": {}}, {"a": {"b": 1}}])
def test_a_field_of_another_type_is_a_fault_of_the_answer(row: Any) -> None:
    for read in (text, whole):
        with pytest.raises(SystemFault), shape("vendor", "x"):
            read(row, "a")


def test_a_retired_call_says_what_stands_in_its_place() -> None:
    headers = {"x-sentry-replacement-endpoint": "/api/0/organizations/{org}/workflows/"}
    with pytest.raises(
        SystemFault, match=r"410: no longer exists. instead: /api/0/organizations/\{org\}/workflows/"
    ) as raised:
        read_reply("sentry", "GET /rules/", 410, headers, b'{"message": "no longer exists."}')
    assert raised.value.fault is Fault.RETIRED


@pytest.mark.parametrize(("status", "fault"), [(408, Fault.TIMEOUT), (420, Fault.RATE_LIMITED)])
def test_a_status_that_only_one_vendor_sends_is_what_it_means_there(status: int, fault: Fault) -> None:
    with pytest.raises(SystemFault) as raised:
        read_reply("vendor", "GET /", status, {}, b"{}")
    assert raised.value.fault is fault
