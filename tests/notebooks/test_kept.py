"""What a notebook says in a broken world is what it said when it was kept: nbval compares every cell, and stops at the first.

`.venv/bin/python tests/notebooks/kept.py` keeps what it says now.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from kept import (
    CELL_SECONDS,
    FOLDER,
    ROOT,
    SANITIZE,
    SCENARIOS,
    broken_world,
    clean_notebook,
    made_equal,
    with_kept_outputs,
)
from nbval.plugin import get_sanitize_patterns
from runbook import catalogue
from runbook.sandbox import scenarios


def nbval(
    notebook: nbformat.NotebookNode, folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    nbformat.write(notebook, folder / "rehearsed.ipynb")
    options = ["--nbval", "-x", "--nbval-current-env", f"--nbval-sanitize-with={SANITIZE}",
               f"--nbval-cell-timeout={CELL_SECONDS}", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=."]  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-q", "rehearsed.ipynb"],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=110,
    )  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_rehearsal_says_what_it_said(name: str, tmp_path: Path) -> None:
    with broken_world(name, tmp_path) as environment:
        done = nbval(with_kept_outputs(name), tmp_path, environment)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_one_word_that_changed_fails_and_stops(tmp_path: Path) -> None:
    name = "bad-deployment"
    notebook = with_kept_outputs(name)
    first = next(cell for cell in notebook.cells if cell.id == "open")
    first.outputs[0]["data"]["text/plain"] = first.outputs[0]["data"]["text/plain"].replace("rehearse", "act")
    with broken_world(name, tmp_path) as environment:
        done = nbval(notebook, tmp_path, environment)
    assert done.returncode == 1
    assert "» act ·" in done.stdout
    assert "stopping after 1 failures" in done.stdout


def test_every_notebook_has_a_kept_rehearsal_and_nothing_else_is_kept() -> None:
    assert {scenarios.load(name, ROOT).notebook for name in SCENARIOS} == {
        one.name for one in catalogue.find(ROOT) if one.category == "respond"
    }
    assert {path.stem for path in FOLDER.glob("*.json")} == {*SCENARIOS}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_code_cell_that_speaks_is_kept_without_a_time_or_a_figure(name: str) -> None:
    kept = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    silent = {"parameters", "injected-parameters", "imports"}
    assert {*kept} == {cell.id for cell in clean_notebook(name).cells if cell.cell_type == "code"} - silent
    patterns = get_sanitize_patterns(SANITIZE.read_text("utf-8"))
    said = ["\n".join(lines) for outputs in kept.values() for lines in outputs]
    assert [made_equal(one, patterns) for one in said] == said
    text = "\n".join(said)
    assert not any(word in text for word in ("127.0.0.1", str(ROOT), "2026"))
