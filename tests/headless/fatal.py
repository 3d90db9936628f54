"""What ends a run, at an exact moment of it. Imported by the cells of the kill matrix, in their kernel.

``at(moment, how)`` arms it once: moments are ``read``, ``before``, ``during``, ``after`` a change, and ``closing``. During:
the vendor took the change, and nobody has written down that it did.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from runbook.actions.flags import turn_flag_off
from runbook.actions.frame import Action
from runbook.checks.frame import Answer, check
from runbook.model import Status
from runbook.record.journal import Journal

armed: dict[str, str] = {}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that may not grow is an error, not a death


def at(moment: str, how: str) -> None:
    """Arm it."""
    armed[moment] = how


def strike(moment: str) -> None:
    """End the run now, if this is the moment. A second time nothing happens: a resumed run has a life of its own."""
    how = armed.pop(moment, "")
    if how:
        ENDS[how]()


def runner() -> int:
    """The process that drives this kernel: the one whose command line says so."""
    pid = os.getpid()
    while pid > 1:
        process = Path(f"/proc/{pid}")
        if b"runbook.cli.main" in (process / "cmdline").read_bytes():
            return pid
        pid = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    raise AssertionError("no runner above this kernel")


def tell(number: int) -> Callable[[], None]:
    """A signal to the runner; the kernel waits to be ended."""

    def send() -> None:
        os.kill(runner(), number)
        time.sleep(30)

    return send


def no_room() -> None:
    """As a full disk: the next write to a file of ours fails (EFBIG stands for ENOSPC: the same call, the same way out)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


def fill() -> None:
    """Really full, once: not a byte is left where the records are."""
    mark = Path(os.environ["RUNBOOK_HOME"], "was-full")
    if mark.exists():
        return
    mark.touch()
    with contextlib.suppress(OSError), Path(os.environ["RUNBOOK_RUNS"], "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def leave(code: int) -> Callable[[], None]:
    """Leave by ``sys.exit``."""

    def exit_() -> None:
        raise SystemExit(code)

    return exit_


def no_memory() -> None:
    raise MemoryError("none left")


ENDS: dict[str, Callable[[], Any]] = {
    "kernel -9": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "os._exit": lambda: os._exit(0),
    "sys.exit(0)": leave(0),
    "MemoryError": no_memory,
    "runner -9": tell(signal.SIGKILL),
    "TERM": tell(signal.SIGTERM),
    "INT": tell(signal.SIGINT),
    "HUP": tell(signal.SIGHUP),
    "over time": lambda: time.sleep(30),
    "disk full": no_room,
    "no space": fill,
}
append = Journal.append


def appending(self: Journal, event: str, data: Any) -> Any:
    entry = append(self, event, data)
    if event == "plan.made":
        strike("before")
    if event == "action.finished":
        strike("after")
    return entry


Journal.append = appending  # type: ignore[method-assign]


@check(required=False)
def reading(systems: Any) -> Answer:
    """Is it read?"""
    strike("read")
    return Answer(Status.OK, "read")


def change(systems: Any, item: Any, plan: Any) -> Any:
    """As the real one; then the moment in which nobody has written it down."""
    changed = turn_flag_off.change(systems, item, plan)
    strike("during")
    return changed


mend: Action = replace(turn_flag_off, change=change)
