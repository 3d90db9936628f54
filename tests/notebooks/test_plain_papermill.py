"""A rollback's notebook under plain papermill: it rehearses to its end, and the world sees no change."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from kept import ROOT, broken_world
from runbook.sandbox import lifecycle


@pytest.mark.parametrize("name", ["contract-migration", "migration-half-applied"])
def test_a_rehearsal_changes_nothing(name: str, tmp_path: Path) -> None:
    notebook = ROOT / "notebooks/respond/migration-rollback.ipynb"
    with broken_world(name, tmp_path) as environment:
        state = Path(environment["RUNBOOK_SANDBOX"])
        seen = lifecycle.control("GET", "state", path=state)
        subprocess.run(
            [sys.executable, "-m", "papermill", "--no-progress-bar", str(notebook), "out.ipynb", "-p", "environment", "sandbox"],
            cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=110,
        )  # fmt: skip
        changes = lifecycle.control("GET", "requests?changes=1", path=state)["requests"]
        after = lifecycle.control("GET", "state", path=state)
    figures = ("settings_columns", "migrations", "home", "health")
    assert (changes, [after[key] for key in figures]) == ([], [seen[key] for key in figures])
    (summary,) = tmp_path.glob("runs/*/*/summary.json")
    actions = {one["action"]: one["outcome"] for one in json.loads(summary.read_text("utf-8"))["actions"]}
    assert actions["roll_back_migration"] == "planned"
    assert nbformat.read(tmp_path / "out.ipynb", 4).cells[-1].outputs
