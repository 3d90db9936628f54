"""TERM, INT and HUP: noticed when the run can stop in order, never in the middle of a step that must be whole."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Interrupted(Exception):
    """A signal told the runner to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Stop:
    """Whether a signal came. ``check`` is called where the run can stop."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._at_once = False

    def check(self) -> None:
        """Interrupted when a signal has come."""
        if self._number is not None:
            raise Interrupted(self._number)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """While a person is asked: a signal ends the question, which has no other end."""
        self._at_once = True
        try:
            self.check()
            yield
        finally:
            self._at_once = False

    def heard(self, number: int, _frame: FrameType | None) -> None:
        """The handler. The first signal counts."""
        if self._number is None:
            self._number = number
        if self._at_once:
            self._at_once = False
            raise Interrupted(self._number)


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """Listen to the signals until the record is closed; before and after they do what they did."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread may set handlers; whoever runs us elsewhere stops us in another way
        return
    before = {number: signal.signal(number, stop.heard) for number in NUMBERS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
