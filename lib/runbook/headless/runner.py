"""Run one notebook from its first cell to a sealed record, whatever happens in between."""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook.errors import RecordError, Refused, SettingError
from runbook.headless.folder import RunRequest, kernel_environment, prepare
from runbook.headless.kernel import Kernel, KernelDied, OverTime, Reply
from runbook.record.folder import write_atomic
from runbook.record.journal import Journal, read, scan
from runbook.record.mask import Masker, mask_key
from runbook.record.seal import close_and_seal
from runbook.settings import load_profile, load_secrets
from runbook.times import Times, iso

ALWAYS = "close"  # the tag of cells that run also after another has failed
OPENING = {"SettingError": 2, "Refused": 3}  # raised before there is a record: no folder is left
LET_GO_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended. Without a record ``run_dir`` is None and ``line`` says why."""

    exit_code: int
    status: str
    run_dir: Path | None
    summary: dict[str, Any]
    line: str = ""


class Interrupted(BaseException):
    """A signal told the runner to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@dataclass
class _Told:
    """What the runner saw that the journal cannot know."""

    forced: str | None = None
    exit_code: int | None = None
    reason: str = ""
    replies: list[tuple[str, Reply]] | None = None


def run(request: RunRequest, show: Callable[[str], None] = lambda _text: None, times: Times | None = None) -> RunEnd:
    """Execute a notebook headless; always returns with the record closed, or with no record and the reason."""
    times = times or Times()
    run_dir = prepare(request, times)
    told = _Told(replies=[])
    with _signals():
        kernel = Kernel(kernel_environment(request, run_dir, supervised=True), request.root)
        try:
            _drive(kernel, request, run_dir, told, show)
        except KernelDied as death:
            told.forced, told.reason = "kernel_died", str(death)
        except OverTime:
            told.forced, told.reason = "timed_out", "a time limit was over"
        except Interrupted as stop:
            told.forced, told.exit_code = "interrupted", 128 + stop.number
            told.reason = signal.Signals(stop.number).name
        finally:
            kernel.end()
    return _close(request, run_dir, told, times)


def recover(run_dir: Path, times: Times | None = None) -> dict[str, Any]:
    """Close a record that was left open: cut a torn line, say so, draw and seal; the summary."""
    times = times or Times()
    found = scan(run_dir / "journal.jsonl")
    if found.broken_seq is not None:
        raise RecordError(found.reason, where=str(run_dir), next_step="runbook verify names what was changed")
    if found.torn_bytes:
        raw = (run_dir / "journal.jsonl").read_bytes()
        write_atomic(run_dir / "journal.jsonl", raw[: len(raw) - found.torn_bytes])
    journal = _open_journal(run_dir, Masker({}, mask_key(run_dir.parent.parent)), times)
    closed = bool(found.entries) and found.entries[-1].event == "run.closed"
    if not closed:
        journal.append("run.recovered", {"cut_bytes": found.torn_bytes})
    return close_and_seal(run_dir, journal, forced=None if closed else "interrupted", masker=journal.masker,
                          render_report=_render, times=times, reason="recovered")  # fmt: skip


def _drive(kernel: Kernel, request: RunRequest, run_dir: Path, told: _Told, show: Callable[[str], None]) -> None:
    begun = time.monotonic()
    kernel.connect()
    notebook = json.loads((run_dir / "notebook.ipynb").read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["source"].strip()]
    failed = False
    for number, cell in enumerate(cells, start=1):
        if failed and ALWAYS not in cell["metadata"].get("tags", []):
            continue
        show(f"[{number}/{len(cells)}] {cell['id']}\n")
        now = time.monotonic()
        until = min(now + request.cell_timeout_seconds, begun + request.timeout_seconds)
        reply = kernel.execute(cell["source"], cell["id"], until=until, show=show)
        assert told.replies is not None
        told.replies.append((cell["id"], reply))
        if not reply.ok:
            failed = True
            if reply.ename in OPENING and not _has_opened(run_dir):
                return
        if request.ask:
            from runbook.headless.asking import ask_about_plans

            ask_about_plans(run_dir, request)


def _close(request: RunRequest, run_dir: Path, told: _Told, times: Times) -> RunEnd:
    refused = next((reply for _, reply in told.replies or [] if reply.ename in OPENING), None)
    if refused is not None and not _has_opened(run_dir):
        shutil.rmtree(run_dir, ignore_errors=True)
        _remove_if_empty(run_dir.parent)
        code = OPENING[refused.ename]
        return RunEnd(code, "refused" if code == 3 else "", None, {}, refused.evalue)
    masker = _masker(request)
    journal = _open_journal(run_dir, masker, times)
    if not _has_opened(run_dir):
        _open_without_kernel(journal, request, run_dir, told, times)
    forced = told.forced
    if forced is None and any(not reply.ok for _, reply in told.replies or []):
        forced = "failed"
    summary = close_and_seal(
        run_dir, journal, forced=forced, masker=masker, render_report=_render, times=times,
        exit_code=told.exit_code, reason=told.reason,
    )  # fmt: skip
    return RunEnd(summary["exit_code"], summary["status"], run_dir, summary)


def _open_without_kernel(journal: Journal, request: RunRequest, run_dir: Path, told: _Told, times: Times) -> None:
    """The notebook never came to open its run: say what the runner knows, so that there is a record of that."""
    incident = request.incident
    journal.append("run.opened", {
        "run": run_dir.name, "notebook": request.procedure.name, "category": request.procedure.category,
        "incident": incident.incident_id if incident else "", "severity": incident.severity if incident else "",
        "issue_type": incident.issue_type if incident else "", "environment": request.environment, "sandbox": False,
        "mode": str(request.parameters.get("mode", "")), "interactive": False, "supervised": True,
        "drill": request.drill, "operator": request.operator, "operator_source": request.operator_source,
        "host": platform.node(), "clock_offset_seconds": None, "git": {}, "versions": {},
        "notebook_digest": request.procedure.digest, "parameters": request.parameters, "targets": {},
        "started_at": iso(times.now()),
    })  # fmt: skip
    sources = {c.get("id"): c["source"] for c in json.loads((run_dir / "notebook.ipynb").read_text("utf-8"))["cells"]}
    for index, (cell_id, reply) in enumerate(told.replies or [], start=1):
        journal.append("cell.started", {"id": cell_id, "index": index, "source": sources.get(cell_id, ""),
                                        "execution_count": index})  # fmt: skip
        error = None if reply.ok else {"ename": reply.ename, "evalue": reply.evalue}
        journal.append("cell.finished", {"id": cell_id, "index": index, "state": "completed" if reply.ok else "failed",
                                         "seconds": 0.0, "error": error})  # fmt: skip


def _masker(request: RunRequest) -> Masker:
    """The environment's secrets once more, for the gate at close; a sandbox that is gone has none left to tell."""
    try:
        known = load_secrets(load_profile(request.environment)).known()
    except SettingError:
        known = {}
    return Masker(known, mask_key(request.runs))


def _open_journal(run_dir: Path, masker: Masker, times: Times) -> Journal:
    """Take the journal over; the kernel that held it has just been ended, which the system may need a moment for."""
    give_up = time.monotonic() + LET_GO_SECONDS
    path = run_dir / "journal.jsonl"
    found = scan(path)
    if found.torn_bytes and found.broken_seq is None:  # the kernel died while it wrote: that line was never whole
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - found.torn_bytes)
    while True:
        try:
            return Journal.open(path, masker=masker, times=times)
        except Refused:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)


def _has_opened(run_dir: Path) -> bool:
    return any(entry.event == "run.opened" for entry in read(run_dir / "journal.jsonl"))


def _remove_if_empty(folder: Path) -> None:
    """The incident's folder stays when it holds anything: another run, its log, a plan."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _render(summary: dict[str, Any], entries: list[Any], notebook: dict[str, Any]) -> str:
    from runbook.report import render  # late: the template engine is needed once, at the end

    return render(summary, entries, notebook)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """TERM, INT and HUP end the run in order; before and after they do what they did."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: object) -> None:
        for other in numbers:  # once is enough: a second one must not break the closing
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(number)

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
