"""What the site asked of its flags and got: what LaunchDarkly counts as evaluations, by the minute."""

from __future__ import annotations

import threading
from collections import Counter

MINUTE = 60


class Evaluations:
    """The evaluations of one flag, by minute and variation."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, int]] = Counter()

    def saw(self, at: float, variation: int | None) -> None:
        """One evaluation; a fallback in an application's own code is none of the flag's variations."""
        if variation is not None:
            with self._lock:
                self._counts[int(at) // MINUTE, variation] += 1

    def rows(self, since: float, until: float) -> dict[int, dict[int, int]]:
        """The minutes (epoch seconds of their beginning) from one moment to another, each with a count by variation."""
        with self._lock:
            counts = dict(self._counts)
        found: dict[int, dict[int, int]] = {}
        for (minute, variation), count in sorted(counts.items()):
            if since <= (minute + 1) * MINUTE and minute * MINUTE <= until:
                found.setdefault(minute * MINUTE, {})[variation] = count
        return found
