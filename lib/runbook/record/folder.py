"""Folders and files of a record: how a run's folder is named, found, and written without a half-written moment."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from pathlib import Path

from runbook.errors import RecordError, SettingError
from runbook.times import Times

RUN_NAME = re.compile(r"\d{8}T\d{6}Z-[a-z0-9-]+-[0-9a-f]{4}")
FILES = ("notebook.ipynb", "journal.jsonl", "summary.json", "report.html", "MANIFEST.json")


def make_runs(runs: Path) -> None:
    """Make the folder of all runs, owner-only. RecordError when that is not possible."""
    try:
        runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RecordError(f"cannot make the folder of the runs: {error.strerror}", where=str(runs),
                          next_step="free space or permissions, or choose --runs DIR") from error  # fmt: skip


def new_run_dir(runs: Path, group: str, notebook: str, times: Times) -> Path:
    """Make the folder of a new run, owner-only: ``<runs>/<incident|routine>/<time>-<notebook>-<4 hex>``."""
    for _ in range(100):
        name = f"{times.now():%Y%m%dT%H%M%SZ}-{notebook}-{secrets.token_hex(2)}"
        folder = runs / group / name
        with contextlib.suppress(FileExistsError):
            try:
                folder.mkdir(parents=True, mode=0o700)
            except FileExistsError:
                raise
            except OSError as error:
                raise RecordError(f"cannot make a run folder: {error.strerror}", where=str(runs / group),
                                  next_step="free space or permissions, or choose --runs DIR") from error  # fmt: skip
            return folder
    raise RecordError("no free name for a run folder", where=str(runs / group), next_step="try again")


def write_atomic(path: Path, data: bytes | str, mode: int = 0o600) -> None:
    """Write a file so that a reader sees the old or the new one, never half of it, also after a crash."""
    raw = data.encode("utf-8") if isinstance(data, str) else data
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def all_runs(runs: Path) -> list[Path]:
    """Every run folder, oldest first (by name: it begins with the time)."""
    found = [path for path in runs.glob("*/*") if RUN_NAME.fullmatch(path.name) and path.is_dir()]
    return sorted(found, key=lambda path: path.name)


def find_run(runs: Path, text: str) -> Path:
    """The run that is meant: a folder's path, an unambiguous part of its name, or ``latest``. Exit 2 otherwise."""
    if not text:
        raise SettingError("no run is named", where="RUN", next_step="runbook history lists them")
    given = Path(text)
    if (given / "journal.jsonl").exists():
        return given.resolve()
    everything = all_runs(runs)
    if text == "latest" and everything:
        return everything[-1]
    fitting = [path for path in everything if text in path.name]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise SettingError(f"{len(fitting)} runs fit {text!r}, the last is {fitting[-1].name}", where=str(runs),
                           next_step="give more of the name")  # fmt: skip
    raise SettingError(f"no run {text!r}", where=str(runs), next_step="runbook history lists them")
