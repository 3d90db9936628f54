"""A drill that somebody ends: there is nothing to score, and no other scenario is begun.

A run hears signals itself and stops where it can. One that comes while it seals its record changes nothing for the
run, but the drill around it must end all the same, whatever the run then says.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator

from runbook.errors import RunbookError

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(RunbookError):
    """Somebody ended the run; the exit code is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__("interrupted", where="drill")
        self.exit_code = 128 + number


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Raises ``Stopped`` at the end of the block when a signal came inside, whoever handled it, also after an error."""
    if threading.current_thread() is not threading.main_thread():  # signals come to the main thread only
        yield
        return
    reading, writing = socket.socketpair()
    with reading, writing:
        reading.setblocking(False)
        writing.setblocking(False)
        before = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        try:
            yield
        except Exception as error:
            _raise_if_any(reading, error)
            raise
        finally:
            signal.set_wakeup_fd(before)
        _raise_if_any(reading, None)


def _raise_if_any(numbers: socket.socket, error: Exception | None) -> None:
    with contextlib.suppress(BlockingIOError):
        for number in numbers.recv(4096):
            if number in ENDING:
                raise Stopped(number) from error
