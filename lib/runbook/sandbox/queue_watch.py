"""Changes that the runbook made in the queue, as the server's own log of commands tells them.

Redis writes commands with the name of the connection into its slow log; with a threshold of nothing, all of them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Any

import redis

from runbook.sandbox.requests import RequestLog

NAME = "runbook"  # the name that our connections have
LISTS = frozenset({"active", "completed", "delayed", "failed", "paused", "prioritized", "wait"})
POLL_SECONDS = 0.25
SOCKET_SECONDS = 30.0  # a busy machine is no broken server
KEPT = 20_000  # commands between two looks, the worker's among them
# what reads, or says who one is; whatever is not here is a change
READS = frozenset({"AUTH", "CLIENT", "COMMAND", "EXEC", "EXISTS", "HELLO", "HEXISTS", "HGET", "HMGET", "INFO", "LLEN", "LPOS",
                   "LRANGE", "MULTI", "PING", "SELECT", "UNWATCH", "WATCH", "ZCARD", "ZCOUNT", "ZREVRANGE", "ZSCORE",
                   "HGETALL", "SCRIPT", "TYPE", "EVAL", "EVALSHA"})  # a script's own commands are logged too  # fmt: skip
BESIDE = frozenset({"events", "id", "marker", "meta", "pc"})  # what BullMQ notes beside a change of a job


class QueueWatch:
    """Follows the server's log and writes rows with system ``queue``: one for what one client does to one job at once."""

    def __init__(self, url: str, log: RequestLog) -> None:
        self._client: Any = redis.Redis.from_url(url, client_name="watch", socket_timeout=SOCKET_SECONDS)
        self._log = log
        self._stop, self._reading = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._follow, name="queue-watch", daemon=True)
        self._last = ("", "")  # whose change of what the last one was

    def start(self) -> None:
        """Have every command logged, and follow."""
        self._client.config_set("slowlog-max-len", KEPT)
        self._client.config_set("slowlog-log-slower-than", 0)
        self._thread.start()

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._client.close()

    def catch_up(self) -> None:
        """Read what is there now; whoever asks for the rows calls this first."""
        with self._reading:
            with self._client.pipeline(transaction=True) as both:  # at once: what comes in between would be lost
                new, _ = both.slowlog_get(KEPT).slowlog_reset().execute()
            for one in sorted(new, key=lambda entry: entry["id"]):
                self._entry(one)

    def _follow(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            with contextlib.suppress(redis.RedisError):  # stopped by a fault, or at the end
                self.catch_up()

    def _entry(self, entry: dict[str, Any]) -> None:
        name, said, who = (
            entry[key].decode("utf-8", "replace") for key in ("client_name", "command", "client_address")
        )
        if name != NAME:
            return
        words = said.split(" ")
        command, parts = words[0].upper(), (words[1] if len(words) > 1 else "").split(":")
        if command == "WATCH":  # another transaction begins
            self._last = ("", "")
        if command in READS or (len(parts) > 2 and parts[2] in BESIDE):
            return
        job = _job(parts, words)
        if (who, job) != self._last or not job:
            self._log.add(
                "queue", command, job or words[-1][:80], change=True, actor=NAME, objects=[job] if job else []
            )
        self._last = (who, job)


def _job(parts: Sequence[str], words: Sequence[str]) -> str:
    """``queue:id`` of the job that a command is about; empty when it is about none."""
    if len(parts) < 3 or parts[0] != "bull":
        return ""
    if parts[2] in LISTS and len(words) > 2:  # ZREM key id, ZADD key score id
        return f"{parts[1]}:{words[-1]}"
    return f"{parts[1]}:{parts[-1]}"
