"""The door's own rules: what is asked again and how long it waits, what is sent once, and what a message never holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from runbook.clients.http import MOST_BYTES, TOTAL_SECONDS, HttpDoor
from runbook.errors import Fault, SystemFault
from runbook.testing import Clock
from runbook.times import deadline

Answers = list[httpx.Response | Exception]
Open = Callable[..., HttpDoor]
Ask = Callable[[Callable[[], Any]], SystemFault]


class Script:
    """Answers in turn, and counts the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers[min(len(self.requests), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


def ok() -> httpx.Response:
    return httpx.Response(200, json={"a": 1})


def refusal(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"message": "no"}, headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(door: Open, clock: Clock) -> Callable[..., HttpDoor]:
    return lambda script, **more: door("https://vendor.test", times=clock.times, transport=script.transport, **more)


@pytest.mark.parametrize(
    "first", [refusal(429), refusal(502), refusal(503), refusal(504), httpx.ConnectError("no"), httpx.ReadError("cut")], ids=str
)  # fmt: skip
def test_a_read_is_asked_again_while_the_vendor_is_out(opened: Open, clock: Clock, first: Any) -> None:
    script = Script(first, ok())
    assert opened(script).read("/x").data == {"a": 1}
    assert len(script.requests) == 2
    (pause,) = clock.slept
    assert 0.3 <= pause <= 0.45


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 500])
def test_a_read_that_is_answered_for_good_is_not_asked_again(opened: Open, fault_of: Ask, status: int) -> None:
    script = Script(refusal(status), ok())
    assert fault_of(lambda: opened(script).read("/x")).status_code == status
    assert len(script.requests) == 1


@pytest.mark.parametrize("answer", [refusal(429, retry_after="1"), refusal(503), httpx.ReadTimeout("x")], ids=str)
def test_a_write_is_sent_once(opened: Open, fault_of: Ask, answer: Any) -> None:
    script = Script(answer, ok())
    fault_of(lambda: opened(script).write("POST", "/x", {"a": 1}))
    assert len(script.requests) == 1


def test_a_read_is_asked_three_times_at_most(opened: Open, fault_of: Ask, clock: Clock) -> None:
    script = Script(refusal(503))
    assert fault_of(lambda: opened(script).read("/x")).fault is Fault.DOWN
    assert (len(script.requests), len(clock.slept)) == (3, 2)


def test_it_waits_as_long_as_the_vendor_asks(opened: Open, clock: Clock) -> None:
    opened(Script(refusal(429, retry_after="7"), ok())).read("/x")
    assert clock.slept == [7.0]


@pytest.mark.parametrize("wait", [TOTAL_SECONDS, 3600])
def test_a_wait_longer_than_there_is_time_is_told_at_once(
    opened: Open, fault_of: Ask, clock: Clock, wait: float
) -> None:
    fault = fault_of(lambda: opened(Script(refusal(429, retry_after=str(wait)), ok())).read("/x"))
    assert (fault.fault, fault.wait_seconds) == (Fault.RATE_LIMITED, wait)
    assert clock.slept == []


def test_a_check_that_has_no_time_left_is_not_made_to_wait(opened: Open, fault_of: Ask, clock: Clock) -> None:
    script = Script(refusal(503, retry_after="4"), ok())
    one = opened(script)
    with deadline(3, clock.times):
        assert fault_of(lambda: one.read("/x")).status_code == 503
        clock.advance(3)
        assert fault_of(lambda: one.read("/x")).fault is Fault.TIMEOUT
    assert len(script.requests) == 1


def test_a_timeout_is_not_asked_again(opened: Open, fault_of: Ask) -> None:
    script = Script(httpx.ReadTimeout("x"), ok())
    assert fault_of(lambda: opened(script).read("/x")).fault is Fault.TIMEOUT
    assert len(script.requests) == 1


def test_what_the_vendor_said_is_told_and_not_that_our_time_ran_out_while_we_asked_again(
    opened: Open, fault_of: Ask
) -> None:
    script = Script(refusal(429), httpx.ReadTimeout("x"))
    assert fault_of(lambda: opened(script).read("/x")).fault is Fault.RATE_LIMITED
    assert len(script.requests) == 2


@pytest.mark.parametrize("token", ["abc\n", "abc\r\nX-Other: 1", "ключ", " abc"])
def test_a_token_that_can_be_none_is_refused_before_anything_is_sent(door: Open, fault_of: Ask, token: str) -> None:
    headers = {"Authorization": token}
    fault = fault_of(lambda: door("https://vendor.test", headers=headers))
    assert fault.fault is Fault.AUTH
    assert token.strip() not in str(fault)


def test_a_message_holds_neither_the_query_nor_the_token(opened: Open, fault_of: Ask) -> None:
    one = opened(Script(refusal(400)), headers={"Authorization": "Bearer sbp_secret"})
    fault = fault_of(lambda: one.read("/x?email=a@b.test", {"token": "abc"}))
    assert not any(part in str(fault) for part in ("a@b.test", "abc", "sbp_secret"))


@pytest.mark.parametrize("path", ["/x\r\nHost: evil.test", "/%zz\x00"])
def test_a_path_that_makes_no_request_is_a_fault_and_no_crash(door: Open, fault_of: Ask, path: str) -> None:
    fault = fault_of(lambda: door("http://127.0.0.1:9", headers={"Authorization": "sbp_secret"}).read(path, seconds=1))
    assert "sbp_secret" not in str(fault)


@pytest.mark.parametrize(
    ("headers", "offset"),
    [
        ({"Date": "Mon, 05 Jan 2026 02:58:00 GMT"}, 120.0),
        ({"Date": "Mon, 05 Jan 2026 03:00:30 GMT", "Age": "0"}, -30.0),
        ({"Date": "Mon, 05 Jan 2026 02:00:00 GMT", "Age": "3600"}, None),
        ({"Date": "yesterday"}, None),
        ({"Date": "Fri, 31 Dec 9999 23:59:59 -2300"}, None),
        ({}, None),
    ],
)
def test_the_vendors_clock_is_compared_with_ours(opened: Open, headers: dict[str, str], offset: float | None) -> None:
    one = opened(Script(httpx.Response(200, json={}, headers=headers)))
    one.read("/x")
    assert one.clock_offset_seconds == offset


def test_an_answer_just_below_the_limit_is_read(opened: Open) -> None:
    body = b'"' + b"a" * (MOST_BYTES - 2) + b'"'
    assert len(opened(Script(httpx.Response(200, content=body))).read("/x").data) == MOST_BYTES - 2


def test_a_proxy_of_an_unknown_kind_is_named_and_not_set_right_by_guessing(
    door: Open, fault_of: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "gopher://proxy.test")
    fault = fault_of(lambda: door("http://vendor.test").read("/x"))
    assert (fault.fault, "proxy" in fault.what) == (Fault.NOT_SET, True)
