"""Who visited the site and what they got: what Sentry and Tinybird are told. Real visits, and ordinary visitors beside them."""

from __future__ import annotations

import http.client
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

PER_MINUTE = 24  # ordinary visitors
HOURS_BEFORE = 2  # of ordinary visits before the world began
ONE_IN_ERRORS = 400  # ordinary visits that fail in a healthy world
MOST = 100_000
PATHS = ("/", "/", "/contact", "/login", "/portal/search")
ASK_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to the site and its answer; ``at`` is epoch seconds."""

    at: float
    path: str
    status: int
    milliseconds: float
    serial: int = 0  # from 1, in the order in which they became known

    @property
    def failed(self) -> bool:
        """Whether the site failed, not the visitor."""
        return self.status >= 500


class Visits:
    """Every visit, oldest first. Ordinary visitors since the last look got what the front page answers now."""

    def __init__(self, now: float, ask: Callable[[], tuple[int | None, float]]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._rows: deque[Visit] = deque(maxlen=MOST)
        self._until = now - HOURS_BEFORE * 3600.0
        self._number = self._serial = 0
        self._ordinary(now, None)

    def saw(self, at: float, path: str, status: int, milliseconds: float) -> None:
        """A real visit."""
        with self._lock:
            self._add(at, path, status, milliseconds)

    def rows(self, now: float) -> list[Visit]:
        """Every visit until now, by time."""
        if now - self._until >= 60 / PER_MINUTE:
            status, seconds = self._ask()
            with self._lock:
                self._ordinary(
                    now, None if status == 200 and seconds < 1 else Visit(now, "/", status or 503, seconds * 1000)
                )
        with self._lock:
            return sorted(self._rows, key=lambda one: one.at)

    def _ordinary(self, now: float, answer: Visit | None) -> None:
        """Ordinary visits until now; ``answer`` is what they all got, None for a good day."""
        while self._until + 60 / PER_MINUTE <= now:
            self._until += 60 / PER_MINUTE
            self._number += 1
            path = PATHS[self._number % len(PATHS)]
            if answer is not None:
                self._add(self._until, path, answer.status, answer.milliseconds)
                continue
            status = 500 if self._number % ONE_IN_ERRORS == 0 else 200
            self._add(self._until, path, status, 60.0 + self._number * 37 % 180)

    def _add(self, at: float, path: str, status: int, milliseconds: float) -> None:
        self._serial += 1
        self._rows.append(Visit(at, path, status, milliseconds, self._serial))


def ask_page(url: str, path: str, agent: str) -> tuple[int | None, float]:
    """One page as a visitor gets it, and how many seconds it took; None: no answer."""
    address, began = urlsplit(url), time.monotonic()
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", path, headers={"user-agent": agent})
        return connection.getresponse().status, time.monotonic() - began
    except (OSError, http.client.HTTPException):
        return None, time.monotonic() - began
    finally:
        connection.close()
