"""Visitors: what the site is asked, how much of it, and Vercel's attack challenge in front of it."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from runbook.times import Times

VISITOR = "Mozilla/5.0 (agency visitor)"
BOT = "python-requests/2.31 (scraper)"  # what the edge challenges in attack mode
BASE_PER_MINUTE = 24  # an ordinary minute, for the minutes before the world began


class Traffic:
    """Counts requests by minute; runs bounded crowds of visitors against the site's own address."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._lock = threading.Lock()
        self._minutes: Counter[int] = Counter()
        self._answers: Counter[int] = Counter()
        self._began = times.now().timestamp()
        self._crowds: list[tuple[threading.Event, list[threading.Thread]]] = []
        self.attack_until: float | None = None  # epoch seconds; 0 without an end; None: attack mode is off
        self.walled = ""  # a firewall rule of somebody's: challenge whoever is no browser under this path

    def attack_mode(self) -> bool:
        """Whether Vercel challenges visitors now."""
        until = self.attack_until
        return until is not None and (until == 0 or self._times.now().timestamp() < until)

    def challenged(self, user_agent: str, path: str) -> bool:
        """Whether the edge turns this visitor away: bots while attack mode is on, and what a rule of the firewall says."""
        walled = self.walled and path.startswith(self.walled) and not user_agent.startswith("Mozilla/")
        return bool(walled) or (self.attack_mode() and user_agent == BOT)

    def count(self, requests: int) -> None:
        """A page was served that asked the Data API so often."""
        with self._lock:
            self._minutes[int(self._times.now().timestamp()) // 60] += requests

    def per_minute(self, moment: datetime) -> int:
        """Requests of one minute: counted ones, on top of an ordinary minute's."""
        minute = int(moment.timestamp()) // 60
        wobble = (minute * 7) % 9 - 4  # an even line would look made up
        with self._lock:
            return BASE_PER_MINUTE + wobble + self._minutes[minute]

    def crowd(self, url: str, paths: Sequence[str], *, visitors: int, seconds: float, agent: str, most: int) -> None:
        """Visitors who ask again as soon as they were answered, until time, count or ``disperse`` ends it."""
        stop = threading.Event()
        left = iter(range(most))
        until = time.monotonic() + seconds

        def visit(number: int) -> None:
            pause = 0.2 + number % 7 * 0.05  # not all in step
            while next(left, None) is not None and time.monotonic() < until and not stop.is_set():
                self._ask(url, paths[number % len(paths)], agent)
                stop.wait(pause)

        threads = [threading.Thread(target=visit, args=(n,), daemon=True, name=f"visitor-{n}") for n in range(visitors)]
        with self._lock:
            self._crowds.append((stop, threads))
        for thread in threads:
            thread.start()

    def _ask(self, url: str, path: str, agent: str) -> None:
        address = urlsplit(url)
        connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=5)
        try:
            connection.request("GET", path, headers={"user-agent": agent})
            answer: int | None = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            answer = None  # a visitor who got no answer goes away; the figure is kept
        finally:
            connection.close()
        with self._lock:
            self._answers[answer or 0] += 1

    def answers(self) -> dict[str, int]:
        """What visitors of crowds were answered, by status; 0: nothing."""
        with self._lock:
            return {str(status): number for status, number in sorted(self._answers.items())}

    def busy(self) -> bool:
        """Whether a crowd is still there."""
        with self._lock:
            return any(thread.is_alive() for _, threads in self._crowds for thread in threads)

    def disperse(self) -> None:
        """Send every crowd home and wait for it."""
        with self._lock:
            crowds, self._crowds = self._crowds, []
            self._answers.clear()
        for stop, _ in crowds:
            stop.set()
        for _, threads in crowds:
            for thread in threads:
                thread.join(6)


class Clients:
    """App clients that keep their connections busy with real short statements."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, number: int, work: Callable[[threading.Event], None]) -> None:
        """So many threads of ``work``; each returns soon after the event is set."""
        for n in range(number):
            thread = threading.Thread(target=work, args=(self._stop,), daemon=True, name=f"client-{n}")
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop and wait."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
