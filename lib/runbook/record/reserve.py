"""Room on the disk that is kept for a record's last words: when the disk is full, how it ended can still be written."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping
from pathlib import Path

from runbook.model import Json

NAME = ".reserve"
BYTES = (
    4 * 2**20
)  # the ends of a run, its notebook, summary and report; one whose outputs are larger is drawn by recover
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
LAST_WORDS = frozenset({"action.finished", "cell.finished", "run.recovered", "run.closed"})


def is_last_word(event: str, data: Mapping[str, Json]) -> bool:
    """Whether an event tells how something ended. What begins something, a change above all, must not use the reserve."""
    return event in LAST_WORDS or (event == "action.object" and data["phase"] == "outcome")


def keep(folder: Path) -> None:
    """Take the room, unless it is taken. OSError when there is none."""
    path = folder / NAME
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _fill(handle)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(handle)


def release(folder: Path) -> None:
    """Give the room back, for the last words."""
    (folder / NAME).unlink(missing_ok=True)


def _fill(handle: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, BYTES)
        return
    left = BYTES  # a system without it: bytes that are really there
    while left:
        left -= os.write(handle, bytes(left))
