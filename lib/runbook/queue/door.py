"""One queue: how its jobs stand, by raw reads, and the three changes of one job that failed for good.

A job is tried again by BullMQ's own script, through its makers' library. It is set aside by taking it out of the list of
failed ones and giving its hash another key: it stays in the same server, under the same rights, for a month.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from runbook.errors import Fault, SystemFault
from runbook.queue.connection import Connection, queue_fault
from runbook.queue.trying import retry
from runbook.times import Times

REASON_LETTERS = 200
# BullMQ's keys below ``bull:<queue>:`` (BullMQ 3 to 5, its source): lists are counted by LLEN, sorted sets by ZCARD.
COUNTED = (("LLEN", "wait"), ("LLEN", "active"), ("LLEN", "paused"), ("ZCARD", "delayed"), ("ZCARD", "prioritized"),
           ("ZCARD", "failed"))  # fmt: skip
ASIDE_DAYS = 30  # ours: as long as somebody may still miss what the job was to do
STANDS = (("ZSCORE", "failed"), ("ZSCORE", "completed"), ("ZSCORE", "delayed"), ("ZSCORE", "prioritized"), ("LPOS", "wait"),
          ("LPOS", "active"), ("LPOS", "paused"))  # fmt: skip


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
    oldest_since_ms: int = 0  # when that one was put in, epoch milliseconds; 0: nothing waits
    workers: int | None = None  # workers' connections, one or two for each; None: the server does not tell us


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
        self._connection = Connection(url, times=times)
        self._ask = self._connection.ask

    @property
    def host(self) -> str:
        """Where it is, ``host:port`` as the address has it, without the login."""
        return self._connection.host

    def ping(self) -> None:
        """Ask whether it answers."""
        self._ask("PING")

    def memory(self) -> Memory:
        """How much memory it uses, may use, and what it throws away when full."""
        said = self._ask("INFO", "memory")
        try:
            return Memory(int(said["used_memory"]), int(said["maxmemory"]), str(said["maxmemory_policy"]))
        except (KeyError, TypeError, ValueError) as error:
            raise queue_fault("INFO memory: the answer has another shape", Fault.UNREADABLE) from error

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
        oldest = str(after[0]) if after else ""
        since = int(self._ask("HGET", self._key(oldest), "timestamp") or 0) if oldest else 0
        return Jobs(waiting + paused, active, delayed, prioritized, failed, is_paused, oldest, since, self._workers())

    def failed_jobs(self, limit: int = 10) -> list[FailedJob]:
        """The newest jobs that failed for good."""
        self._must_be_bullmq()
        rows = self._ask("ZREVRANGE", self._key("failed"), "0", str(limit - 1), "WITHSCORES")
        with self._connection.many() as pipe:
            for job_id, _ in rows:
                pipe.hmget(self._key(str(job_id)), "name", "failedReason", "atm")
            told = pipe.execute()
        found = []
        for (job_id, score), (name, reason, tries) in zip(rows, told, strict=True):
            said = " ".join(str(reason or "no reason given").split())[:REASON_LETTERS]
            found.append(FailedJob(str(job_id), str(name or ""), said, int(float(score)), int(tries or 0)))
        return found

    def stands(self, job_id: str) -> str:
        """Where one job is: ``failed``, ``completed``, ``wait``, ``active`` …, ``aside``, or ``gone`` (done, and not kept)."""
        for command, name in STANDS:
            if self._ask(command, self._key(name), job_id) is not None:
                return name
        return "aside" if self._ask("EXISTS", self._aside(job_id)) else "gone"

    def retry(self, job_id: str) -> None:
        """Have a failed job tried once more, by BullMQ's own script: refused by it where the job has not failed."""
        with self._connection.faults():
            retry(self._connection.url, self.name, job_id, seconds=self._connection.seconds())

    def set_aside(self, job_id: str) -> bool:
        """Take a failed job out of the queue and keep it under another key; whether it was there. One transaction."""
        key, aside = self._key(job_id), self._aside(job_id)
        with self._connection.transaction(self._key("failed"), key) as pipe:
            if pipe.zscore(self._key("failed"), job_id) is None:
                return False
            if pipe.hget(key, "parentKey"):
                raise queue_fault(f"job {job_id} is part of a flow: its parent waits for it", Fault.REJECTED)
            pipe.multi()
            pipe.rename(key, aside)
            pipe.zrem(self._key("failed"), job_id)
            pipe.expire(aside, ASIDE_DAYS * 86400)
            pipe.execute()
        return True

    def put_back(self, job_id: str) -> bool:
        """Put a job that was set aside back among the failed ones; whether it was aside."""
        key, aside = self._key(job_id), self._aside(job_id)
        with self._connection.transaction(aside, key) as pipe:
            failed_at = pipe.hget(aside, "finishedOn")
            if failed_at is None:
                return False
            if pipe.exists(key):
                raise queue_fault(f"there is another job {job_id} now", Fault.REJECTED)
            pipe.multi()
            pipe.rename(aside, key)
            pipe.persist(key)
            pipe.zadd(self._key("failed"), {job_id: int(failed_at)})
            pipe.execute()
        return True

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _must_be_bullmq(self) -> None:
        """Celery, RQ and Sidekiq keep theirs elsewhere: an empty answer about them would look like an empty queue."""
        if not self._ask("EXISTS", self._key("meta"), self._key("id")):
            raise queue_fault(f"there is no BullMQ queue named {self.name}", Fault.NOT_FOUND)

    def _key(self, name: str) -> str:
        return f"bull:{self.name}:{name}"

    def _aside(self, job_id: str) -> str:
        return self._key(f"aside:{job_id}")

    def _workers(self) -> int | None:
        """Connections that bear BullMQ's name for this queue; None where nobody may list them.

        Its library for Node.js writes the queue's name in base64, that for Python as it is (their ``clientName``).
        """
        try:
            said = self._ask("CLIENT LIST")
        except SystemFault as fault:
            if fault.fault not in (Fault.PERMISSION, Fault.REJECTED):  # some providers have no such command
                raise
            return None
        names = {f"bull:{self.name}", f"bull:{base64.b64encode(self.name.encode()).decode()}"}
        return sum(str(one.get("name", "")).split(":w:")[0] in names for one in said)
