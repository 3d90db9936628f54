"""``evidence/``: what names people, in files that only their owner reads. The journal holds a digest of each, no more."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from runbook.errors import SettingError
from runbook.model import Json
from runbook.record.folder import write_atomic
from runbook.record.journal import Entry, Journal

FOLDER = "evidence"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}\.(?:csv|json|txt)")


def keep(journal: Journal, name: str, about: str, content: str) -> Path:
    """Write one file beside a run's journal and its digest into it; where it is. Exit 2 for a name that is taken or none.

    ``about`` goes into the journal, so it says what the file holds and names nobody. Secrets are masked here, too.
    """
    if not NAME.fullmatch(name):
        raise SettingError(f"{name!r} is no name of a file of evidence", where=FOLDER,
                           next_step="lower case, digits and dashes; .csv, .json or .txt")  # fmt: skip
    path = journal.path.parent / FOLDER / name
    if path.exists():
        raise SettingError(f"{name} is kept already", where=FOLDER, next_step="give it another name")
    path.parent.mkdir(exist_ok=True, mode=0o700)
    raw = journal.masker.text(content).encode("utf-8")
    write_atomic(path, raw)
    journal.append("evidence.kept", {
        "file": f"{FOLDER}/{name}", "about": about, "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest(),
    })  # fmt: skip
    return path


def kept(entries: Sequence[Entry]) -> dict[str, dict[str, Json]]:
    """What the journal says of each file, by its name in the record."""
    return {entry.data["file"]: entry.data for entry in entries if entry.event == "evidence.kept"}


def erased(entries: Sequence[Entry]) -> set[str]:
    """The files that were erased on purpose."""
    return {entry.data["file"] for entry in entries if entry.event == "evidence.erased"}
