"""A session-mode pooler in front of PostgreSQL: a relay with Supavisor's own refusals, its limits obeyed live.

Texts of the refusals: supabase/supavisor (``Max client connections reached``: issue 134; ``EMAXCONNSESSION``: pull request
473 and later measurements; ``ECIRCUITBREAKER``, unknown tenant: Supabase documentation, Supavisor troubleshooting).
In session mode a client holds one server connection for as long as it stays; beyond ``default_pool_size`` it is refused
at once. All users of the project share the size here, so a full pool is full for the runbook too.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from dataclasses import dataclass, field

from runbook.sandbox.postgres import Postgres
from runbook.sandbox.processes import LOOPBACK

SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102  # protocol codes, PostgreSQL documentation 55.7
FAILURES, BREAKER_SECONDS = 5, 120.0  # "up to two minutes", extended by every retry: Supabase documentation
INVALID_PASSWORD = b"28P01"
REFUSALS = {
    "circuit_breaker": "(ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked",
    "max_clients": "(EMAXCONN) max client connections reached, limit: {max_client_conn}",
    "session_full": (
        "(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: {default_pool_size}"
    ),
    "tenant": "(ENOTFOUND) tenant/user {user} not found",
    "database": "(ECONNREFUSED) connection to the database refused",
}


@dataclass
class Figures:
    """What the pooler holds now."""

    clients: int = 0
    servers: int = 0
    refused: dict[str, int] = field(default_factory=dict)


class Pooler:
    """The relay. ``default_pool_size`` and ``max_client_conn`` may be set while it runs."""

    def __init__(self, postgres: Postgres, project_ref: str) -> None:
        self.default_pool_size = 15
        self.max_client_conn = 60
        self.pool_mode = "session"
        self.port = 0
        self.figures = Figures()
        self._postgres = postgres
        self._ref = project_ref
        self._refusing: str | None = None
        self._failures = 0
        self._blocked_until = 0.0
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="pooler")

    def start(self) -> None:
        """Listen on a free loopback port."""
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the pooler does not start")

    def stop(self) -> None:
        """End every connection and stop listening."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def dsn(self, role: str, *, database: str = "postgres", application_name: str = "") -> str:
        """The DSN of one role through the pooler; the user carries the project's ref, as Supavisor wants it."""
        name = f"?application_name={application_name}" if application_name else ""
        password = self._postgres.passwords[role]
        return f"postgresql://{role}.{self._ref}:{password}@{LOOPBACK}:{self.port}/{database}{name}"

    def refuse(self, kind: str | None) -> None:
        """Refuse every new connection with one of ``REFUSALS``; None: as the state says."""
        if kind is not None and kind not in REFUSALS:
            raise ValueError(f"unknown refusal {kind!r}")
        self._refusing = kind
        if kind is None:
            self._failures, self._blocked_until = 0, 0.0

    def alive(self) -> bool:
        """Whether the relay listens."""
        return self._thread.is_alive()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._client, LOOPBACK, 0))
        self.port = int(server.sockets[0].getsockname()[1])
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            pending = asyncio.all_tasks(self._loop)
            for task in pending:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
            self._loop.run_until_complete(asyncio.sleep(0))  # what was closed just now is let go in the next round
            self._loop.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                await self._serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await self._startup(reader, writer)
        if body is None:
            return
        words = body[4:].split(b"\0")
        parameters = dict(zip(words[0::2], words[1::2], strict=False))
        user = parameters.get(b"user", b"").decode("utf-8", "replace")
        kind = self._why_not(user)
        if kind is not None:
            await self._say_no(writer, kind, user)
            return
        self.figures.clients += 1
        self.figures.servers += 1
        try:
            await self._relay(reader, writer, parameters, user)
        finally:
            self.figures.clients -= 1
            self.figures.servers -= 1

    async def _startup(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        """The startup message; None after a cancel request, which is passed on."""
        while True:
            async with asyncio.timeout(10):
                (length,) = struct.unpack("!I", await reader.readexactly(4))
                body = await reader.readexactly(min(length, 10_000) - 4)
            (code,) = struct.unpack("!I", body[:4])
            if code in (SSL_REQUEST, GSS_REQUEST):
                writer.write(b"N")
                await writer.drain()
            elif code == CANCEL_REQUEST:
                server, onward = await asyncio.open_connection(LOOPBACK, self._postgres.port)
                onward.write(struct.pack("!I", length) + body)
                # The server hangs up when it is done; a client told earlier has its next statement cancelled.
                async with asyncio.timeout(10):
                    await server.read()
                onward.close()
                return None
            else:
                return body

    def _why_not(self, user: str) -> str | None:
        now = self._loop.time()
        if self._refusing is not None:
            return self._refusing
        if now < self._blocked_until:
            self._blocked_until = now + BREAKER_SECONDS
            return "circuit_breaker"
        role, _, ref = user.rpartition(".")
        if ref != self._ref or role not in self._postgres.passwords:
            return "tenant"
        if self.figures.clients >= self.max_client_conn:
            return "max_clients"
        if self.figures.servers >= self.default_pool_size:
            return "session_full"
        return None

    async def _say_no(self, writer: asyncio.StreamWriter, kind: str, user: str) -> None:
        self.figures.refused[kind] = self.figures.refused.get(kind, 0) + 1
        text = REFUSALS[kind].format(
            max_client_conn=self.max_client_conn, default_pool_size=self.default_pool_size, user=user
        )
        fields = b"SFATAL\0VFATAL\0CXX000\0M" + text.encode() + b"\0\0"
        writer.write(b"E" + struct.pack("!I", len(fields) + 4) + fields)
        await writer.drain()

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, parameters: dict[bytes, bytes], user: str
    ) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self._postgres.port)
        except OSError:
            await self._say_no(writer, "database", user)
            return
        named = {**parameters, b"user": user.rpartition(".")[0].encode()}
        content = struct.pack("!I", 196608) + b"".join(k + b"\0" + v + b"\0" for k, v in named.items() if k) + b"\0"
        server_writer.write(struct.pack("!I", len(content) + 4) + content)
        await server_writer.drain()
        both = (asyncio.create_task(_pump(reader, server_writer)),
                asyncio.create_task(self._answers(server_reader, writer)))  # fmt: skip
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            server_writer.close()
            await asyncio.gather(*both, return_exceptions=True)

    async def _answers(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """Pass the server's bytes on; the first ones tell whether the login failed."""
        logging_in = True
        while data := await server.read(65_536):
            if logging_in and data[:1] == b"E" and INVALID_PASSWORD in data:
                self._failures += 1
                if self._failures >= FAILURES:
                    self._blocked_until = self._loop.time() + BREAKER_SECONDS
            if b"Z\0\0\0\5" in data:  # ReadyForQuery: the login is over
                if logging_in:
                    self._failures = 0
                logging_in = False
            client.write(data)
            await client.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
