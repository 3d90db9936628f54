"""What a run is asked for, and the folder it starts in: the clean notebook with its parameters, and an empty journal."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook.catalogue import Procedure
from runbook.model import Incident, Json
from runbook.record.folder import new_run_dir, write_atomic
from runbook.record.seal import text_of
from runbook.times import Times

INJECTED = "injected-parameters"


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
    """Make the run's folder with the notebook that will run and an empty journal, the mark of an open run."""
    run_dir = new_run_dir(request.runs, request.group, request.procedure.name, times)
    write_atomic(run_dir / "notebook.ipynb", text_of(with_parameters(request.procedure.notebook, request.parameters)))
    os.close(os.open(run_dir / "journal.jsonl", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
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


def with_parameters(notebook: dict[str, Any], parameters: dict[str, Json]) -> dict[str, Any]:
    """A clean copy of a notebook with the parameters in a cell of their own, as papermill writes it."""
    clean = copy.deepcopy(notebook)
    where = 0
    for index, cell in enumerate(clean["cells"]):
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        if "parameters" in cell["metadata"].get("tags", []):
            where = index + 1
    if parameters:
        lines = [f"{name} = {value!r}" for name, value in parameters.items()]
        clean["cells"].insert(where, {
            "cell_type": "code", "id": INJECTED, "metadata": {"tags": [INJECTED]}, "execution_count": None,
            "outputs": [], "source": "\n".join(["# Parameters", *lines]),
        })  # fmt: skip
    return clean
