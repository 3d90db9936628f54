"""A real server on loopback that sends exactly the bytes a test wants, as slowly as it wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from runbook.clients.http import HttpDoor
from runbook.errors import SystemFault
from runbook.times import Times

sys.path.insert(0, str(Path(__file__).parent))
import calls  # noqa: F401  kept in sys.modules for the tests beside this file
import calls_booking  # noqa: F401
import calls_paying  # noqa: F401
import calls_signing_in  # noqa: F401
import calls_telling  # noqa: F401
import calls_watching  # noqa: F401

sys.path.pop(0)

Behaviour = Callable[["Connection"], None]


@dataclass
class Connection:
    """One connection as the server's script sees it."""

    socket: socket.socket
    stopping: threading.Event

    def request(self) -> bytes:
        """Everything up to the end of the headers; empty when the client has gone."""
        heard = b""
        while b"\r\n\r\n" not in heard:
            part = self.socket.recv(65536)
            if not part:
                return b""
            heard += part
        return heard

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, body: bytes = b"{}", status: str = "200 OK", *headers: str) -> None:
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def drip(self, data: bytes, pause: float = 0.05) -> None:
        """Byte by byte, each well before any single wait is over."""
        for byte in data:
            if self.stopping.wait(pause):
                return
            self.send(bytes([byte]))

    def hang(self) -> None:
        self.stopping.wait(30)


@dataclass
class Server:
    """A listening socket and what it does with each connection, in turn; the last one again and again."""

    behaviours: list[Behaviour]
    context: ssl.SSLContext | None = None
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}"

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def close(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in (self._accepting, *self._threads):
            thread.join(5)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            behaviour = self.behaviours[min(self.connections, len(self.behaviours) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(accepted, behaviour), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self, accepted: socket.socket, behaviour: Behaviour) -> None:
        accepted.settimeout(10)
        with contextlib.suppress(OSError, ssl.SSLError), contextlib.closing(accepted):
            wrapped = self.context.wrap_socket(accepted, server_side=True) if self.context else accepted
            with contextlib.closing(wrapped):
                one = Connection(wrapped, self._stopping)
                if heard := one.request():
                    self.heard.append(heard)
                    behaviour(one)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers: ``serve(behaviour, …)``; all are stopped at the end."""
    started: list[Server] = []

    def start(*behaviours: Behaviour, context: ssl.SSLContext | None = None) -> Server:
        started.append(Server(list(behaviours), context))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def door() -> Iterator[Callable[..., HttpDoor]]:
    """Open doors; all are closed at the end."""
    opened: list[HttpDoor] = []

    def open_door(url: str, **more: Any) -> HttpDoor:
        more.setdefault("times", Times(sleep=lambda seconds: None))
        opened.append(HttpDoor(url, system="vendor", **more))
        return opened[-1]

    yield open_door
    for one in opened:
        one.close()


@pytest.fixture
def fault_of() -> Callable[[Callable[[], Any]], SystemFault]:
    """The fault that a question ends with."""

    def ask(question: Callable[[], Any]) -> SystemFault:
        with pytest.raises(SystemFault) as raised:
            question()
        return raised.value

    return ask
