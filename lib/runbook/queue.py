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

    def close(self) -> None:
        """Close the connection."""
        with self._asking:
            if self._client is not None:
                self._client.close()
                self._client = None

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
