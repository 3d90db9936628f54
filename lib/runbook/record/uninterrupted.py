"""A step that Ctrl-C must not cut in two: it is heard when the step is over."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back SIGINT until the block is left, then hand it to whoever handled it before.

    Python runs signal handlers between any two instructions of the main thread, so a KeyboardInterrupt can strike
    after a line is written and before we know that it was. In other threads no handler runs.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        yield  # None: a handler that is not Python's, which raises nothing here either
        return
    held: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held and callable(before):
            before(*held[-1])
