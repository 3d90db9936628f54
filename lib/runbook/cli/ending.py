"""A signal ends a command the way Ctrl-C does: through its ``finally`` blocks, with the signal's exit code."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Ended(BaseException):
    """A signal asks this command to end; what it started is cleaned up on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextlib.contextmanager
def ends_cleanly() -> Iterator[None]:
    """TERM and HUP raise ``Ended`` inside the block, Ctrl-C KeyboardInterrupt: also where a shell's ``&`` had it ignored."""
    before = {number: signal.signal(number, _end) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)
