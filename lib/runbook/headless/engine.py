"""For ``papermill --engine runbook``: papermill's own engine with private sockets, capture from the first cell, fast end."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.utils import merge_kwargs, remove_args


class RunbookEngine(NBClientEngine):
    """papermill's engine, started our way. Guards, masking and the record are the kernel's own in any engine."""

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
            return PapermillNotebookClient(nb_man, **arguments).execute()
