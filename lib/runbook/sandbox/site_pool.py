"""The site's own connections: at most so many through the pooler, first come first served, given back after a second."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

APPLICATION = "agency-web"
MOST = 15
IDLE_SECONDS = 1.0
Connection = psycopg.AsyncConnection[dict[str, Any]]


class Unavailable(Exception):
    """The database did not answer in time, or not at all."""


class SitePool:
    """Connections of the one server process that the site is. Lives in one event loop."""

    def __init__(self, dsn: Callable[[], str]) -> None:
        self._dsn = dsn
        self._turn = asyncio.Semaphore(MOST)  # waiters get their turn in order
        self._idle: list[tuple[float, Connection]] = []

    async def rows(
        self, sql: LiteralString, *values: object, seconds: float, wanted: Callable[[], bool] = lambda: True
    ) -> list[dict[str, Any]]:
        """One statement; ``seconds`` for everything: the wait for a connection, the login, the answer.

        ``wanted`` is asked when it is one's turn: who left the queue meanwhile costs the database nothing.
        """
        try:
            async with asyncio.timeout(seconds), self._connection() as connection:
                if not wanted():
                    raise Unavailable("nobody waits for this any more")
                return await (await connection.execute(sql, values)).fetchall()
        except (psycopg.Error, TimeoutError) as error:
            raise Unavailable(str(error) or "timeout") from error

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with self._turn:
            connection = await self._take()
            try:
                yield connection
            except BaseException:
                await connection.close()  # in an unknown state: not for the next one
                raise
            self._idle.append((time.monotonic(), connection))
            asyncio.get_running_loop().call_later(IDLE_SECONDS, self._sweep)

    async def _take(self) -> Connection:
        while self._idle:
            _, connection = self._idle.pop()
            with contextlib.suppress(psycopg.Error):  # the server ended it meanwhile: the next one, or a new one
                await connection.execute("select 1")
                return connection
            await connection.close()
        return await psycopg.AsyncConnection.connect(
            self._dsn(), application_name=APPLICATION, row_factory=dict_row, autocommit=True
        )

    def _sweep(self) -> None:
        """Give back what nobody wanted for a second: others need the pool too."""
        old = time.monotonic() - IDLE_SECONDS
        keep = [(since, connection) for since, connection in self._idle if since > old]
        done = [connection for since, connection in self._idle if since <= old]
        self._idle = keep
        for connection in done:
            connection.pgconn.finish()
