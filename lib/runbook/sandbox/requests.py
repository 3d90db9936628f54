"""The world's request log: everything the sandbox was asked, with the changes marked.

One JSON line per request, in memory and in a file. A drill reads it to find changes that nobody journaled and things
that nobody should have touched.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runbook.times import Times, iso

Row = dict[str, Any]


class RequestLog:
    """Append-only, one writer, safe from any thread. Rows are never changed after they were written."""

    def __init__(self, path: Path, times: Times) -> None:
        self.path = path
        self._times = times
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._rows: list[Row] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8")

    def add(
        self,
        system: str,
        method: str,
        path: str,
        *,
        query: str = "",
        status: int | None = None,
        change: bool = False,
        actor: str = "",
        objects: Sequence[str] = (),
        request_id: str = "",
    ) -> Row:
        """Write one row. ``status`` None: the request was never answered."""
        with self._lock:
            number = next(self._numbers)
            row: Row = {
                "at": iso(self._times.now()), "system": system, "method": method, "path": path, "query": query,
                "status": status, "change": change, "actor": actor, "objects": list(objects),
                "request_id": request_id or f"req_{number:08d}",
            }  # fmt: skip
            self._rows.append(row)
            if not self._file.closed:
                self._file.write(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n")
                self._file.flush()
            return row

    def rows(self, *, changes: bool = False) -> list[Row]:
        """Every row so far, oldest first; only the changes when asked."""
        with self._lock:
            return [row for row in self._rows if row["change"] or not changes]

    def close(self) -> None:
        """Close the file; later rows stay in memory only."""
        with self._lock:
            self._file.close()
