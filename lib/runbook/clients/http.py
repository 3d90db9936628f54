"""The one door to HTTP: deadlines, retries of reads, size limits. The only importer of httpx, and that at first use.

A proxy from the environment is used for hosts beyond this machine, as curl does; never for loopback. TLS is verified.
"""

from __future__ import annotations

import functools
import random
import threading
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runbook.clients.reading import NEXT_STEP, Reply, read_reply
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.settings import is_loopback
from runbook.times import Times, seconds_left

if TYPE_CHECKING:
    import ssl

    import httpx

CONNECT_SECONDS = 5.0
TOKEN_LENGTH = 12  # no vendor's token is shorter; versions and kinds of content may be taken out of a message, too
READ_SECONDS = 15.0
TOTAL_SECONDS = 60.0  # all tries of one read
MOST_BYTES = 5_000_000
AGAIN = frozenset({420, 429, 502, 503, 504})  # and when no connection came about
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
        self._is_closed = False
        if not all(
            value.isascii() and value.isprintable() and value == value.strip() for value in self._headers.values()
        ):
            raise self._fault(
                "the token holds a space, a line break or another character that no token has", Fault.AUTH
            )

    def read(
        self, path: str, params: Mapping[str, Any] | None = None, *,
        headers: Mapping[str, str] | None = None, seconds: float = READ_SECONDS,
    ) -> Reply:  # fmt: skip
        """GET, repeated while the vendor is out or limits us, if the deadline allows the wait."""
        return self._again(lambda: self._send("GET", path, params, None, seconds, headers))

    def write_keyed(
        self, method: str, path: str, json: Json = None, *, form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None, seconds: float = READ_SECONDS,
    ) -> Reply:  # fmt: skip
        """A change with a key in it, or in its headers, by which the vendor knows it again: repeated like a read, made once."""
        return self._again(lambda: self._send(method, path, None, json, seconds, headers, form))

    def write(
        self, method: str, path: str, json: Json = None, params: Mapping[str, Any] | None = None, *,
        seconds: float = READ_SECONDS, content_type: str = "",
    ) -> Reply:  # fmt: skip
        """A change, or a read that is a POST: sent exactly once. ``content_type`` for a vendor with its own kind of JSON."""
        return self._send(method, path, params, json, seconds, {"Content-Type": content_type} if content_type else None)

    def text(
        self, path: str, *, seconds: float = READ_SECONDS, method: str = "GET", json: Json = None,
        headers: Mapping[str, str] | None = None, content: bytes | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:  # fmt: skip
        """Anything, whatever its status, asked once: for our own pages. ``content``: a body that is sent as it is."""
        return self._exchange(method, path, None, json, seconds, headers, None, content)

    def close(self) -> None:
        """Close the connections; nothing is asked after that."""
        with self._opening:
            self._is_closed = True
            if self._client is not None:
                self._client.close()

    def _again(self, send: Callable[[], Reply]) -> Reply:
        end = self._times.monotonic() + TOTAL_SECONDS
        told: SystemFault | None = None
        for pause in (*PAUSES, None):
            try:
                return send()
            except SystemFault as fault:
                left = seconds_left(self._times, end - self._times.monotonic())
                waiting = max((pause or 0.0) * (1 + random.random() / 2), fault.wait_seconds or 0.0)
                if pause is None or not _worth_another(fault) or left <= waiting + 0.5:
                    if told is not None and fault.fault is Fault.TIMEOUT:
                        raise told from fault  # what the vendor said tells more than that our own time was over
                    raise
                told = fault
                self._times.sleep(waiting)
        raise AssertionError("unreachable")

    def _send(self, method: str, path: str, *how: Any) -> Reply:
        """One exchange, read by the rule for all; ``how``: the rest of what ``_exchange`` takes."""
        status_code, headers, body = self._exchange(method, path, *how)
        if status_code >= 400:
            body = self._without_our_token(body)
        return read_reply(
            self.system, _what(method, path), status_code, headers, body, self._times.now().timestamp()
        )  # fmt: skip

    def _without_our_token(self, body: bytes) -> bytes:
        """A refusal that repeats our request, as a careless gateway does, goes into a message without what opens doors."""
        for word in (word for value in self._headers.values() for word in value.split() if len(word) >= TOKEN_LENGTH):
            body = body.replace(word.removeprefix("token=").encode(), b"[our token]")
        return body

    def _exchange(
        self, method: str, path: str, params: Any, json: Json, seconds: float,
        extra: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None, content: bytes | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:  # fmt: skip
        import httpx

        from runbook.clients.wire import within

        what, answered = _what(method, path), False
        allowed = seconds_left(self._times, seconds)
        if allowed <= 0:
            raise self._fault(f"{what}: no time left", Fault.TIMEOUT)
        end = self._times.monotonic() + allowed
        timeout = httpx.Timeout(allowed, connect=min(CONNECT_SECONDS, allowed))
        client = self._open()
        try:
            with (
                within(lambda: end - self._times.monotonic()),
                client.stream(
                    method, path, params=params, json=json, data=form, content=content, headers=extra, timeout=timeout
                ) as response,
            ):
                answered = True
                self._compare_clocks(response.headers)
                return response.status_code, response.headers, self._body(response, end, what, allowed)
        except httpx.ConnectTimeout:
            raise self._fault(f"{what}: no connection within {timeout.connect:.1f} s", Fault.TIMEOUT) from None
        except httpx.TimeoutException:
            raise self._fault(f"{what}: no whole answer within {allowed:.1f} s", Fault.TIMEOUT) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            fault = Fault.UNREADABLE if answered or isinstance(error, httpx.TooManyRedirects) else Fault.DOWN
            raise self._fault(f"{what}: {_reason(error, answered)}", fault) from None

    def _body(self, response: httpx.Response, end: float, what: str, allowed: float) -> bytes:
        """The body within time and size."""
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise self._fault(f"{what}: the answer is larger than {MOST_BYTES // 1_000_000} MB", Fault.UNREADABLE)
            if self._times.monotonic() > end:
                raise self._fault(f"{what}: no whole answer within {allowed:.1f} s", Fault.TIMEOUT)
        return b"".join(parts)

    def _open(self) -> httpx.Client:
        import httpx

        with self._opening:
            if self._is_closed:
                raise self._fault("the run is closed, nothing is asked any more", Fault.NOT_SET)
            if self._client is None:
                self._client = httpx.Client(
                    base_url=self._base_url, headers={"User-Agent": "runbook", **self._headers},
                    transport=self._transport or self._network(), follow_redirects=self._follow, trust_env=False,
                )  # fmt: skip
            return self._client

    def _network(self) -> httpx.BaseTransport:
        """The real network, with our sockets under httpx's."""
        import httpx

        from runbook.clients.wire import Backend

        try:
            transport = httpx.HTTPTransport(verify=_trusted(), proxy=_proxy(self._base_url))
        except (ImportError, ValueError):
            raise self._fault(
                "the proxy in the environment is of a kind that is not supported", Fault.NOT_SET
            ) from None
        # The pool takes a backend when it is made, and httpx has no parameter to pass one on; held by a test.
        transport._pool._network_backend = Backend()
        return transport

    def _compare_clocks(self, headers: Mapping[str, str]) -> None:
        """How far this machine's clock is ahead of the vendor's, in seconds; the header counts whole seconds."""
        date, now = headers.get("date"), self._times.now()
        if date and headers.get("age", "0") == "0":  # from a cache: the Date is that of the first answer
            try:
                theirs = parsedate_to_datetime(date).astimezone(UTC)
            except (ValueError, OverflowError):
                return
            self.clock_offset_seconds = (now - theirs).total_seconds()

    def _fault(self, what: str, fault: Fault) -> SystemFault:
        return SystemFault(what, system=self.system, fault=fault, next_step=NEXT_STEP.get(fault, ""))


def _worth_another(fault: SystemFault) -> bool:
    """Whether a read may be sent again: told to wait, a gateway's 5xx, or no connection at all."""
    return fault.status_code in AGAIN or (fault.fault is Fault.DOWN and fault.status_code is None)


def _what(method: str, path: str) -> str:
    """Method and path for a message; a query may hold what is nobody's business."""
    return f"{method} {path.partition('?')[0]}"


def _reason(error: Exception, answered: bool) -> str:
    """Why the exchange broke, in the system's own words where these hold nothing of the request."""
    import httpx

    if isinstance(error, (httpx.LocalProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return "the request could not be made: look at the address and the token"  # its text quotes the header
    if isinstance(error, httpx.TooManyRedirects):
        return "it redirects without end"
    if answered:
        return "the answer was cut off or is garbled"
    words = " ".join(str(error).split())[-120:]
    return f"no connection, {words}" if isinstance(error, httpx.ConnectError) else words or "the connection broke"


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once: it takes 15 ms. ``SSL_CERT_FILE`` is obeyed."""
    import httpx

    return httpx.create_ssl_context(trust_env=True)


def _proxy(url: str) -> str | None:
    """The environment's proxy for an address, None for this machine itself."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
