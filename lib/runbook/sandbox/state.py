"""The sandbox's state file: where it is, its secrets, whether it still lives. Owner-only, replaced atomically."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from runbook.record.folder import write_atomic
from runbook.sandbox.afterwards import DRILL, is_held

MARK = "runbook-sandbox-"  # how the folders of sandboxes begin, below the temporary directory
ABANDONED_SECONDS = 600  # nobody holds it and nothing was made in it for so long: its owner was killed


def write(path: Path, state: dict[str, Any]) -> None:
    """Write the state; parents are made owner-only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(path, json.dumps(state, indent=1) + "\n")


def read(path: Path) -> dict[str, Any] | None:
    """The state of a living sandbox; None when there is none or it died."""
    state = _load(path)
    return state if state is not None and alive(int(state["pid"]), str(state["pid_started"])) else None


def sweep(path: Path) -> bool:
    """Remove what a dead sandbox left: its state file and its folder. True when there was something."""
    state = _load(path)
    if state is None or alive(int(state["pid"]), str(state["pid_started"])):
        return False
    folder = Path(state["dir"])
    if folder.name.startswith(MARK) and folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    path.unlink(missing_ok=True)
    return True


def new_folder(mark: str) -> tuple[Path, int]:
    """A temporary folder, and the descriptor that holds it for as long as this process lives."""
    folder = Path(tempfile.mkdtemp(prefix=mark))
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    return folder, held


def sweep_folders() -> list[Path]:
    """Remove the temporary folders that killed sandboxes and drills of this user left; which ones they were."""
    swept = []
    for folder in Path(tempfile.gettempdir()).glob("runbook-*"):
        try:
            about = folder.lstat()
        except OSError:  # gone meanwhile
            continue
        ours = folder.name.startswith((MARK, DRILL)) and about.st_uid == os.geteuid()
        if ours and time.time() - about.st_mtime > ABANDONED_SECONDS and not is_held(folder):
            shutil.rmtree(folder, ignore_errors=True)
            swept.append(folder)
    return swept


def started(pid: int) -> str:
    """When a process began, as its system tells: a pid that was used again has another answer.

    Empty when unknown, and for a process that has ended and only waits to be reaped.
    """
    try:
        words = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return "" if words[0] in "ZX" else words[19]
    except (OSError, IndexError):
        return ""


def alive(pid: int, pid_started: str) -> bool:
    """Whether the very process that wrote the state still runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there, and somebody else's
    return started(pid) == pid_started


def _load(path: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return state if {"pid", "pid_started", "dir"} <= set(state) else None
