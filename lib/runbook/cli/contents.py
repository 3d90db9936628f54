"""What a notebook's cells use: checks and actions, found in the source and resolved in the library. Nothing is run."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

from runbook.actions.frame import Action
from runbook.catalogue import Procedure
from runbook.checks.frame import Check
from runbook.errors import SettingError
from runbook.model import Danger, Json
from runbook.policy import Policy

PACKAGES = ("runbook.checks", "runbook.actions")


def used(procedure: Procedure) -> tuple[list[Check], list[Action]]:
    """The checks and actions that a procedure names, in the order of its cells."""
    tree = ast.parse(_code(procedure))
    modules = dict(_imports(tree))
    checks: dict[str, Check] = {}
    actions: dict[str, Action] = {}
    for node in sorted(_attributes(tree), key=lambda one: (one.lineno, one.col_offset)):
        if not (isinstance(node.value, ast.Name) and node.value.id in modules):
            continue
        found = _resolve(modules[node.value.id], node.attr, procedure)
        if isinstance(found, Check):
            checks[found.name] = found
        elif isinstance(found, Action):
            actions[found.name] = found
    return list(checks.values()), list(actions.values())


def action_json(action: Action, rules: Policy) -> dict[str, Json]:
    """An action as ``runbook show`` tells it. ``approve`` is what to type after ``--approve``."""
    exact = action.danger in (Danger.DISRUPTIVE, Danger.DESTRUCTIVE) or action.proposed_target
    return {
        "name": action.name, "danger": action.danger.value, "target": action.system, "undo": action.undo,
        "verify": (inspect.getdoc(action.verify) or action.help).splitlines()[0],
        "budget_seconds": action.budget_seconds, "approvals": rules.most_people(action.name, action.danger),
        "approve": f"{action.name}@PLAN-ID" if exact else f"{action.name}, or {action.name}@PLAN-ID",
    }  # fmt: skip


def _code(procedure: Procedure) -> str:
    cells = [cell for cell in procedure.notebook["cells"] if cell["cell_type"] == "code"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names in the notebook that stand for modules of checks or actions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in PACKAGES:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _attributes(tree: ast.Module) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def _resolve(module: str, name: str, procedure: Procedure) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise SettingError(f"{module}.{name} is not there: {error}", where=str(procedure.path),
                           next_step="mend the notebook") from error  # fmt: skip
