"""Time, injected: nothing in this package asks the machine for the time or sleeps but through a ``Times``."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Times:
    """The wall clock (aware, UTC), a monotonic clock in seconds, and sleep in seconds."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def iso(moment: datetime) -> str:
    """UTC, ISO 8601, milliseconds, ``Z``: the only form of a time in files and JSON."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_iso(text: str) -> datetime:
    """The aware moment of an ISO 8601 text; ValueError when it is none or names no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return moment.astimezone(UTC)


_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextlib.contextmanager
def deadline(seconds: float, times: Times) -> Iterator[None]:
    """Everything asked inside must be answered within ``seconds``; doors read it with ``seconds_left``."""
    token = _deadline.set(times.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left(times: Times, at_most: float) -> float:
    """How long a door may still wait: ``at_most``, or less when a deadline is nearer. Never negative."""
    end = _deadline.get()
    return at_most if end is None else max(0.0, min(at_most, end - times.monotonic()))
