"""The one door to Redis and what speaks its protocol. Reads only: there is no flush here, on purpose.

A flush takes sessions, locks and idempotency keys with the queue; without those keys a replay charges twice.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from runbook.errors import Fault, SystemFault
from runbook.times import Times, seconds_left

SECONDS = 3.0
REASON_LETTERS = 200
# BullMQ's keys below ``bull:<queue>:`` (BullMQ 3 to 5, its source): lists are counted by LLEN, sorted sets by ZCARD.
COUNTED = (("LLEN", "wait"), ("LLEN", "active"), ("LLEN", "paused"), ("ZCARD", "delayed"), ("ZCARD", "prioritized"),
           ("ZCARD", "failed"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in bytes, and what the server throws away when it is full (``noeviction``: it refuses to write)."""

    used_bytes: int
    most_bytes: int  # 0: no limit
    policy: str

    @property
    def share(self) -> float | None:
        """How much of its limit is used, 0.8 for 80 %; None when there is no limit."""
        return self.used_bytes / self.most_bytes if self.most_bytes else None


@dataclass(frozen=True, slots=True)
class Jobs:
    """How many jobs of a BullMQ queue stand where. ``oldest_waiting`` is the id of the one that is next."""

    waiting: int
    active: int
    delayed: int
    prioritized: int
    failed: int
    is_paused: bool
    oldest_waiting: str


@dataclass(frozen=True, slots=True)
class FailedJob:
    """One job that failed for good: why, when (epoch milliseconds) and after how many tries. Its data is never read."""

    job_id: str
    name: str
    reason: str
    failed_at_ms: int
    tries: int


class Queue:
    """One queue. The connection is opened at the first question; a login is tried once."""

    def __init__(self, url: str, name: str, *, times: Times) -> None:
        self.name = name
        self._url = url
        self._times = times
        self._client: Any = None
        self._asking = threading.Lock()

    def ping(self) -> None:
        """Ask whether it answers."""
        self._ask("PING")

    def memory(self) -> Memory:
        """How much memory it uses, may use, and what it throws away when full."""
        said = self._ask("INFO", "memory")
        try:
            return Memory(int(said["used_memory"]), int(said["maxmemory"]), str(said["maxmemory_policy"]))
        except (KeyError, TypeError, ValueError) as error:
            raise _fault("INFO memory: the answer has another shape", Fault.UNREADABLE) from error

    def jobs(self) -> Jobs:
        """The jobs of a BullMQ queue, counted by raw reads: BullMQ's own count may remove a marker (its Lua ``RPOP``)."""
        self._must_be_bullmq()
        waiting, active, paused, delayed, prioritized, failed = (
            int(self._ask(command, self._key(name))) for command, name in COUNTED
        )
        after = self._ask("LRANGE", self._key("wait"), "-1", "-1") or self._ask(
            "LRANGE", self._key("paused"), "-1", "-1"
        )
        is_paused = bool(self._ask("HEXISTS", self._key("meta"), "paused"))
        return Jobs(waiting + paused, active, delayed, prioritized, failed, is_paused, str(after[0]) if after else "")

    def failed_jobs(self, limit: int = 10) -> list[FailedJob]:
        """The newest jobs that failed for good."""
        self._must_be_bullmq()
        rows = self._ask("ZREVRANGE", self._key("failed"), "0", str(limit - 1), "WITHSCORES")
        found = []
        for job_id, score in rows:
            name, reason, tries = self._ask("HMGET", self._key(str(job_id)), "name", "failedReason", "atm")
            said = " ".join(str(reason or "no reason given").split())[:REASON_LETTERS]
            found.append(FailedJob(str(job_id), str(name or ""), said, int(float(score)), int(tries or 0)))
        return found

    def close(self) -> None:
        """Close the connection."""
        with self._asking:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _must_be_bullmq(self) -> None:
        """Celery, RQ and Sidekiq keep theirs elsewhere: an empty answer about them would look like an empty queue."""
        if not self._ask("EXISTS", self._key("meta"), self._key("id")):
            raise _fault(f"there is no BullMQ queue named {self.name}", Fault.NOT_FOUND)

    def _key(self, name: str) -> str:
        return f"bull:{self.name}:{name}"

    def _ask(self, *words: str) -> Any:
        import redis

        seconds = seconds_left(self._times, SECONDS)
        if seconds <= 0 or not self._asking.acquire(timeout=seconds):
            raise _fault("no time left", Fault.TIMEOUT)
        try:
            if self._client is None:
                self._client = self._open()
            return self._client.execute_command(*words)
        except (redis.AuthenticationError, redis.exceptions.AuthorizationError) as error:
            raise _fault(_said(error), Fault.AUTH) from None
        except redis.exceptions.NoPermissionError as error:
            raise _fault(_said(error), Fault.PERMISSION) from None
        except redis.TimeoutError:
            raise _fault(f"no answer within {SECONDS:g} s", Fault.TIMEOUT) from None
        except redis.exceptions.BusyLoadingError:
            raise _fault("it is loading its data", Fault.DOWN) from None
        except redis.ConnectionError as error:
            raise _fault(f"no connection: {_said(error)}", Fault.DOWN) from None
        except redis.ResponseError as error:
            raise _fault(_said(error), Fault.REJECTED) from None
        except redis.RedisError as error:
            raise _fault(_said(error), Fault.UNREADABLE) from None
        finally:
            self._asking.release()

    def _open(self) -> Any:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        try:
            return redis.Redis.from_url(
                self._url, decode_responses=True, client_name="runbook", retry=Retry(NoBackoff(), 0),
                socket_timeout=SECONDS, socket_connect_timeout=SECONDS,
            )  # fmt: skip
        except ValueError:  # its text may quote the URL
            raise _fault("the URL is no redis:// or rediss:// one", Fault.NOT_SET) from None


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _fault(what: str, fault: Fault) -> SystemFault:
    return SystemFault(what, system="queue", fault=fault)
