"""The sandbox's state file: where it is, its secrets, whether it still lives. Owner-only, replaced atomically."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from runbook.record.folder import write_atomic

MARK = "runbook-sandbox-"  # how the folders of sandboxes begin, below the temporary directory


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


def started(pid: int) -> str:
    """When a process began, as its system tells: a pid that was used again has another answer. Empty when unknown."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[19]
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
