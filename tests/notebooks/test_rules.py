"""What every notebook of the repository keeps to, and a broken notebook for each rule that it must catch."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if not {"local", ".ipynb_checkpoints"} & {*p.parts})
HEADINGS = [
    "Symptom",
    "Impact",
    "Open the run",
    "Triage",
    "Diagnose",
    "Mitigate",
    "Verify",
    "Undo",
    "Escalate",
    "Close",
]
HEAD_ROWS = ["Owner", "Alert", "Access", "Changes production?", "Last reviewed", "Last drilled"]
CALLS = {"check", "timeline", "diagnose", "plan", "apply", "verify", "escalate", "close", "note"}
Notebook = Any
Rule = Callable[[Notebook], Iterator[str]]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    RULES.append(function)
    return function


def code(notebook: Notebook) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: Notebook) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def lines(cell: Any) -> list[str]:
    return [line for line in cell.source.splitlines() if line.strip()]


def section(notebook: Notebook, name: str) -> str:
    found = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", prose(notebook), re.M | re.S)
    return found.group(1) if found else ""


def calls(cell: Any) -> list[tuple[str, str]]:
    """The run's methods called in a cell, each with its first argument's last name: ('plan', 'end_idle_…')."""
    found = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Call)]
    mine = [n for n in found if isinstance(n.func, ast.Attribute) and ast.unparse(n.func.value) == "run"]
    return [(n.func.attr, ast.unparse(n.args[0]).rsplit(".", 1)[-1] if n.args else "") for n in mine]


@rule
def has_the_headings_in_order(notebook: Notebook) -> Iterator[str]:
    seen = [h for h in re.findall(r"^## (.+)$", prose(notebook), re.M) if h in HEADINGS]
    if seen != HEADINGS:
        yield f"headings are {seen}"
    if "*Not this*" not in section(notebook, "Symptom"):
        yield "Symptom has no *Not this*"


@rule
def has_its_table_above_the_title(notebook: Notebook) -> Iterator[str]:
    first = notebook.cells[0].source
    table = first.split("\n# ", 1)[0]
    yield from (f"no row {row!r} above the title" for row in HEAD_ROWS if f"\n| {row}" not in "\n" + table)
    if len(re.findall(r"^# ", prose(notebook), re.M)) != 1:
        yield "one title line, in the first cell"


@rule
def tells_healthy_from_otherwise_in_each_triage_step(notebook: Notebook) -> Iterator[str]:
    steps = re.split(r"^### ", section(notebook, "Triage"), flags=re.M)[1:]
    if not steps:
        yield "Triage has no step"
    for step in steps:
        yield from (
            f"no {word} in step {step.splitlines()[0]!r}" for word in ("*Healthy:*", "*Otherwise:*") if word not in step
        )


@rule
def reaches_the_first_check_within_60_lines(notebook: Notebook) -> Iterator[str]:
    before = 0
    for cell in notebook.cells:
        if cell.cell_type == "code" and any(name == "check" for name, _ in calls(cell)):
            break
        before += len(cell.source.splitlines())
    if before > 60:
        yield f"{before} lines before the first check"


@rule
def keeps_cells_short(notebook: Notebook) -> Iterator[str]:
    sizes = [len(lines(cell)) for cell in code(notebook)]
    yield from (f"code cell {cell.id} has {len(lines(cell))} lines" for cell in code(notebook) if len(lines(cell)) > 8)
    if sum(size <= 4 for size in sizes) < 0.9 * len(sizes):
        yield f"fewer than 9 of 10 code cells have at most 4 lines: {sizes}"


@rule
def has_prose_right_before_code(notebook: Notebook) -> Iterator[str]:
    for before, cell in zip([None, *notebook.cells], notebook.cells, strict=False):
        if cell.cell_type == "code" and (before is None or before.cell_type != "markdown"):
            yield f"no prose before code cell {cell.id}"


@rule
def has_no_logic_in_cells(notebook: Notebook) -> Iterator[str]:
    for cell in code(notebook):
        if "parameters" in cell.metadata.get("tags", []):
            continue
        for node in ast.parse(cell.source).body:
            plain = isinstance(node, ast.Import | ast.ImportFrom | ast.Expr)
            opens = isinstance(node, ast.Assign) and ast.unparse(node).startswith("run = open_run(")
            if not (plain or opens):
                yield f"logic in {cell.id}: {ast.unparse(node).splitlines()[0]}"
        yield from (f"{cell.id} calls run.{name}" for name, _ in calls(cell) if name not in CALLS)


@rule
def has_typed_parameters_with_help(notebook: Notebook) -> Iterator[str]:
    tagged = [cell for cell in code(notebook) if "parameters" in cell.metadata.get("tags", [])]
    if len(tagged) != 1:
        yield f"{len(tagged)} cells are tagged parameters"
    for line in lines(tagged[0]) if tagged else []:
        if not re.fullmatch(r"[a-z_]+: [a-z]+(\[[a-z, ]+\])? = [^#=|]+  # [^=|]{8,}", line):
            yield f"not `name: type = default  # help` (no second = and no |): {line}"


@rule
def has_stable_ids_and_tags(notebook: Notebook) -> Iterator[str]:
    ids = [cell.id for cell in notebook.cells]
    yield from (f"cell id {i!r} is not kebab-case" for i in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", i))
    if len(set(ids)) != len(ids):
        yield "cell ids repeat"
    if "close" not in notebook.cells[-1].metadata.get("tags", []) or calls(notebook.cells[-1]) != [("close", "")]:
        yield "the last cell is not run.close() with the tag close"


@rule
def plans_before_and_verifies_after_every_apply(notebook: Notebook) -> Iterator[str]:
    steps = [(cell.id, *call) for cell in code(notebook) for call in calls(cell)]
    for index, (cell_id, name, action) in enumerate(steps):
        if name != "apply":
            continue
        if ("plan", action) not in [step[1:] for step in steps[:index]]:
            yield f"no plan before {cell_id}"
        if "verify" not in [step[1] for step in steps[index:]]:
            yield f"no verify after {cell_id}"


@rule
def has_no_outputs(notebook: Notebook) -> Iterator[str]:
    yield from (f"{cell.id} has outputs" for cell in code(notebook) if cell.outputs or cell.execution_count)


def papermill_parameters(path: Path) -> dict[str, Any]:
    from papermill import inspect_notebook  # late: it takes a second

    found: dict[str, Any] = inspect_notebook(str(path))
    return found


def broken(notebook: Notebook) -> list[str]:
    return [problem for one in RULES for problem in one(notebook)]


@pytest.fixture(params=NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
def path(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_a_notebook_keeps_every_rule(path: Path) -> None:
    assert broken(nbformat.read(path, as_version=4)) == []


def test_title_and_file_name_and_run_name_are_one(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert re.findall(r"^# (.+)$", prose(notebook), re.M) == [path.stem]
    opened = [cell.source for cell in code(notebook) if "open_run(" in cell.source]
    assert len(opened) == 1
    assert f'open_run("{path.stem}", ' in opened[0].replace("(\n    ", "(")


def test_papermill_shows_help_and_type_of_every_parameter(path: Path) -> None:
    tagged = next(c for c in code(nbformat.read(path, as_version=4)) if "parameters" in c.metadata.get("tags", []))
    shown = papermill_parameters(path)
    assert list(shown) == [line.split(":")[0] for line in lines(tagged)]
    assert all(p["help"] and p["inferred_type_name"] != "None" for p in shown.values())


def test_the_parameters_every_notebook_takes_come_first(path: Path) -> None:
    assert list(papermill_parameters(path))[:4] == ["incident", "environment", "mode", "approve"]


def test_ruff_and_nbstripout_leave_it_as_it_is(path: Path) -> None:
    for tool in (["ruff", "check"], ["ruff", "format", "--check"], ["nbstripout", "--keep-id", "--verify"]):
        program = Path(sys.executable).with_name(tool[0])
        done = subprocess.run([program, *tool[1:], path], capture_output=True, text=True, timeout=60, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr


def test_links_between_notebooks_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", prose(nbformat.read(path, as_version=4))):
        assert (path.parent / target).exists(), target


def test_there_is_a_notebook_to_check() -> None:
    assert NOTEBOOKS


SPOILED = {
    "a heading is missing": lambda nb: edit(nb, "## Undo", "## Take back"),
    "no Not this": lambda nb: edit(nb, "*Not this*", "Other"),
    "no owner": lambda nb: edit(nb, "| Owner", "| Boss"),
    "a step without Otherwise": lambda nb: edit(nb, "*Otherwise:*", "Else"),
    "long prose before the first check": lambda nb: edit(nb, "## Impact", "## Impact\n" + "word\n" * 60),
    "a long cell": lambda nb: edit(nb, "run.diagnose()", "run.diagnose()\n" * 9),
    "logic": lambda nb: edit(nb, "run.diagnose()", "if mode:\n    run.diagnose()"),
    "another name": lambda nb: edit(nb, "run.diagnose()", "run.shutdown()"),
    "no help": lambda nb: edit(nb, "  # Incident id, empty takes the one that is open", ""),
    "a second =": lambda nb: edit(nb, "  # Incident id", "  # Incident = id"),
    "a bar": lambda nb: edit(nb, "incident: str", "incident: str | None"),
    "an id": lambda nb: nb.cells[1].update(id="Cell 1"),
    "ids repeat": lambda nb: nb.cells[1].update(id=nb.cells[0].id),
    "no tag close": lambda nb: nb.cells[-1].metadata.update(tags=[]),
    "no plan": lambda nb: edit(nb, "run.plan(", "run.note("),
    "no verify": lambda nb: edit(nb, "run.verify()", "run.diagnose()"),
    "outputs": lambda nb: code(nb)[0].update(execution_count=1),
    "code after code": lambda nb: nb.cells.pop(-2),
}


def edit(notebook: Notebook, old: str, new: str) -> None:
    assert any(old in cell.source for cell in notebook.cells), old
    for cell in notebook.cells:
        cell.source = cell.source.replace(old, new)


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_spoiled_notebook_is_caught(spoil: Callable[[Notebook], Any]) -> None:
    notebook = nbformat.read(ROOT / "notebooks/respond/database-failure.ipynb", as_version=4)
    spoil(notebook)
    assert broken(notebook)
