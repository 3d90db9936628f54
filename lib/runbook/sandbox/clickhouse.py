"""A real ClickHouse engine (chdb) in a process of its own, behind loopback HTTP, started at first use.

One session per process and one process per data folder is chdb's rule; the door is a token and Tinybird's ``/v0/sql``.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from runbook.sandbox.processes import LOOPBACK, free_port, spawn, stop

START_SECONDS = 20.0


class ClickHouse:
    """The engine. Nothing runs until ``query`` is called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._token = secrets.token_urlsafe(18)
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()

    def query(self, statement: str, seconds: float = 10.0) -> dict[str, Any]:
        """The answer of one statement in ClickHouse's JSON format. RuntimeError carries ClickHouse's own text."""
        with self._starting:
            if not self.alive():
                self._start()
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self._port}/", data=statement.encode(), headers={"X-Token": self._token}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            body: dict[str, Any] = json.load(answer)
        if "error" in body:
            raise RuntimeError(body["error"])
        return body

    def alive(self) -> bool:
        """Whether the engine's process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the engine if it was ever used."""
        if self._process is not None:
            stop(self._process)

    def _start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._port = free_port()
        command = [sys.executable, "-m", "runbook.sandbox.clickhouse_server", str(self._folder), str(self._port)]
        log = self._folder / "engine.out"
        self._process = spawn(command, log=log, env={"RUNBOOK_CLICKHOUSE_TOKEN": self._token, "PATH": "/usr/bin:/bin"})
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self.alive():
            try:
                request = urllib.request.Request(f"http://{LOOPBACK}:{self._port}/", method="GET")
                urllib.request.urlopen(request, timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the ClickHouse engine does not start; see {log}")
