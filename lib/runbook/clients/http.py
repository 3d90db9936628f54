"""The one door to HTTP: deadlines, retries of reads, size limits. The only importer of httpx, and that at first use."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from runbook.clients.reading import NEXT_STEP, Reply, read_reply
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.times import Times, seconds_left

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
MOST_BYTES = 5_000_000
AGAIN = frozenset({Fault.RATE_LIMITED, Fault.DOWN})
PAUSES = (0.3, 1.0)  # seconds before the second and third try of a read, plus up to half as jitter


class HttpDoor:
    """Requests to one host. ``transport`` is the seam of tests."""

    def __init__(
        self,
        base_url: str,
        *,
        system: str,
        times: Times,
        headers: Mapping[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        follow_redirects: bool = False,
    ) -> None:
        self.system = system
        self.clock_offset_seconds: float | None = None
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._times = times
        self._transport = transport
        self._follow = follow_redirects
        self._client: httpx.Client | None = None
        self._opening = threading.Lock()

    def read(self, path: str, params: Mapping[str, Any] | None = None, *, seconds: float = READ_SECONDS) -> Reply:
        """GET, repeated while the vendor is down or limits us and the deadline allows."""
        for pause in (*PAUSES, None):
            try:
                return self._send("GET", path, params, None, seconds)
            except SystemFault as fault:
                waiting = 0.0 if pause is None else pause * (1 + random.random() / 2)
                if pause is None or fault.fault not in AGAIN or seconds_left(self._times, seconds) <= waiting + 0.5:
                    raise
                self._times.sleep(waiting)
        raise AssertionError("unreachable")

    def write(
        self, method: str, path: str, json: Json = None, params: Mapping[str, Any] | None = None, *,
        seconds: float = READ_SECONDS,
    ) -> Reply:  # fmt: skip
        """A change, or a read that is a POST: sent exactly once."""
        return self._send(method, path, params, json, seconds)

    def text(self, path: str, *, seconds: float = READ_SECONDS) -> tuple[int, Mapping[str, str], bytes]:
        """GET of anything, whatever its status: for our own pages."""
        return self._exchange("GET", path, None, None, seconds)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _send(self, method: str, path: str, params: Any, json: Json, seconds: float) -> Reply:
        status_code, headers, body = self._exchange(method, path, params, json, seconds)
        return read_reply(self.system, f"{method} {path}", status_code, headers, body)

    def _exchange(
        self, method: str, path: str, params: Any, json: Json, seconds: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        import httpx

        allowed = seconds_left(self._times, seconds)
        what = f"{method} {path}"
        if allowed <= 0:
            raise self._fault(f"{what}: no time left", Fault.TIMEOUT)
        end = self._times.monotonic() + allowed
        timeout = httpx.Timeout(allowed, connect=min(CONNECT_SECONDS, allowed))
        try:
            with self._open().stream(method, path, params=params, json=json, timeout=timeout) as response:
                body = self._body(response, end, what, allowed)
                self._compare_clocks(response.headers.get("date"))
                return response.status_code, response.headers, body
        except httpx.TimeoutException:
            raise self._fault(f"{what}: no answer within {allowed:.1f} s", Fault.TIMEOUT) from None
        except httpx.HTTPError as error:  # its text may hold the URL, but never a header
            raise self._fault(f"{what}: {type(error).__name__}, {_reason(error)}", Fault.DOWN) from None

    def _body(self, response: Any, end: float, what: str, allowed: float) -> bytes:
        """The body within time and size: a server that drips a byte a second must not hold us."""
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise self._fault(f"{what}: the answer is larger than {MOST_BYTES // 1_000_000} MB", Fault.UNREADABLE)
            if self._times.monotonic() > end:
                raise self._fault(f"{what}: the answer did not end within {allowed:.1f} s", Fault.TIMEOUT)
        return b"".join(parts)

    def _open(self) -> httpx.Client:
        import httpx

        with self._opening:
            if self._client is None:
                self._client = httpx.Client(
                    base_url=self._base_url, headers={"User-Agent": "runbook", **self._headers},
                    transport=self._transport, follow_redirects=self._follow, trust_env=False,
                )  # fmt: skip
            return self._client

    def _compare_clocks(self, date: str | None) -> None:
        """How far this machine's clock is ahead of the vendor's, in seconds; the header counts whole seconds."""
        if date:
            try:
                theirs = parsedate_to_datetime(date)
            except ValueError:
                return
            self.clock_offset_seconds = (self._times.now() - theirs.astimezone(UTC)).total_seconds()

    def _fault(self, what: str, fault: Fault) -> SystemFault:
        return SystemFault(what, system=self.system, fault=fault, next_step=NEXT_STEP[fault])


def moment(epoch: float) -> str:
    """Epoch seconds or milliseconds as our ISO form; vendors use both."""
    seconds = epoch / 1000 if epoch > 1e12 else epoch
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _reason(error: Exception) -> str:
    """The last words of a transport error: the system's own, without addresses."""
    return " ".join(str(error).split())[-120:] or "no reason given"
