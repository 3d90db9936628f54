"""Without a runner the kernel closes its own record, after the cell that called ``close`` has shown its output.

Also after a cell that failed when nobody is at the keyboard: papermill stops there, and nobody would close it.
"""

from __future__ import annotations

from functools import partial

from runbook.record.capture import Capture
from runbook.record.journal import Journal
from runbook.record.mask import Masker
from runbook.record.seal import close_and_seal
from runbook.run.session import Run
from runbook.times import Times


def seal_when_closed(run: Run, recorder: Capture, journal: Journal, masker: Masker, times: Times) -> None:
    """Close and seal when the last cell has finished; under a runner only let go of the journal."""

    def finished(failed: bool) -> None:
        alone = not (run.facts.supervised or run.facts.interactive)
        if failed and alone and not run.closing:
            run.close()
        if not run.closing:
            return
        recorder.detach()
        if run.facts.supervised:
            journal.close()
            return
        from runbook.report import render  # late: the template engine is needed once, at the end

        close_and_seal(run.facts.run_dir, journal, forced=None, masker=masker, render_report=render, times=times)

    if recorder.in_kernel:
        recorder.on_cell_finished(finished)
    else:  # plain Python has no cells to wait for
        run.when_closed = partial(finished, False)
