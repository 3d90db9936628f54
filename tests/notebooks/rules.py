"""What every notebook of the repository keeps to: one function a rule, which says what breaks it."""

from __future__ import annotations

import ast
import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import runbook.actions
from runbook.actions.frame import Action
from runbook.model import Danger

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
CALLS = {"check", "timeline", "diagnose", "plan", "apply", "verify", "escalate", "close", "note", "keep"}
PARAMETER = re.compile(r"[a-z_]+: [a-z]+(\[[a-z, ]+\])? = [^#=|]+  # [^=|]{8,}")
PLAIN = ast.Name | ast.Attribute | ast.Constant | ast.List | ast.Tuple | ast.UnaryOp
MODULES = [import_module(f"runbook.actions.{one.name}") for one in pkgutil.iter_modules(runbook.actions.__path__)]
DANGERS = {one.name: one.danger for module in MODULES for one in vars(module).values() if isinstance(one, Action)}
Notebook = Any
Rule = Callable[[Notebook], Iterator[str]]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    RULES.append(function)
    return function


def broken(notebook: Notebook) -> dict[str, list[str]]:
    """What is wrong, by the name of the rule."""
    found = {one.__name__: list(one(notebook)) for one in RULES}
    return {name: problems for name, problems in found.items() if problems}


def code(notebook: Notebook) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook: Notebook) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def lines(cell: Any) -> list[str]:
    return [line for line in cell.source.splitlines() if line.strip()]


def tagged(notebook: Notebook, tag: str) -> list[Any]:
    return [cell for cell in code(notebook) if tag in cell.metadata.get("tags", [])]


def body(cell: Any) -> list[ast.stmt]:
    """A cell's statements; none when it is no Python, which is a rule of its own."""
    try:
        return ast.parse(cell.source).body
    except SyntaxError:
        return []


def section(notebook: Notebook, name: str) -> str:
    found = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", prose(notebook), re.M | re.S)
    return found.group(1) if found else ""


def calls(cell: Any) -> list[tuple[str, str]]:
    """The run's methods called in a cell, each with its first argument's last name: ('plan', 'end_idle_…')."""
    found = [node for one in body(cell) for node in ast.walk(one) if isinstance(node, ast.Call)]
    mine = [n for n in found if isinstance(n.func, ast.Attribute) and ast.unparse(n.func.value) == "run"]
    return [(n.func.attr, ast.unparse(n.args[0]).rsplit(".", 1)[-1] if n.args else "") for n in mine]


@rule
def has_the_headings_in_order(notebook: Notebook) -> Iterator[str]:
    seen = re.findall(r"^## (.+)$", prose(notebook), re.M)
    if seen != HEADINGS:
        yield f"headings are {seen}"
    if "*Not this*" not in section(notebook, "Symptom"):
        yield "Symptom has no *Not this*"


@rule
def has_its_table_above_the_title(notebook: Notebook) -> Iterator[str]:
    first = notebook.cells[0].source
    rows = re.findall(r"^\| ([^|]+?) \|", first.split("\n# ", 1)[0], re.M)[2:]
    if rows != HEAD_ROWS:
        yield f"the table above the title has the rows {rows}"
    if len(re.findall(r"^# ", prose(notebook), re.M)) != 1 or "\n# " not in first:
        yield "one title line, in the first cell, below the table"


@rule
def has_one_name(notebook: Notebook) -> Iterator[str]:
    """The title is what open_run is called with; the file's name is compared where there is a file."""
    title = re.findall(r"^# (.+)$", prose(notebook), re.M)[:1]
    opened = [name for cell in code(notebook) for name in re.findall(r'^run = open_run\(\s*"([^"]*)"', cell.source)]
    if len(opened) != 1 or opened != title:
        yield f"the title is {title}, opened is {opened}"


@rule
def has_its_parameters_between_impact_and_open(notebook: Notebook) -> Iterator[str]:
    cells = list(notebook.cells)
    places = [cells.index(cell) for cell in tagged(notebook, "parameters")]
    impact = next((index for index, cell in enumerate(cells) if "## Impact" in cell.source), len(cells))
    opened = next((index for index, cell in enumerate(cells) if "## Open the run" in cell.source), 0)
    if len(places) != 1 or not impact < places[0] < opened:
        yield f"one cell tagged parameters, after Impact and before Open the run: they are {places}"


@rule
def types_its_parameters_and_helps_on_the_same_line(notebook: Notebook) -> Iterator[str]:
    for line in [line for cell in tagged(notebook, "parameters") for line in lines(cell)]:
        if not PARAMETER.fullmatch(line):
            yield f"not `name: type = default  # help` (no second = and no |): {line}"


@rule
def tells_healthy_from_otherwise_in_each_triage_step(notebook: Notebook) -> Iterator[str]:
    steps = re.split(r"^### ", section(notebook, "Triage"), flags=re.M)[1:]
    if not steps:
        yield "Triage has no step"
    for step in steps:
        missing = [word for word in ("*Healthy:*", "*Otherwise:*") if word not in step]
        yield from (f"no {word} in step {step.splitlines()[0]!r}" for word in missing)


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
def keeps_every_cell_within_8_lines(notebook: Notebook) -> Iterator[str]:
    yield from (f"code cell {cell.id} has {len(lines(cell))} lines" for cell in code(notebook) if len(lines(cell)) > 8)


@rule
def keeps_9_of_10_cells_within_4_lines(notebook: Notebook) -> Iterator[str]:
    sizes = [len(lines(cell)) for cell in code(notebook)]
    if sum(size <= 4 for size in sizes) < 0.9 * len(sizes):
        yield f"code cells have {sizes} lines"


@rule
def has_prose_right_before_code(notebook: Notebook) -> Iterator[str]:
    for before, cell in zip([None, *notebook.cells], notebook.cells, strict=False):
        if cell.cell_type == "code" and (before is None or before.cell_type != "markdown" or not before.source.strip()):
            yield f"no prose before code cell {cell.id}"


@rule
def has_no_logic_in_cells(notebook: Notebook) -> Iterator[str]:
    """Imports of this library, `run = open_run(…)`, `run`, and calls of its methods with plain arguments."""
    for cell in code(notebook):
        if not body(cell):
            yield f"{cell.id} is empty or no Python"
        if cell not in tagged(notebook, "parameters"):
            yield from (f"logic in {cell.id}: {ast.unparse(one)}" for one in body(cell) if not _is_plain(one))


def _is_plain(node: ast.stmt) -> bool:
    match node:
        case ast.ImportFrom(module=str(module)):
            return module.split(".")[0] == "runbook"
        case ast.Assign(targets=[ast.Name("run")], value=ast.Call(func=ast.Name("open_run")) as call):
            return _has_plain_arguments(call)
        case ast.Expr(ast.Name("run")):
            return True
        case ast.Expr(ast.Call(func=ast.Attribute(ast.Name("run"), name)) as call):
            return name in CALLS and _has_plain_arguments(call)
    return False


def _has_plain_arguments(call: ast.Call) -> bool:
    return all(isinstance(one, PLAIN) for one in (*call.args, *(keyword.value for keyword in call.keywords)))


@rule
def has_stable_ids(notebook: Notebook) -> Iterator[str]:
    ids = [cell.get("id", "") for cell in notebook.cells]
    yield from (f"cell id {i!r} is not kebab-case" for i in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", i))
    yield from (f"cell id {i!r} is a random one" for i in ids if re.fullmatch(r"(?=.*\d)[0-9a-f]{8}", i))
    if len(set(ids)) != len(ids):
        yield "cell ids repeat"


@rule
def ends_with_close(notebook: Notebook) -> Iterator[str]:
    if notebook.cells[-1:] != tagged(notebook, "close") or calls(notebook.cells[-1]) != [("close", "")]:
        yield "the last cell is not run.close() with the tag close"


@rule
def plans_right_before_and_verifies_after_every_apply(notebook: Notebook) -> Iterator[str]:
    steps = [call for cell in code(notebook) for call in calls(cell)]
    for index, (name, action) in enumerate(steps):
        if name == "apply" and steps[index - 1 : index] != [("plan", action)]:
            yield f"no plan right before the apply of {action}"
        if name == "apply" and "verify" not in [step[0] for step in steps[index:]]:
            yield f"no verify after the apply of {action}"


@rule
def warns_before_what_cannot_be_called_back(notebook: Notebook) -> Iterator[str]:
    for before, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        planned = [action for name, action in calls(cell) if name == "plan"] if cell.cell_type == "code" else []
        if any(DANGERS.get(one) is not Danger.REVERSIBLE for one in planned) and "**Warning:**" not in before.source:
            yield f"no **Warning:** before {cell.id}"


@rule
def has_no_outputs(notebook: Notebook) -> Iterator[str]:
    yield from (f"{cell.id} has outputs" for cell in code(notebook) if cell.outputs or cell.execution_count)
