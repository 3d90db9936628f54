"""The connection to a server that speaks Redis: opened at the first question, a login tried once, faults in our words."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from runbook.errors import Fault, SystemFault
from runbook.times import Times, seconds_left

SECONDS = 3.0


class Connection:
    """One server; one question at a time."""

    def __init__(self, url: str, *, times: Times) -> None:
        self.url = url
        self._times = times
        self._client: Any = None
        self._asking = threading.Lock()

    @property
    def host(self) -> str:
        """Where it is, ``host:port`` as the address has it, without the login."""
        try:
            parts = urlsplit(self.url)
            return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname or "")
        except ValueError:
            return ""

    def close(self) -> None:
        """Close the connection."""
        with self._asking:
            if self._client is not None:
                self._client.close()
                self._client = None

    def ask(self, *words: str) -> Any:
        """The answer to one command."""
        with self._connected() as client:
            return client.execute_command(*words)

    @contextlib.contextmanager
    def many(self) -> Iterator[Any]:
        """Many commands in one go, and no transaction."""
        with self._connected() as client, client.pipeline(transaction=False) as pipe:
            yield pipe

    @contextlib.contextmanager
    def transaction(self, *keys: str) -> Iterator[Any]:
        """A transaction that fails when one of the keys changes meanwhile."""
        with self._connected() as client, client.pipeline() as pipe:
            pipe.watch(*keys)
            yield pipe

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        if not self._asking.acquire(timeout=self.seconds()):
            raise queue_fault("no time left", Fault.TIMEOUT)
        try:
            with self.faults():
                if self._client is None:
                    self._client = self._open()
                yield self._client
        finally:
            self._asking.release()

    def seconds(self) -> float:
        """How long a question may take now; a SystemFault when there is no time left."""
        seconds = seconds_left(self._times, SECONDS)
        if seconds <= 0:
            raise queue_fault("no time left", Fault.TIMEOUT)
        return seconds

    @contextlib.contextmanager
    def faults(self) -> Iterator[None]:
        """What the server says, in the words of the error tree."""
        import redis

        try:
            yield
        except (redis.AuthenticationError, redis.exceptions.AuthorizationError) as error:
            raise queue_fault(_said(error), Fault.AUTH) from None
        except redis.exceptions.NoPermissionError as error:
            raise queue_fault(_said(error), Fault.PERMISSION) from None
        except redis.TimeoutError:
            raise queue_fault(f"no answer within {SECONDS:g} s", Fault.TIMEOUT) from None
        except redis.exceptions.BusyLoadingError:
            raise queue_fault("it is loading its data", Fault.DOWN) from None
        except redis.ConnectionError as error:
            raise queue_fault(f"no connection: {_said(error)}", Fault.DOWN) from None
        except redis.WatchError:
            raise queue_fault("the job changed at the same moment: plan again", Fault.REJECTED) from None
        except redis.ResponseError as error:
            raise queue_fault(_said(error), Fault.REJECTED) from None
        except redis.RedisError as error:
            raise queue_fault(_said(error), Fault.UNREADABLE) from None

    def _open(self) -> Any:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        try:
            return redis.Redis.from_url(
                self.url, decode_responses=True, client_name="runbook", retry=Retry(NoBackoff(), 0),
                socket_timeout=SECONDS, socket_connect_timeout=SECONDS,
            )  # fmt: skip
        except ValueError:  # its text may quote the URL
            raise queue_fault("the URL is no redis:// or rediss:// one", Fault.NOT_SET) from None


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def queue_fault(what: str, fault: Fault) -> SystemFault:
    """A fault of the queue's."""
    return SystemFault(what, system="queue", fault=fault)
