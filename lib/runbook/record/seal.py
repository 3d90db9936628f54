"""Close a record: end what never ended, draw everything from the journal, write it once, and seal it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runbook.errors import RecordError
from runbook.model import Json, canonical_json
from runbook.record import reserve
from runbook.record.draw import canonical_digest, draw_notebook
from runbook.record.folder import FILES, write_atomic
from runbook.record.journal import Entry, Journal
from runbook.record.mask import Masker
from runbook.record.summary import conclude, summarize
from runbook.record.unfinished import end_unfinished
from runbook.times import Times, iso, parse_iso

MANIFEST = "MANIFEST.json"
Render = Callable[[dict[str, Any], list[Entry], dict[str, Any]], str]


def close_and_seal(
    run_dir: Path,
    journal: Journal,
    *,
    forced: str | None,
    masker: Masker,
    render_report: Render,
    times: Times,
    exit_code: int | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """Close the journal, write notebook, summary, report and manifest; the summary. RecordError (74) when it cannot."""
    reserve.release(run_dir)
    end_unfinished(journal, forced)
    entries = journal.entries
    if not entries or entries[-1].event != "run.closed":
        status, code = conclude(entries, forced=forced, exit_code=exit_code)
        if leaks := {name for path in _kept(run_dir) for name in masker.found_in(path.read_bytes())}:
            status, code, reason = "unrecorded", 74, f"found at close and masked: {', '.join(sorted(leaks))}"
            for path in _kept(run_dir):
                write_atomic(path, masker.raw(path.read_bytes()))
        started = next((e.data.get("started_at") or e.at for e in entries if e.event == "run.opened"), iso(times.now()))
        seconds = max(0.0, (times.now() - parse_iso(started)).total_seconds())
        end = {"status": status, "exit_code": code, "ended_at": iso(times.now()), "seconds": round(seconds, 3)}
        journal.append("run.closed", {**end, "reason": reason})
    journal.close()
    try:
        return draw_files(run_dir, entries, masker, render_report)
    except OSError as error:
        raise RecordError(f"cannot write the record: {error.strerror}", where=str(run_dir),
                          next_step=f"free space, then runbook recover {run_dir.name}") from error  # fmt: skip


def draw_files(run_dir: Path, entries: list[Entry], masker: Masker, render_report: Render) -> dict[str, Any]:
    """Write notebook, summary, report and manifest of a closed journal; the summary."""
    skeleton = json.loads((run_dir / "notebook.ipynb").read_text("utf-8"))
    notebook = draw_notebook(masker.json(skeleton), entries)  # the entries were masked when they were written
    text = text_of(notebook)
    if masker.found_in(text.encode("utf-8")):  # in pieces in the journal, whole when they are joined
        notebook = masker.json(notebook)
        text = text_of(notebook)
    summary: dict[str, Any] = {**summary_of(run_dir, entries), "cells": _cells_of(notebook)}
    write_atomic(run_dir / "notebook.ipynb", text)
    write_atomic(run_dir / "summary.json", text_of(summary))
    write_atomic(run_dir / "report.html", masker.text(render_report(summary, entries, notebook)))
    write_atomic(run_dir / MANIFEST, text_of(manifest(run_dir, entries, notebook)))
    return summary


def summary_of(run_dir: Path, entries: Sequence[Entry]) -> dict[str, Any]:
    """The summary with the folder's path as it is now."""
    return {**summarize(entries), "run_dir": str(run_dir)}


def manifest(run_dir: Path, entries: Sequence[Entry], notebook: dict[str, Any]) -> dict[str, Json]:
    """sha256 and size of each file, the journal's length and head, and the notebook's canonical digest."""
    files = {}
    for path in sorted(p for p in run_dir.rglob("*") if p.is_file()):
        name = path.relative_to(run_dir).as_posix()
        if path.name.startswith(MANIFEST) or name.startswith((".", "evidence/")):
            continue
        raw = path.read_bytes()
        files[name] = {"sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw)}
    content = {
        "schema": 1, "run": run_dir.name, "files": files, "journal": {"length": len(entries), "head": entries[-1].hash},
        "notebook_digest": canonical_digest(notebook),
    }  # fmt: skip
    return {**content, "seal": seal_of(content)}


def seal_of(content: dict[str, Json]) -> str:
    """sha256 over a manifest's own content: a changed digest in it would else look like a file saved again."""
    return hashlib.sha256(canonical_json(content).encode("utf-8")).hexdigest()


def text_of(value: Json) -> str:
    """The JSON text of a file: readable, strict, one newline at the end."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _cells_of(notebook: dict[str, Any]) -> list[dict[str, Json]]:
    """Every code cell with its state, also those that never ran."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [{"id": cell.get("id", ""), "state": cell["metadata"]["runbook"]["state"]} for cell in code]


def _kept(run_dir: Path) -> list[Path]:
    """The files beside the record's own: whatever a cell or a person has put there."""
    own = {*FILES, MANIFEST}
    found = (path for path in run_dir.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in found if path.relative_to(run_dir).as_posix() not in own)
