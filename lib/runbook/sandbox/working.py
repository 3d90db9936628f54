"""The application's worker: a real BullMQ worker on the real queue. It makes the receipt of each payment, once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, LiteralString, TypeVar
from urllib.parse import urlsplit

import psycopg

from runbook.sandbox.processes import LOOPBACK, free_port

Json = Any
T = TypeVar("T")
QUEUE, OTHER_QUEUE = "webhooks", "mails"
JOB = "make-receipt"
TRIES, BACKOFF_MS = 3, 50
SECONDS = 10.0
CONNECT_SECONDS = 2
SOCKET_SECONDS = 30.0
PATIENT_TRIES, PAUSE_SECONDS = 20, 0.2
NOTE: LiteralString = "insert into public.processed_events (event_id) values (%s) on conflict do nothing"
NOBODY_DOES = "SMTP 550: mailbox unavailable"  # why a job of the other queue failed, long ago


class Worker:
    """Puts jobs into the queue and works on them. ``start`` before use, ``close`` after; ``stop`` is the worker's death."""

    def __init__(self, url: str, dsn: str) -> None:
        self._dsn, parts = dsn, urlsplit(url)
        # longer than a worker waits for its next job (5 s): redis-py gives up a read after 5 s unless told otherwise
        self._server = {"host": parts.hostname, "port": parts.port, "username": parts.username, "password": parts.password,
                        "socket_timeout": SOCKET_SECONDS, "socket_connect_timeout": SOCKET_SECONDS}  # fmt: skip
        self.refused = False  # whether the database's address leads nowhere, for the worker alone
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="worker", daemon=True)
        self._worker: Any = None
        self._queue: Any = None
        self._free = free_port()

    @property
    def runs(self) -> bool:
        """Whether somebody works."""
        return self._worker is not None

    def start(self) -> None:
        """Open the queue, put some jobs through it as on any day, and work on."""
        self._thread.start()
        self._wait(self._open())
        self.reset()

    def reset(self) -> None:
        """As at the beginning: nothing waits, nothing has failed here; in the other queue something has, and nobody minds."""
        self.refused = False
        self._wait(self._forget())
        self._wait(self._queue.resume())
        if not self.runs:
            self._wait(self._work())
        made = [self.put({"payment": {"id": f"pi_{number}"}}) for number in range(1, 4)]
        self.until(lambda: all(self.state(one) == "completed" for one in made))
        self._wait(self._others())

    def put(self, data: Json, *, minutes_ago: float = 0, tries: int = TRIES) -> str:
        """One job, that was put in a while ago; its id."""
        options = {"attempts": tries, "backoff": {"type": "fixed", "delay": BACKOFF_MS},
                   "timestamp": round((time.time() - minutes_ago * 60) * 1000)}  # fmt: skip
        return str(self._wait(self._queue.add(JOB, data, options)).id)

    def state(self, job_id: str) -> str:
        """BullMQ's word for where a job is."""
        return str(self._wait(self._queue.getJobState(job_id)))

    def stop(self) -> None:
        """The worker is gone: what it had begun is ended first."""
        worker, self._worker = self._worker, None
        if worker is not None:
            self._wait(worker.close())

    def resume(self) -> None:
        """Somebody starts the worker."""
        if not self.runs:
            self._wait(self._work())

    def pause(self) -> None:
        """Pause the queue for all workers."""
        self._wait(self._queue.pause())

    def evict(self, policy: str) -> None:
        """What the server does when its memory is full."""
        self._wait(self._queue.client.config_set("maxmemory-policy", policy))

    def counts(self) -> dict[str, int]:
        """How the jobs stand, for whoever asks the world."""
        return self._wait(self._count())

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; RuntimeError when it does not in time."""
        give_up = time.monotonic() + SECONDS
        while not holds():
            if time.monotonic() > give_up:
                raise RuntimeError("the worker did not get there in time")
            time.sleep(0.02)

    def close(self) -> None:
        """End everything that was started here."""
        if not self._thread.is_alive():
            return
        with contextlib.suppress(Exception):  # the server may be gone already
            self.stop()
        with contextlib.suppress(Exception):
            self._wait(self._queue.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        if not self._thread.is_alive():
            self._loop.close()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _wait(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        coroutine: Coroutine[Any, Any, T] = done()
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(SECONDS)

    async def _open(self) -> None:
        import bullmq

        self._queue = bullmq.Queue(QUEUE, {"connection": self._server})

    async def _work(self) -> None:
        import bullmq

        self._worker = bullmq.Worker(QUEUE, self._process, {"connection": self._server})

    async def _forget(self) -> None:
        """Remove the queue's jobs, and the receipts: whatever else is on the server is nobody's here."""
        keys = [key async for key in self._queue.client.scan_iter(f"bull:{QUEUE}:*")]
        kept = {f"bull:{QUEUE}:{name}" for name in ("meta", "id", "marker", "events")}
        if gone := [key for key in keys if key not in kept]:
            await self._queue.client.delete(*gone)
        async with await self._connect(
            PATIENT_TRIES
        ) as connection:  # after a fault the server may be full for a moment
            await connection.execute("delete from public.processed_events where event_id like 'receipt%'")

    async def _others(self) -> None:
        """The other team's queue on the same server: two jobs that failed long ago."""
        key, client = f"bull:{OTHER_QUEUE}:", self._queue.client
        await client.hset(f"{key}meta", "opts.maxLenEvents", 10000)
        for number in (1, 2):
            await client.hset(
                f"{key}{number}", mapping={"name": "newsletter", "failedReason": NOBODY_DOES, "data": "{}"}
            )
            await client.zadd(f"{key}failed", {str(number): 1_700_000_000_000 + number})

    async def _count(self) -> dict[str, int]:
        client, key = self._queue.client, f"bull:{QUEUE}:"
        waiting, failed = await client.llen(f"{key}wait"), await client.zcard(f"{key}failed")
        aside = len([one async for one in client.scan_iter(f"{key}aside:*")])
        others = await client.zcard(f"bull:{OTHER_QUEUE}:failed")
        return {"jobs_waiting": waiting, "jobs_failed": failed, "jobs_aside": aside, "other_jobs_failed": others}

    async def _connect(self, tries: int = 1) -> psycopg.AsyncConnection[Any]:
        for _ in range(tries - 1):
            with contextlib.suppress(psycopg.OperationalError):
                return await self._connect()
            await asyncio.sleep(PAUSE_SECONDS)
        return await psycopg.AsyncConnection.connect(
            self._dsn, connect_timeout=CONNECT_SECONDS, autocommit=True, application_name="agency-worker"
        )

    async def _process(self, job: Any, token: str) -> None:
        """What the job asks for: a payment that is not there fails it, and so does a database that refuses."""
        payment = job.data["payment"]["id"]
        if self.refused:
            (await asyncio.open_connection(LOOPBACK, self._free))[1].close()
        async with await self._connect() as connection:
            await connection.execute(NOTE, [f"receipt_{payment}"])
