"""How often a vendor lets itself be asked: fixed windows of requests per endpoint."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests per window and endpoint; ``headers(limit, remaining, seconds_left, now)``, ``refused``: of a 429."""

    requests: int
    seconds: float
    headers: Callable[[int, int, float, float], Mapping[str, str]]
    refused: Mapping[str, str] = field(default_factory=dict)


class Windows:
    """Fixed windows of requests per endpoint."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, int]] = {}

    def take(self, key: str, most: int, seconds: float) -> tuple[int, float]:
        """Count one request; (remaining, below zero when over; seconds until the window ends)."""
        now = time.monotonic()
        with self._lock:
            began, used = self._seen.get(key, (now, 0))
            if now - began >= seconds:
                began, used = now, 0
            self._seen[key] = (began, used + 1)
        return most - used - 1, began + seconds - now
