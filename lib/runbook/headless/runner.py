"""Run one notebook from its first cell to a sealed record, whatever happens in between."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runbook.headless.ending import RunEnd, close
from runbook.headless.folder import RunRequest, kernel_environment, prepare
from runbook.headless.kernel import Kernel, KernelDied, OverTime
from runbook.headless.reopening import reopen
from runbook.headless.stopping import Interrupted, Stop, stopping
from runbook.headless.told import Cell, Log, Told
from runbook.settings import secrets_of
from runbook.times import Times, iso

ALWAYS = "close"  # the tag of cells that run also after another has failed


def run(request: RunRequest, show: Callable[[str], None] = lambda _text: None, times: Times | None = None) -> RunEnd:
    """Execute a notebook headless; always returns with the record closed, or with no record and the reason.

    RecordError when there is no room for a record. TERM, INT and HUP end the run in order; they are heard from before
    the folder is made until the record is sealed.
    """
    times = times or Times()
    with stopping() as stop:
        return _execute(request, prepare(request, times), show, stop, times)


def resume(
    run_dir: Path, root: Path, show: Callable[[str], None] = lambda _text: None, times: Times | None = None
) -> RunEnd:
    """Go on with a run that was cut off, in its own record. Refused when it ended by itself, or still runs.

    Every cell runs again: reads are asked again, what was changed is answered from the journal, what nobody saw the
    end of is settled by its own proof.
    """
    times = times or Times()
    with stopping() as stop:
        request = reopen(run_dir, root, times)
        return _execute(request, run_dir, show, stop, times)


def _execute(
    request: RunRequest, run_dir: Path, show: Callable[[str], None], stop: Stop, times: Times
) -> RunEnd:  # fmt: skip
    told = Told(iso(times.now()))
    kernel: Kernel | None = None
    try:
        kernel = Kernel(kernel_environment(request, run_dir, supervised=True), request.root, stop)
        _drive(kernel, request, run_dir, told, show, stop, times)
    except KernelDied as death:
        told.forced, told.reason = "kernel_died", str(death)
    except OverTime:
        told.forced, told.reason = "timed_out", _over(told, request)
    except Interrupted as signal:
        told.forced, told.exit_code, told.reason = "interrupted", 128 + signal.number, str(signal)
    except Exception as bug:  # ours; the record says so, and is closed like any other
        told.forced, told.reason = "failed", f"the runner itself failed: {type(bug).__name__}: {bug}"
    finally:
        if kernel is not None:
            kernel.end()
    return close(request, run_dir, told, times)


def _drive(
    kernel: Kernel, request: RunRequest, run_dir: Path, told: Told, show: Callable[[str], None], stop: Stop,
    times: Times,
) -> None:  # fmt: skip
    give_up = time.monotonic() + request.timeout_seconds
    told.secrets = secrets_of(request.environment)  # while the kernel starts, like the import
    import runbook.report.page  # noqa: F401

    kernel.connect(give_up)
    log = Log(show, run_dir / "journal.jsonl", told)
    cells = _cells(run_dir)
    asker = None
    if request.ask:
        from runbook.headless.asking import Asker

        asker = Asker(run_dir, request, times)
    for number, cell in enumerate(cells, start=1):
        if told.failed is not None and not (ALWAYS in cell["metadata"].get("tags", []) and log.has_opened()):
            continue
        stop.check()
        log.text(f"[{number}/{len(cells)}] {cell['id']}\n")
        begun = Cell(cell["id"], cell["source"])
        told.cells.append(begun)
        until = min(begun.began + request.cell_timeout_seconds, give_up)
        try:
            begun.reply = kernel.execute(cell["source"], cell["id"], until=until, hear=log.hear)
        finally:
            begun.seconds = time.monotonic() - begun.began
        if asker is not None:
            with stop.at_once():
                asker.ask()


def _cells(run_dir: Path) -> list[dict[str, Any]]:
    notebook = json.loads((run_dir / "notebook.ipynb").read_text("utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["source"].strip()]


def _over(told: Told, request: RunRequest) -> str:
    cell = told.running
    if cell is not None and cell.seconds >= request.cell_timeout_seconds:
        return f"{cell.cell_id} ran longer than {request.cell_timeout_seconds:g} s"
    return f"the run took longer than {request.timeout_seconds:g} s"
