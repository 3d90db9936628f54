"""What a run is asked for, and the folder it starts in: the clean notebook with its parameters, and an empty journal."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from runbook.catalogue import Procedure
from runbook.errors import RecordError
from runbook.model import Incident, Json
from runbook.record import room
from runbook.record.folder import new_run_dir, write_atomic
from runbook.record.seal import text_of
from runbook.record.skeleton import with_parameters
from runbook.times import Times


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One execution of one notebook. ``parameters`` are checked and typed; options are among them."""

    procedure: Procedure
    parameters: dict[str, Json]
    environment: str
    incident: Incident | None
    root: Path
    runs: Path
    operator: str
    operator_source: str
    ask: bool = False
    timeout_seconds: float = 3600.0
    cell_timeout_seconds: float = 900.0
    break_glass: str = ""
    drill: bool = False

    @property
    def group(self) -> str:
        """The folder below the runs: the incident's id, or ``routine``."""
        return self.incident.incident_id if self.incident else "routine"


def prepare(request: RunRequest, times: Times) -> Path:
    """Make the run's folder with the notebook that will run and an empty journal, the mark of an open run.

    RecordError, and no folder, when the disk is all but full.
    """
    room.must_be_in(request.runs)
    run_dir = new_run_dir(request.runs, request.group, request.procedure.name, times)
    clean = text_of(with_parameters(request.procedure.notebook, request.parameters))
    try:
        write_atomic(run_dir / "notebook.ipynb", clean)
        os.close(os.open(run_dir / "journal.jsonl", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        shutil.rmtree(run_dir, ignore_errors=True)
        raise RecordError(f"cannot begin a record: {error.strerror}", where=str(run_dir.parent),
                          next_step="free space or permissions, or choose --runs DIR") from error  # fmt: skip
    return run_dir


def kernel_environment(request: RunRequest, run_dir: Path, *, supervised: bool) -> dict[str, str]:
    """What the kernel needs to know of its run; nothing secret."""
    told = {
        "RUNBOOK_RUN": str(run_dir), "RUNBOOK_HOME": str(request.root), "RUNBOOK_RUNS": str(request.runs),
        "RUNBOOK_OPERATOR": request.operator, "RUNBOOK_OPERATOR_SOURCE": request.operator_source,
        "RUNBOOK_ENV": request.environment,
        "RUNBOOK_SUPERVISED": "1" if supervised else "", "RUNBOOK_DRILL": "1" if request.drill else "",
        "RUNBOOK_BREAK_GLASS": request.break_glass,
    }  # fmt: skip
    return {key: value for key, value in {**os.environ, **told}.items() if value}
