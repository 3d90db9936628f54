"""Bring a sandbox up, down, and ask it things. Several may run at once: each has its own state file."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runbook.errors import RunbookError, SettingError
from runbook.places import sandbox_state_path
from runbook.sandbox import state
from runbook.sandbox.afterwards import DRILL
from runbook.sandbox.processes import Child, Detached, spawn, stop

UP_SECONDS = 30.0
DOWN_SECONDS = 10.0

_children: dict[Path, Child] = {}  # sandboxes that this process started, by state file: it must reap them


def up(path: Path | None = None, *, die_with_us: bool = False) -> tuple[dict[str, Any], bool]:
    """Start a sandbox and wait until it is ready; its state, and whether it was up already.

    ``die_with_us``: for drills and tests, which must leave nothing; else it goes on when this command has ended.
    """
    path = path or sandbox_state_path()
    if (found := state.read(path)) is not None:
        return found, True
    state.sweep(path)
    state.sweep_folders()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = path.with_suffix(".log")
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "runbook.sandbox.serve", "--state", str(path)]
    start = spawn if die_with_us else Detached
    _children[path] = start(command, log=log, env=_clean_environment())
    return _wait_until_ready(path, log), False


def down(path: Path | None = None) -> bool:
    """Stop the sandbox; False when none was running. What a dead one left is swept."""
    path = path or sandbox_state_path()
    found, child = state.read(path), _children.pop(path, None)
    if found is not None:
        _end(int(found["pid"]), str(found["pid_started"]))
    if child is not None:  # also one that died, or never came up
        stop(child, seconds=DOWN_SECONDS)
    state.sweep(path)
    path.with_suffix(".log").unlink(missing_ok=True)
    return found is not None


def status(path: Path | None = None) -> dict[str, Any]:
    """The contract's JSON: up, dir, pid, urls, scenario. No secrets."""
    found = state.read(path or sandbox_state_path())
    if found is None:
        return {"up": False, "dir": None, "pid": None, "urls": {}, "scenario": None}
    return {"up": True, **{key: found[key] for key in ("dir", "pid", "urls", "scenario")}}


def control(method: str, what: str, body: dict[str, Any] | None = None, path: Path | None = None) -> Any:
    """Ask the world's control door: ``break``, ``repair``, ``state``, ``requests``. Exit 2 when no sandbox is up."""
    path = path or sandbox_state_path()
    found = state.read(path)
    if found is None:
        raise SettingError("no sandbox is running", where="sandbox", next_step="runbook sandbox up")
    request = urllib.request.Request(
        f"{found['urls']['control']}/{what}", method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {found['secrets']['CONTROL_TOKEN']}", "Content-Type": "application/json"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        said = error.read().decode("utf-8", "replace")[:500]
        raise SettingError(f"{what}: {said}", where="sandbox", next_step="runbook sandbox status") from error
    except OSError as error:
        raise RunbookError(f"the sandbox does not answer: {error}", where="sandbox",
                           next_step="runbook sandbox down") from error  # fmt: skip


def break_world(scenario: str, path: Path | None = None) -> Any:
    """Break the running world as a scenario says."""
    path = path or sandbox_state_path()
    answer = control("POST", "break", {"scenario": scenario}, path)
    _remember(path, scenario)
    return answer


def repair(path: Path | None = None) -> Any:
    """Bring the healthy world back."""
    path = path or sandbox_state_path()
    answer = control("POST", "repair", {}, path)
    _remember(path, "healthy")
    return answer


@contextlib.contextmanager
def own_sandbox(folder: Path | None = None) -> Iterator[Path]:
    """A sandbox for as long as the block lasts; yields its state file. It also dies with this process."""
    with contextlib.ExitStack() as stack:
        path = (folder or _temporary(stack)) / "state.json"
        try:
            up(path, die_with_us=True)
            yield path
        finally:
            down(path)


def _temporary(stack: contextlib.ExitStack) -> Path:
    place, held = state.new_folder(DRILL)
    stack.callback(os.close, held)
    stack.callback(shutil.rmtree, place, ignore_errors=True)
    return place


def _wait_until_ready(path: Path, log: Path) -> dict[str, Any]:
    give_up = time.monotonic() + UP_SECONDS
    try:
        while time.monotonic() < give_up:
            found = state.read(path)
            if found is not None:
                return found
            if _children[path].poll() is not None:
                break
            time.sleep(0.02)
    except BaseException:
        stop(_children.pop(path), seconds=DOWN_SECONDS)
        raise
    stop(_children.pop(path), seconds=DOWN_SECONDS)
    tail = " ".join(log.read_text("utf-8", "replace").strip().splitlines()[-3:])
    raise RunbookError(f"the sandbox did not come up: {tail or 'no word from it'}", where=str(log),
                       next_step="read that log")  # fmt: skip


def _end(pid: int, since: str) -> None:
    """Politely, then not."""
    with contextlib.suppress(ProcessLookupError):  # it ends by itself just now
        os.kill(pid, signal.SIGTERM)
        give_up = time.monotonic() + DOWN_SECONDS
        while state.alive(pid, since) and time.monotonic() < give_up:
            time.sleep(0.02)
        if state.alive(pid, since):
            os.kill(pid, signal.SIGKILL)


def _remember(path: Path, scenario: str) -> None:
    found = state.read(path)
    if found is not None and found["scenario"] != scenario:
        state.write(path, {**found, "scenario": scenario})


def _clean_environment() -> dict[str, str]:
    """The environment without what belongs to a run: the world must not know who asks it."""
    return {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")} | {
        key: os.environ[key] for key in ("RUNBOOK_HOME", "RUNBOOK_PG_BIN") if key in os.environ
    }
