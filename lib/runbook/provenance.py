"""Who runs this and from which code: what the first line of a record says. Names are claims, and say where from."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
from pathlib import Path

from runbook.model import Json

GIT_SECONDS = 2.0


def operator(given: str = "") -> tuple[str, str]:
    """The name of who acts, and its source: option, ``$RUNBOOK_OPERATOR``, git ``user.email``, OS user."""
    if given:
        return given, "option"
    if name := os.environ.get("RUNBOOK_OPERATOR"):
        return name, os.environ.get("RUNBOOK_OPERATOR_SOURCE", "RUNBOOK_OPERATOR")
    if name := _git(Path.cwd(), "config", "user.email"):
        return name, "git"
    try:
        return getpass.getuser(), "OS user"
    except (KeyError, OSError):
        return f"uid {os.getuid()}", "OS user"


def commit(root: Path) -> dict[str, Json]:
    """The commit of the checkout and whether it was changed since; nulls where there is no git to ask."""
    head = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain", "--untracked-files=no") if head else None
    return {"commit": head or None, "dirty": None if status is None else bool(status)}


def versions() -> dict[str, str]:
    """The versions a reader needs to run the same again."""
    from importlib import metadata  # late: 15 ms that a start of the command does not owe

    found = {"python": platform.python_version()}
    for name in ("runbook", "ipykernel", "nbclient", "papermill", "psycopg", "httpx"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _git(folder: Path, *words: str) -> str | None:
    """What git answers, or None when it cannot."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
