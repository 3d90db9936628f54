"""A clock that a test moves."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from runbook.times import Times


class Clock:
    """A clock that moves when somebody sleeps or a test says so. Hand on ``clock.times``."""

    def __init__(self, at: datetime = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)) -> None:
        self.slept: list[float] = []
        self.times = Times(lambda: at + timedelta(seconds=self._passed), lambda: self._passed, self._sleep)
        self._passed = 0.0
        self._moving = threading.Lock()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._moving:
            self._passed += seconds

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
