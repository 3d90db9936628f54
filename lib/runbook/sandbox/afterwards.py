"""Takes away what a sandbox leaves, also after kill -9: its folder, its state file, the folder of a drill around it.

As a program of its own (``python -I -S afterwards.py FOLDER STATE``) it waits for the world process's end: one that was
killed can remove nothing itself. Its parts end by the kernel's signal, PostgreSQL in order. Standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sys
import time
from pathlib import Path

DONE = b"done"
DRILL = "runbook-drill-"  # how the temporary folders begin that hold nothing but a drill's state
STOP_SECONDS = 10.0  # how long PostgreSQL may need to stop and to give its shared memory back
PAUSE_SECONDS = 0.05


def remove(folder: Path, state: Path) -> None:
    """Remove them. A state file that tells of another sandbox stays."""
    give_up = time.monotonic() + STOP_SECONDS
    while _servers(folder) and time.monotonic() < give_up:
        time.sleep(PAUSE_SECONDS)
    while folder.exists() and time.monotonic() < give_up:  # a part that is still ending may write once more
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(PAUSE_SECONDS if folder.exists() else 0)
    with contextlib.suppress(OSError, ValueError, KeyError):
        if json.loads(state.read_text("utf-8"))["dir"] == str(folder):
            state.unlink()
    if state.parent.name.startswith(DRILL) and not state.exists() and not is_held(state.parent):
        shutil.rmtree(state.parent, ignore_errors=True)


def is_held(folder: Path) -> bool:
    """Whether a living process holds this folder; it has a lock on it for as long as it lives."""
    try:
        looked = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # gone meanwhile, or no folder
        return False
    try:
        fcntl.flock(looked, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(looked)
    return False


def _servers(folder: Path) -> list[Path]:
    """PostgreSQL removes this file as the last thing it does; a scenario may run a second server a folder deeper."""
    return [*folder.glob("*/postmaster.pid"), *folder.glob("*/*/postmaster.pid")]


def main() -> None:
    """Wait until the world says that it is done, or is gone."""
    if os.read(0, len(DONE)) != DONE:
        remove(Path(sys.argv[1]), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
