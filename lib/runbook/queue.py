"""The one door to Redis and what speaks its protocol. Reads only: there is no flush here, on purpose.

A flush takes sessions, locks and idempotency keys with the queue; without those keys a replay charges twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runbook.errors import Fault, SystemFault

SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in bytes; ``most_bytes`` 0: no limit."""

    used_bytes: int
    most_bytes: int
    policy: str


class Queue:
    """One queue. The connection is opened at the first question."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._url = url
        self._client: Any = None

    def ping(self) -> None:
        """Ask whether it answers."""
        self._ask("PING")

    def memory(self) -> Memory:
        """How much memory it uses, may use, and what it throws away when full."""
        info = self._ask("INFO", "memory")
        return Memory(int(info["used_memory"]), int(info["maxmemory"]), str(info["maxmemory_policy"]))

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()

    def _ask(self, *words: str) -> Any:
        import redis

        try:
            if self._client is None:
                self._client = redis.Redis.from_url(
                    self._url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, decode_responses=True
                )
            return self._client.execute_command(*words)
        except redis.AuthenticationError as error:
            raise SystemFault("the password is wrong", system="queue", fault=Fault.AUTH) from error
        except redis.TimeoutError as error:
            raise SystemFault(f"no answer within {SECONDS:g} s", system="queue", fault=Fault.TIMEOUT) from error
        except redis.RedisError as error:
            raise SystemFault(f"{type(error).__name__}", system="queue", fault=Fault.DOWN) from error
