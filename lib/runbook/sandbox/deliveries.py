"""Webhooks on their way: what Stripe and Cal.com owe the company's site is really sent there, and they hear the answer."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from runbook.times import Times

POLL_SECONDS = 0.05
ANSWER_SECONDS = 5.0  # the vendors wait longer
AT_ONCE = 8
STRIPE_AGENT, CAL_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)", "node"
AGENTS = (STRIPE_AGENT, CAL_AGENT)


@dataclass(frozen=True, slots=True)
class Sending:
    """One try of one delivery. ``heard`` is told the status, None without an answer, and when."""

    url: str
    body: bytes
    headers: dict[str, str] = field(repr=False)
    heard: Callable[[int | None, datetime], None]


class Deliveries:
    """Asks again and again what is owed (under the lock, and each sending once) and sends it, several at once."""

    def __init__(
        self, times: Times, lock: threading.RLock, owed: Callable[[datetime], Sequence[Sending]],
        address: Callable[[str], str],
    ) -> None:  # fmt: skip
        self._times, self._lock, self._owed, self._address = times, lock, owed, address
        self._stop = threading.Event()
        self._senders = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="deliveries")
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self) -> None:
        """Send nothing more; what is under way ends by itself."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._senders.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            with self._lock:
                owed = self._owed(self._times.now())
            for one in owed:
                self._senders.submit(self._send, one)

    def _send(self, one: Sending) -> None:
        status = _post(self._address(one.url), one)
        with self._lock:
            one.heard(status, self._times.now())


def is_web_address(text: str) -> bool:
    """Whether webhooks can be sent there, as far as its form tells."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _post(address: str, one: Sending) -> int | None:
    """The status that the receiver answers; a redirect is not followed. None: nobody is there, or nobody answers in time."""
    target, path = urlsplit(address), urlsplit(one.url).path
    if not target.hostname:
        return None
    connection = http.client.HTTPConnection(target.hostname, target.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", path or "/", one.body, {"content-type": "application/json", **one.headers})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError):  # ValueError: a path that no request can hold
        return None
    finally:
        connection.close()
