"""Sockets that obey one total deadline per request. Part of the HTTP door, and like it imported at first use.

httpx limits each wait, not their sum: a server that drips a byte a second, in its headers too, would hold us for ever
(python-httpx.org, advanced/timeouts). Here every wait of a request gets only what is left of its time.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar

import httpcore

from runbook.lookup import addresses

_left: ContextVar[Callable[[], float] | None] = ContextVar("left", default=None)


@contextlib.contextmanager
def within(left: Callable[[], float]) -> Iterator[None]:
    """Every wait on a socket inside ends when ``left()`` seconds are over."""
    token = _left.set(left)
    try:
        yield
    finally:
        _left.reset(token)


class Backend(httpcore.NetworkBackend):
    """Opens connections; each address of a host gets its share of the time, so one dead address is not the end."""

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """Connect to the first address that answers."""
        allowed = _limit(timeout, httpcore.ConnectTimeout)
        try:
            found = addresses(host, port, allowed)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("the name could not be looked up in time") from error
        except OSError as error:
            raise httpcore.ConnectError("the name cannot be looked up from here") from error
        last: Exception = httpcore.ConnectError("the name has no address")
        for number, address in enumerate(found):
            share = _limit(timeout, httpcore.ConnectTimeout) / (len(found) - number)
            try:
                return Stream(self._sockets.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    def sleep(self, seconds: float) -> None:
        """Never used: retries are the door's."""
        self._sockets.sleep(seconds)


class Stream(httpcore.NetworkStream):
    """A connection whose every wait is cut to what is left."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Bytes that have come."""
        return self._inner.read(max_bytes, _limit(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        self._inner.write(buffer, _limit(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close it."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted."""
        return Stream(self._inner.start_tls(ssl_context, server_hostname, _limit(timeout, httpcore.ConnectTimeout)))

    def get_extra_info(self, info: str) -> object:
        """What the inner connection knows."""
        return self._inner.get_extra_info(info)


def _limit(timeout: float | None, over: type[Exception]) -> float:
    """What a wait may take: ``timeout``, or less when less is left of the request."""
    left = _left.get()
    limit = min(value for value in (timeout, left() if left else None, 60.0) if value is not None)
    if limit <= 0:
        raise over("no time left")
    return limit
