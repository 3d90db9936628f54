"""Every notebook keeps every rule, and each rule catches a notebook that was spoiled for it."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from rules import RULES, Notebook, broken, code, lines, prose, tagged

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if not {"local", ".ipynb_checkpoints"} & {*p.parts})
SOUND = nbformat.read(ROOT / "notebooks/respond/database-failure.ipynb", as_version=4)


def papermill_parameters(path: Path) -> dict[str, Any]:
    from papermill import inspect_notebook  # late: it takes a second

    found: dict[str, Any] = inspect_notebook(str(path))
    return found


@pytest.fixture(params=NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_a_notebook_keeps_every_rule(path: Path) -> None:
    assert broken(nbformat.read(path, as_version=4)) == {}


def test_its_title_is_its_file_name(path: Path) -> None:
    assert re.findall(r"^# (.+)$", prose(nbformat.read(path, as_version=4)), re.M) == [path.stem]


def test_papermill_shows_help_and_type_of_every_parameter(path: Path) -> None:
    (cell,) = tagged(nbformat.read(path, as_version=4), "parameters")
    shown = papermill_parameters(path)
    assert list(shown) == [line.split(":")[0] for line in lines(cell)]
    assert all(p["help"] and p["inferred_type_name"] != "None" for p in shown.values())


def test_the_parameters_every_notebook_takes_come_first(path: Path) -> None:
    assert list(papermill_parameters(path))[:4] == ["incident", "environment", "mode", "approve"]


def test_ruff_and_nbstripout_leave_it_as_it_is(path: Path) -> None:
    for tool in (["ruff", "check"], ["ruff", "format", "--check"], ["nbstripout", "--keep-id", "--verify"]):
        program = Path(sys.executable).with_name(tool[0])
        done = subprocess.run([program, *tool[1:], path], capture_output=True, text=True, timeout=60, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_notebook_to_check() -> None:
    assert NOTEBOOKS


def edit(old: str, new: str) -> Callable[[Notebook], None]:
    def spoil(notebook: Notebook) -> None:
        assert any(old in cell.source for cell in notebook.cells), old
        for cell in notebook.cells:
            cell.source = cell.source.replace(old, new)

    return spoil


def swap(first: str, second: str) -> Callable[[Notebook], None]:
    def spoil(notebook: Notebook) -> None:
        at = {cell.id: index for index, cell in enumerate(notebook.cells)}
        one, other = at[first], at[second]
        notebook.cells[one], notebook.cells[other] = notebook.cells[other], notebook.cells[one]

    return spoil


def cell_named(notebook: Notebook, cell_id: str) -> Any:
    return next(cell for cell in notebook.cells if cell.id == cell_id)


SPOILED: list[tuple[str, str, Callable[[Notebook], Any]]] = [
    ("has_the_headings_in_order", "one is missing", edit("## Undo", "**Undo**")),
    ("has_the_headings_in_order", "one too many", edit("## Undo", "## Take back\n\n## Undo")),
    ("has_the_headings_in_order", "two change places", swap("symptom", "impact")),
    ("has_the_headings_in_order", "no Not this", edit("*Not this*", "Other")),
    ("has_its_table_above_the_title", "no owner", edit("| Owner", "| Boss")),
    ("has_its_table_above_the_title", "below the title", edit("| database failure | |", "# database-failure\n\n| x | |")),
    ("has_one_name", "another title", edit("# database-failure", "# Database failure")),
    ("has_one_name", "another name opened", edit('open_run("database-failure"', 'open_run("database-failures"')),
    ("has_its_parameters_between_impact_and_open", "no tag", lambda nb: cell_named(nb, "parameters").metadata.clear()),
    ("has_its_parameters_between_impact_and_open", "too late", swap("parameters", "open")),
    ("types_its_parameters_and_helps_on_the_same_line", "no help", edit("  # Incident id, empty takes the one that is open", "")),
    ("types_its_parameters_and_helps_on_the_same_line", "a second =", edit("  # Incident id", "  # Incident = id")),
    ("types_its_parameters_and_helps_on_the_same_line", "a bar", edit("incident: str", "incident: str | None")),
    ("types_its_parameters_and_helps_on_the_same_line", "no type", edit("incident: str", "incident")),
    ("types_its_parameters_and_helps_on_the_same_line", "help above", edit("idle_seconds:", "# How long\nidle_seconds:")),
    ("tells_healthy_from_otherwise_in_each_triage_step", "no Otherwise", edit("*Otherwise:*", "Else")),
    ("tells_healthy_from_otherwise_in_each_triage_step", "no step", edit("### ", "#### ")),
    ("reaches_the_first_check_within_60_lines", "prose", edit("## Impact", "## Impact\n" + "word\n" * 60)),
    ("keeps_every_cell_within_8_lines", "nine", edit("run.diagnose()", "run.diagnose()\n" * 9)),
    ("keeps_9_of_10_cells_within_4_lines", "five in each", edit("run.apply(", "run.diagnose()\n" * 4 + "run.apply(")),
    ("has_prose_right_before_code", "code after code", lambda nb: nb.cells.pop(-2)),
    ("has_prose_right_before_code", "blank prose", lambda nb: cell_named(nb, "close-help").update(source=" \n")),
    ("has_no_logic_in_cells", "if", edit("run.diagnose()", "if mode:\n    run.diagnose()")),
    ("has_no_logic_in_cells", "a loop in a list", edit("run.diagnose()", "[run.diagnose() for _ in range(2)]")),
    ("has_no_logic_in_cells", "arithmetic", edit("pid=statement_pid", "pid=statement_pid + 1")),
    ("has_no_logic_in_cells", "another call", edit("run.diagnose()", "print(run.diagnose())")),
    ("has_no_logic_in_cells", "another library", edit("from runbook import open_run", "import os\nfrom runbook import open_run")),
    ("has_no_logic_in_cells", "a variable", edit("run.diagnose()", "causes = run.diagnose()")),
    ("has_no_logic_in_cells", "a shell", edit("run.diagnose()", "!curl https://example.com")),
    ("has_no_logic_in_cells", "what Run has not", edit("run.diagnose()", "run.shutdown()")),
    ("has_stable_ids", "not kebab-case", lambda nb: nb.cells[1].update(id="Cell 1")),
    ("has_stable_ids", "as Jupyter makes them", lambda nb: nb.cells[1].update(id="3f9a1c20")),
    ("has_stable_ids", "twice", lambda nb: nb.cells[1].update(id=nb.cells[0].id)),
    ("ends_with_close", "no tag", lambda nb: nb.cells[-1].metadata.update(tags=[])),
    ("ends_with_close", "more after it", lambda nb: nb.cells.append(copy.deepcopy(nb.cells[-2]))),
    ("plans_right_before_and_verifies_after_every_apply", "no plan", edit("run.plan(", "run.note(")),
    ("plans_right_before_and_verifies_after_every_apply", "another plan", swap("plan-cancel-statement", "plan-set-pool-size")),
    ("plans_right_before_and_verifies_after_every_apply", "no verify", edit("run.verify()", "run.diagnose()")),
    ("warns_before_what_cannot_be_called_back", "no warning", edit("**Warning:**", "Note:")),
    ("has_no_outputs", "a count", lambda nb: code(nb)[0].update(execution_count=1)),
    ("has_no_outputs", "an output", lambda nb: code(nb)[0].update(outputs=[nbformat.v4.new_output("stream", text="x")])),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "spoil"), [(n, s) for n, _, s in SPOILED], ids=[f"{n}-{why}" for n, why, _ in SPOILED]
)
def test_a_spoiled_notebook_is_caught(name: str, spoil: Callable[[Notebook], Any]) -> None:
    notebook = copy.deepcopy(SOUND)
    spoil(notebook)
    assert name in broken(notebook)


def test_no_rule_is_without_a_notebook_that_it_catches() -> None:
    assert {one.__name__ for one in RULES} == {name for name, _, _ in SPOILED}
