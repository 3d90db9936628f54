"""Whether a record is whole: every file against the journal, the journal against itself, the manifest against both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from runbook.model import Json
from runbook.record import evidence
from runbook.record.draw import canonical_digest, draw_notebook
from runbook.record.folder import FILES
from runbook.record.journal import Entry, scan
from runbook.record.seal import MANIFEST, seal_of, summary_of, text_of

Result = Literal["ok", "broken", "not_provable", "erased"]


@dataclass(frozen=True, slots=True)
class Checked:
    """One thing that was verified."""

    what: str
    result: Result
    file: str = ""
    seq: int | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Json]:
        """As in the contract's verify JSON."""
        return {"what": self.what, "result": self.result, "file": self.file, "seq": self.seq, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``runbook verify`` answers."""

    run: str
    checks: tuple[Checked, ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is broken."""
        return self.first_broken is None

    @property
    def first_broken(self) -> Checked | None:
        """The first thing that is not as the record was sealed."""
        return next((one for one in self.checks if one.result == "broken"), None)

    def as_json(self) -> dict[str, Json]:
        """The contract's verify JSON."""
        return {"run": self.run, "whole": self.whole, "checks": [one.as_json() for one in self.checks]}


def verify(run_dir: Path) -> Verification:
    """Verify one run folder; never raises for what is in it."""
    return Verification(run_dir.name, tuple(_verify(run_dir)))


def _verify(run_dir: Path) -> Iterator[Checked]:
    found = scan(run_dir / "journal.jsonl")
    if found.broken_seq is not None:
        yield Checked("journal", "broken", "journal.jsonl", found.broken_seq, found.reason)
        return
    if found.torn_bytes:
        torn = f"{found.torn_bytes} bytes after the last whole entry"
        yield Checked("journal", "broken", "journal.jsonl", len(found.entries) + 1, torn)
        return
    entries = found.entries
    if not entries or entries[-1].event != "run.closed":
        yield Checked("journal", "broken", "journal.jsonl", len(entries), "the journal was never closed, or was cut")
        return
    yield Checked("journal", "ok", "journal.jsonl")
    for name in FILES:
        if not (run_dir / name).is_file():
            yield Checked(name, "broken", name, None, "the file is missing")
            return
    manifest, reason = _load(run_dir / MANIFEST)
    if manifest is None:
        yield Checked("manifest", "broken", MANIFEST, None, reason)
        return
    described = _manifest(manifest, run_dir, entries)
    yield described
    if described.result == "broken":
        return
    yield from _notebook(run_dir, entries, manifest)
    yield _summary(run_dir, entries)
    yield from _files(run_dir, manifest)
    yield from _evidence(run_dir, entries)
    if (run_dir / f"{MANIFEST}.sig").exists():
        yield Checked("signature", "not_provable", f"{MANIFEST}.sig", None, "signatures are not checked yet")
    yield Checked("replacement of the whole folder", "not_provable", "", None,
                  f"compare with the closing message, where the head was: {entries[-1].hash}")  # fmt: skip


def _manifest(manifest: dict[str, Any], run_dir: Path, entries: tuple[Entry, ...]) -> Checked:
    expected = {"length": len(entries), "head": entries[-1].hash}
    content = {key: value for key, value in manifest.items() if key != "seal"}
    if manifest.get("seal") != seal_of(content) or text_of(manifest) != (run_dir / MANIFEST).read_text("utf-8"):
        return Checked("manifest", "broken", MANIFEST, None, "it was changed: its seal does not fit")
    if content["journal"] != expected or content["run"] != run_dir.name:
        return Checked("manifest", "broken", MANIFEST, None, "it does not describe this journal")
    return Checked("manifest", "ok", MANIFEST)


def _notebook(run_dir: Path, entries: tuple[Entry, ...], manifest: dict[str, Any]) -> Iterator[Checked]:
    notebook, reason = _load(run_dir / "notebook.ipynb")
    if notebook is None:
        yield Checked("notebook", "broken", "notebook.ipynb", None, reason)
        return
    try:
        digest = canonical_digest(notebook)
        drawn = canonical_digest(draw_notebook(notebook, entries))
    except (KeyError, TypeError, AttributeError):
        yield Checked("notebook", "broken", "notebook.ipynb", None, "it is no notebook any more")
        return
    if digest != manifest.get("notebook_digest") or digest != drawn:
        yield Checked("notebook", "broken", "notebook.ipynb", None, "its cells or outputs are not those of the journal")
        return
    recorded = manifest["files"].get("notebook.ipynb", {})
    if recorded.get("sha256") != _sha256(run_dir / "notebook.ipynb"):
        yield Checked("notebook", "ok", "notebook.ipynb", None, "saved again: other bytes, same cells and outputs")
    else:
        yield Checked("notebook", "ok", "notebook.ipynb")


def _summary(run_dir: Path, entries: tuple[Entry, ...]) -> Checked:
    summary, reason = _load(run_dir / "summary.json")
    if summary is None:
        return Checked("summary", "broken", "summary.json", None, reason)
    moved = {"run_dir", "cells"}  # the folder may have been moved; cells also name those that never ran
    expected = {key: value for key, value in summary_of(run_dir, entries).items() if key not in moved}
    if {key: value for key, value in summary.items() if key not in moved} != expected:
        return Checked("summary", "broken", "summary.json", None, "it does not say what the journal says")
    return Checked("summary", "ok", "summary.json")


def _files(run_dir: Path, manifest: dict[str, Any]) -> Iterator[Checked]:
    files = manifest["files"]
    there = {p.relative_to(run_dir).as_posix() for p in run_dir.rglob("*") if p.is_file()}
    there = {name for name in there if not name.startswith((MANIFEST, ".", "evidence/"))}
    for name in sorted(there - set(files)):
        yield Checked(name, "broken", name, None, "the file was added after the record was sealed")
    for name in sorted(set(files) - there):
        yield Checked(name, "broken", name, None, "the file is missing")
    for name in sorted(there & set(files) - {"notebook.ipynb"}):
        recorded = files[name]
        path = run_dir / name
        fits = recorded == {"sha256": _sha256(path), "size": path.stat().st_size}
        yield Checked(name, "ok" if fits else "broken", name, None, "" if fits else "its bytes were changed")


def _evidence(run_dir: Path, entries: tuple[Entry, ...]) -> Iterator[Checked]:
    kept, erased = evidence.kept(entries), evidence.erased(entries)
    there = {path.relative_to(run_dir).as_posix() for path in (run_dir / evidence.FOLDER).rglob("*") if path.is_file()}
    for name in sorted(there - set(kept)):
        yield Checked(name, "broken", name, None, "the journal does not know it")
    for name, said in sorted(kept.items()):
        if name not in there:
            gone = name in erased
            yield Checked(name, "erased" if gone else "broken", name, None, "" if gone else "the file is missing")
        elif _sha256(run_dir / name) != said["sha256"]:
            yield Checked(name, "broken", name, None, "its bytes were changed")
        else:
            yield Checked(name, "ok", name)


def _load(path: Path) -> tuple[dict[str, Any] | None, str]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        return None, f"not readable: {' '.join(str(error).split())}"
    return (value, "") if isinstance(value, dict) else (None, "not a JSON object")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
