"""Changes that the runbook's role made in the database, as PostgreSQL's own log tells them.

The role logs every statement, so who asked and with which arguments is known; that a session really was ended or a
statement cancelled is known from the victim's own line. Only what really happened becomes a row.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

from runbook.sandbox.requests import RequestLog
from runbook.sandbox.statements import signals, writes

ROLE = "runbook"
OWNER = "postgres"  # as whom the runbook changes the schema; others use that role too, under other names
POLL_SECONDS = 0.1
KEPT = 200  # statements that a victim's line may still belong to
LATEST_SECONDS = 10.0  # a victim's line comes right after the statement
# what the victim's line says -> the function that does it; timeouts have other words under the same SQLSTATE
EFFECTS = {
    "terminating connection due to administrator command": "pg_terminate_backend",
    "canceling statement due to user request": "pg_cancel_backend",
}
PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
PLANNED = re.compile(r"\d{14}@[0-9a-f]{8}")  # what a transaction of schema changes says of its plan
STATEMENT = re.compile(r"^(?:statement|execute [^:]*): (.*)$", re.DOTALL)


class Watch:
    """Follows the log file and writes rows with system ``database``."""

    def __init__(self, path: Path, log: RequestLog) -> None:
        self._path, self._log = path, log
        self._statements: deque[tuple[float, str, tuple[str, ...]]] = deque(maxlen=KEPT)
        self._stop = threading.Event()
        self._reading = threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="world-watch", daemon=True)
        self._offset = 0
        self._rest = b""
        self._open: dict[int, list[tuple[str, str]]] = {}  # transactions of schema changes, by process

    def start(self) -> None:
        """Begin at the end of what is there: how the cluster was made is nobody's change."""
        self._offset = self._path.stat().st_size if self._path.exists() else 0
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def catch_up(self) -> None:
        """Read what is there now; whoever asks for the rows calls this first."""
        with self._reading:
            if not self._path.exists():
                return
            if self._path.stat().st_size < self._offset:
                self._offset, self._rest = 0, b""
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
            self._offset += len(data)
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                if line.strip():
                    self._line(json.loads(line))

    def _follow(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self.catch_up()

    def _line(self, entry: dict[str, Any]) -> None:
        function = EFFECTS.get(entry.get("message", ""))
        if function is not None and entry.get("backend_type") == "client backend":
            self._effect(function, entry)
        elif entry.get("user") == ROLE and (found := STATEMENT.match(entry.get("message", ""))):
            self._statement(found.group(1), entry)
        elif _changes_schema(entry) and (found := STATEMENT.match(entry.get("message", ""))):
            self._of_owner(found.group(1), entry)

    def _of_owner(self, text: str, entry: dict[str, Any]) -> None:
        """A change of the schema counts when its transaction commits: one row for all of it."""
        pid = int(entry.get("pid", 0))
        if writes(text):
            self._open.setdefault(pid, []).append((text, entry.get("detail", "")))
        elif text.upper().startswith("ROLLBACK"):
            self._open.pop(pid, None)
        elif text.upper().startswith("COMMIT") and (changes := self._open.pop(pid, [])):
            planned = PLANNED.findall(" ".join(detail for _, detail in changes))
            self._row("MIGRATE", "; ".join(" ".join(one.split()) for one, _ in changes)[:200], tuple(planned[:1]))

    def _statement(self, text: str, entry: dict[str, Any]) -> None:
        values = tuple(value.strip("'") for _, value in PARAMETER.findall(entry.get("detail", "")))
        if signals(text):
            self._statements.append((time.monotonic(), text, values))
        elif writes(text):
            self._row(text.split(None, 1)[0].upper(), " ".join(text.split())[:200], _rows_of(text, values))

    def _effect(self, function: str, entry: dict[str, Any]) -> None:
        """A session says that it was ended or its statement cancelled: whose doing was it?"""
        pid = str(entry.get("pid", ""))
        for at, text, values in reversed(self._statements):
            recent = time.monotonic() - at < LATEST_SECONDS
            if recent and function in text and (pid in values or re.search(rf"\b{pid}\b", text) or not values):
                start = next((moment for value in values if (moment := _moment(value))), "")
                identity = f"{pid}@{start}" if start and pid in values else pid
                self._row("SELECT", function, (identity,))
                return

    def _row(self, method: str, path: str, objects: tuple[str, ...]) -> None:
        self._log.add("database", method, path, change=True, actor=ROLE, objects=objects)


def _rows_of(text: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Which rows a DELETE names: the table, and the first value that it is bound to."""
    found = re.match(r'\s*delete\s+from\s+([\w."]+)', text, re.IGNORECASE)
    if found is None or not values:
        return ()
    moment = _moment(values[0])
    table = found[1].replace('"', "")
    return (f"{table}:{moment[:-4]}Z",) if moment else (f"{table}:{values[0]}",)


def _changes_schema(entry: dict[str, Any]) -> bool:
    return entry.get("user") == OWNER and entry.get("application_name") == ROLE


def _moment(text: str) -> str:
    """A logged timestamptz in the one form that identities have; empty for other values."""
    found = re.match(r"^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(\+00(?::?00)?|Z)$", text)
    return f"{found[1]}T{found[2]}.{(found[3] or '').ljust(6, '0')}Z" if found else ""
