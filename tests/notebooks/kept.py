"""Kept rehearsals: what a notebook said in a broken world, with what differs from run to run made equal.

Only outputs are kept, by cell id, never a second copy of a notebook. After a change that was meant to change them:

    .venv/bin/python tests/notebooks/kept.py idle-transaction-leak
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from runbook import catalogue
from runbook.record.skeleton import with_parameters
from runbook.sandbox import lifecycle, scenarios

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).with_name("kept")
SANITIZE = FOLDER / "sanitize.cfg"
SCENARIOS = (
    "idle-transaction-leak",
    "bad-deployment",
    "flag-raises-errors",
    "leaked-ended-too-early",
    "recovery-not-bought",
    "origin-not-allowed",
    "contract-migration",
    "webhook-endpoint-disabled",
)
CELL_SECONDS = 60


@contextlib.contextmanager
def broken_world(name: str, folder: Path) -> Iterator[dict[str, str]]:
    """A sandbox of its own, broken; yields the environment in which a notebook finds it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("RUNBOOK_", "PYTEST_"))}
    with lifecycle.own_sandbox(folder) as state:
        lifecycle.break_world(name, state)
        time.sleep(scenarios.load(name, ROOT).wait_seconds)
        yield environment | {
            "RUNBOOK_SANDBOX": str(state), "RUNBOOK_HOME": str(ROOT), "RUNBOOK_RUNS": str(folder / "runs"),
            "RUNBOOK_OPERATOR": "kept@example.com",
        }  # fmt: skip


def clean_notebook(name: str) -> Any:
    """The scenario's notebook as it is now, with the scenario's parameters and no outputs; it rehearses."""
    scenario = scenarios.load(name, ROOT)
    procedure = catalogue.get(ROOT, scenario.notebook)
    given = catalogue.coerce(procedure, {**scenario.parameters, "environment": "sandbox"}, name)
    return nbformat.from_dict(with_parameters(procedure.notebook, given))


def with_kept_outputs(name: str) -> Any:
    """That notebook, saying what it said when it was kept."""
    kept = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    notebook = clean_notebook(name)
    for cell in notebook.cells:
        for lines in kept.get(cell.id, ()):
            both = {"text/plain": "\n".join(lines), "text/html": "HTML"}
            cell.execution_count = 1
            cell.outputs.append(nbformat.v4.new_output("execute_result", both, execution_count=1))
    return notebook


def keep(name: str) -> Path:
    """Rehearse once and keep what the cells said."""
    from nbclient import NotebookClient  # late: only this command runs a notebook here
    from nbval.plugin import get_sanitize_patterns

    notebook = clean_notebook(name)
    with tempfile.TemporaryDirectory() as folder, broken_world(name, Path(folder)) as environment:
        os.environ |= environment
        NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3").execute(cwd=folder)
    said = {
        cell.id: [one["data"]["text/plain"] for one in cell.outputs] for cell in notebook.cells if cell.get("outputs")
    }
    patterns = get_sanitize_patterns(SANITIZE.read_text("utf-8"))
    same = {cell_id: [made_equal(one, patterns).splitlines() for one in texts] for cell_id, texts in said.items()}
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(same, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def made_equal(said: str, patterns: list[tuple[str, str]]) -> str:
    """As nbval does it."""
    for regex, replace in patterns:
        said = re.sub(regex, replace, said)
    return said


if __name__ == "__main__":
    for asked in sys.argv[1:] or SCENARIOS:
        print(keep(asked).relative_to(ROOT))
