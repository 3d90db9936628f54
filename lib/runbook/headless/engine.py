"""For ``papermill --engine runbook``: private sockets, capture from the first cell, an immediate end, honest states.

papermill's own engine stamps cells ``completed`` that never ran, and saves the notebook twice for each cell. Guards,
masking and the record are the kernel's own in any engine; ``out.ipynb`` stays papermill's file.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.exceptions import PapermillException
from papermill.utils import merge_kwargs, remove_args

PAUSE_PER_SAVE = 10  # saving may take a tenth of the time at most, however large the notebook has become


class HonestManager(NotebookExecutionManager):  # type: ignore[misc]  # papermill has no types
    """papermill's book-keeping, but a cell is ``completed`` only when it was."""

    _save_seconds = 0.0

    def save(self, **kwargs: Any) -> None:
        """Write the notebook, unless it was written a moment ago."""
        since = (self.now() - self.last_save_time).total_seconds()
        if self.end_time is None and since < self._save_seconds * PAUSE_PER_SAVE:
            return
        started = self.now()
        super().save(**kwargs)
        self._save_seconds = (self.now() - started).total_seconds()

    def cell_complete(self, cell: Any, cell_index: int | None = None, **kwargs: Any) -> None:
        """papermill calls this on the way out of any exception too: a dead kernel, a time limit, Ctrl-C."""
        if sys.exc_info()[1] is not None:
            self.cell_exception(cell, cell_index)
        super().cell_complete(cell, cell_index, **kwargs)

    def notebook_complete(self, **kwargs: Any) -> None:
        """Cells that never began stay ``pending``."""
        waiting = [cell for cell in self.nb.cells if cell.metadata.papermill["status"] == self.PENDING]
        super().notebook_complete(**kwargs)
        for cell in waiting:
            cell.metadata.papermill["status"] = self.PENDING
        self.save()


class RunbookEngine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """papermill's engine, started our way."""

    @classmethod
    def execute_notebook(
        cls, nb: Any, kernel_name: str, output_path: str | None = None, progress_bar: bool = True,
        log_output: bool = False, autosave_cell_every: int = 30, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """As papermill's, with our manager. PapermillException when a cell left early by ``sys.exit(0)``."""
        manager = HonestManager(nb, output_path, log_output, progress_bar, autosave_cell_every)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, **kwargs)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        for cell in manager.nb.cells:
            if any(output.get("ename") == "SystemExit" for output in cell.get("outputs", [])):
                raise PapermillException(f"cell {cell.get('id', '')} called sys.exit: the cells after it did not run")
        return manager.nb

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, log_output: bool = False, stdout_file: Any = None,
        stderr_file: Any = None, start_timeout: int = 30, execution_timeout: int | None = None, **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Execute through nbclient over private sockets."""
        from jupyter_client.manager import AsyncKernelManager

        with tempfile.TemporaryDirectory(prefix="rbk-") as home:
            manager = AsyncKernelManager(kernel_name=kernel_name, transport="ipc", ip=str(Path(home) / "k"))
            safe = remove_args(["timeout", "startup_timeout", "input_path"], **kwargs)
            arguments = merge_kwargs(
                safe, timeout=execution_timeout or kwargs.get("timeout"), startup_timeout=start_timeout,
                kernel_name=kernel_name, log_output=log_output, stdout_file=stdout_file, stderr_file=stderr_file,
                km=manager, shutdown_kernel="immediate", extra_arguments=["--ext=runbook.record.capture"],
            )  # fmt: skip
            client = PapermillNotebookClient(nb_man, **arguments)
            client.owns_km = True  # nbclient ends only kernels that it owns
            return client.execute()
