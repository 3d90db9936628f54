"""The kernel is gone: close its record honestly, or take away the folder of a run that never began."""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from runbook import provenance
from runbook.errors import RecordError, Refused, SettingError
from runbook.headless.folder import RunRequest
from runbook.headless.told import OPENING, Cell, Told
from runbook.model import Json
from runbook.record.folder import write_atomic
from runbook.record.journal import Entry, Journal, scan
from runbook.record.mask import Masker, mask_key
from runbook.record.overflow import Overflow
from runbook.record.seal import close_and_seal
from runbook.record.unfinished import CELL_STATE_OF, open_cells
from runbook.settings import load_profile, secrets_of
from runbook.times import Times, iso

LET_GO_SECONDS = 2.0  # how long the system may need to take a dead kernel's lock from the journal
STATUS_OF = {2: "", 3: "refused"}
UNRECORDED = "RecordError"  # raised in a cell: the kernel could not write its journal


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended. Without a record ``run_dir`` is None and ``line`` says why."""

    exit_code: int
    status: str
    run_dir: Path | None
    summary: dict[str, Any]
    line: str = ""


def close(request: RunRequest, run_dir: Path, told: Told, times: Times) -> RunEnd:
    """Close, draw and seal; or, when the opening said no before there was a record, leave nothing."""
    opened = _first_event(run_dir) is not None
    if not opened and told.never_opened is not None and told.forced is None:
        _remove(run_dir)
        code = OPENING[told.never_opened.ename]
        return RunEnd(code, STATUS_OF[code], None, {}, told.never_opened.evalue)
    masker = Masker(told.secrets, mask_key(request.runs))
    journal, cut_bytes = take_over(run_dir, masker, times)
    if not opened:
        journal.append("run.opened", _facts(request, run_dir, told))
        for index, cell in enumerate(told.cells, start=1):
            _write_cell(journal, run_dir, index, cell)
    _correct_running_cell(journal, told)
    forced, reason = told.forced, told.reason
    failed = told.failed
    if forced is None and failed is not None and failed.reply is not None:
        forced = "unrecorded" if failed.reply.ename == UNRECORDED else "failed"
        reason = f"{failed.cell_id}: {failed.reply.ename}: {failed.reply.evalue}"[:500]
    if cut_bytes:
        reason = "; ".join(filter(None, [reason, f"{cut_bytes} bytes of a torn last line were cut"]))
    summary = close_and_seal(
        run_dir, journal, forced=forced, masker=masker, render_report=_render, times=times,
        exit_code=told.exit_code, reason=reason,
    )  # fmt: skip
    return RunEnd(summary["exit_code"], summary["status"], run_dir, summary)


def recover(run_dir: Path, times: Times | None = None) -> dict[str, Any]:
    """Close a record that was left open: cut a torn line, say so, draw and seal; the summary.

    Refused while the run's own process still writes. A record that is closed is only drawn again.
    """
    times = times or Times()
    first = _first_event(run_dir)
    masker = Masker(secrets_of(first["environment"]) if first else {}, mask_key(run_dir.parent.parent))
    journal, cut_bytes = take_over(run_dir, masker, times)
    closed = False
    if first is None:
        journal.append("run.opened", _facts_of_folder(run_dir))
    else:
        closed = journal.entries[-1].event == "run.closed"
    if not closed:
        journal.append("run.recovered", {"cut_bytes": cut_bytes})
    return close_and_seal(run_dir, journal, forced=None if closed else "interrupted", masker=masker,
                          render_report=_render, times=times, reason="recovered")  # fmt: skip


def take_over(run_dir: Path, masker: Masker, times: Times) -> tuple[Journal, int]:
    """The journal for writing, without a line that its writer did not finish, and how many bytes that line had."""
    path = run_dir / "journal.jsonl"
    give_up = time.monotonic() + LET_GO_SECONDS
    cut_bytes = 0
    while True:
        try:
            return Journal.open(path, masker=masker, times=times, keeps_room=True), cut_bytes
        except Refused:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        except RecordError:
            found = scan(path)
            if found.broken_seq is not None or not found.torn_bytes:
                raise
            raw = path.read_bytes()
            write_atomic(path, raw[: len(raw) - found.torn_bytes])
            cut_bytes = found.torn_bytes


def _first_event(run_dir: Path) -> dict[str, Json] | None:
    """The data of the journal's first entry, ``run.opened``; None while there is none that is whole."""
    with contextlib.suppress(FileNotFoundError), (run_dir / "journal.jsonl").open("rb") as file:
        line = file.readline()
        if line.endswith(b"\n"):
            data: dict[str, Json] = json.loads(line)["data"]
            return data
    return None


def _correct_running_cell(journal: Journal, told: Told) -> None:
    """A cell that we interrupted has told the journal that it failed; it did not, we ended it."""
    cell, state = told.running, CELL_STATE_OF.get(told.forced or "")
    if cell is None or state is None:
        return
    entries = journal.entries
    if cell.cell_id in open_cells(entries) or _state(entries, cell.cell_id) == "failed":
        journal.append("cell.finished", {"id": cell.cell_id, "index": 0, "state": state,
                                         "seconds": round(cell.seconds, 6), "error": None})  # fmt: skip


def _state(entries: list[Entry], cell_id: str) -> str | None:
    states = (e.data["state"] for e in reversed(entries) if e.event == "cell.finished" and e.data["id"] == cell_id)
    return next(states, None)


def _write_cell(journal: Journal, run_dir: Path, index: int, cell: Cell) -> None:
    """A cell of a run that never opened its record; the runner has kept what the kernel said."""
    journal.append("cell.started", {"id": cell.cell_id, "index": index, "source": cell.source,
                                    "execution_count": index})  # fmt: skip
    for output in _fitting(run_dir, cell, journal.masker):
        journal.append("cell.output", {"id": cell.cell_id, "index": index, "output": output})
    if cell.reply is not None:
        error = None if cell.reply.ok else {"ename": cell.reply.ename, "evalue": cell.reply.evalue}
        journal.append("cell.finished", {"id": cell.cell_id, "index": index, "seconds": round(cell.seconds, 6),
                                         "state": "completed" if cell.reply.ok else "failed", "error": error})  # fmt: skip


def _fitting(run_dir: Path, cell: Cell, masker: Masker) -> Iterator[dict[str, Json]]:
    overflow = Overflow(run_dir / "outputs")
    for output in cell.outputs:
        if (short := overflow.shorten(cell.cell_id, masker.json(output))) is not None:
            yield short


def _facts(request: RunRequest, run_dir: Path, told: Told) -> dict[str, Json]:
    """``run.opened`` for a notebook that never came to open its run: what the runner knows."""
    incident = request.incident
    return _opened(
        run=run_dir.name, notebook=request.procedure.name, category=request.procedure.category,
        incident=incident.incident_id if incident else "", severity=incident.severity if incident else "",
        issue_type=incident.issue_type if incident else "", environment=request.environment,
        sandbox=_is_sandbox(request.environment), mode=str(request.parameters.get("mode", "")), drill=request.drill,
        operator=request.operator, operator_source=request.operator_source, git=provenance.commit(request.root),
        notebook_digest=request.procedure.digest, parameters=request.parameters, started_at=told.started_at,
    )  # fmt: skip


def _facts_of_folder(run_dir: Path) -> dict[str, Json]:
    """``run.opened`` for a run whose runner was killed before its first event: what the folder's name tells."""
    begun, _, rest = run_dir.name.partition("-")
    group = run_dir.parent.name
    operator, source = provenance.operator()
    return _opened(
        run=run_dir.name, notebook=rest.rpartition("-")[0], category="", severity="", issue_type="", environment="",
        incident="" if group == "routine" else group, sandbox=False, mode="", drill=False, operator=operator,
        operator_source=f"recover, {source}", git={}, notebook_digest="", parameters={},
        started_at=iso(datetime.strptime(begun, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)),
    )  # fmt: skip


def _opened(**facts: Json) -> dict[str, Json]:
    return {"interactive": False, "supervised": True, "host": platform.node(), "clock_offset_seconds": None,
            "versions": provenance.versions(), "targets": {}, **facts}  # fmt: skip


def _is_sandbox(environment: str) -> bool:
    try:
        return load_profile(environment).sandbox
    except SettingError:  # only a sandbox's profile needs something that can be gone
        return True


def _remove(run_dir: Path) -> None:
    """A run that never began leaves nothing; the folders above stay when they hold anything."""
    shutil.rmtree(run_dir, ignore_errors=True)
    with contextlib.suppress(OSError):
        run_dir.parent.rmdir()
        run_dir.parent.parent.rmdir()


def _render(summary: dict[str, Any], entries: list[Any], notebook: dict[str, Any]) -> str:
    from runbook.report import render  # late: the template engine is needed once, at the end

    return render(summary, entries, notebook)
