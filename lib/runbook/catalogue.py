"""The procedures: where they are, what they are called, and which parameters they take. Standard library only.

Parameters are read from the cell tagged ``parameters`` with Python's own parser: papermill's reads lines, and loses
what it does not understand.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import io
import json
import math
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runbook.errors import SettingError
from runbook.model import Json

NOTEBOOKS = Path("notebooks")
CATEGORIES = ("respond", "validate", "routine", "learn", "local")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a notebook: ``name: type = default  # help``."""

    name: str
    type: str
    default: Json
    help: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """One notebook: its name is its file's name, its title and what the commands call it."""

    name: str
    path: Path
    category: str
    title: str
    symptom: str
    changes: bool
    parameters: tuple[Parameter, ...]
    digest: str
    notebook: dict[str, Any] = field(repr=False)


def find(root: Path) -> list[Procedure]:
    """Every procedure of a checkout, in the order of the categories, then by name."""
    paths = [p for category in CATEGORIES for p in sorted((root / NOTEBOOKS / category).glob("*.ipynb"))]
    return [load(path) for path in paths if not path.name.startswith(("_", "."))]


def get(root: Path, name: str) -> Procedure:
    """One procedure by ``name`` or ``category/name``; exit 2 names the nearest."""
    category, _, bare = name.removeprefix("notebooks/").removesuffix(".ipynb").rpartition("/")
    names = {}
    for path in sorted((root / NOTEBOOKS).glob("*/*.ipynb")):
        if path.parent.name in CATEGORIES and (not category or path.parent.name == category):
            names[path.stem] = path
    if bare in names:
        return load(names[bare])
    near = difflib.get_close_matches(bare, names, n=1)
    hint = f"did you mean {near[0]}?" if near else "runbook list"
    raise SettingError(f"no notebook {name!r}", where=str(root / NOTEBOOKS), next_step=hint)


def load(path: Path) -> Procedure:
    """One notebook file; exit 2 when it is none, or its parameters cannot be read."""
    raw = path.read_bytes()
    try:
        notebook = json.loads(raw)
        cells = notebook["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
    except (ValueError, KeyError, TypeError) as error:
        raise SettingError(f"not a notebook: {error}", where=str(path), next_step="mend or restore the file") from error
    head = next((text for cell, text in zip(cells, sources, strict=True) if cell["cell_type"] == "markdown"), "")
    tagged = [
        text for cell, text in zip(cells, sources, strict=True) if "parameters" in cell["metadata"].get("tags", [])
    ]
    return Procedure(
        name=path.stem,
        path=path,
        category=path.parent.name,
        title=_title(head) or path.stem,
        symptom=_symptom(sources),
        changes=bool(re.search(r"changes production\?[^\n]*\byes\b", head, re.IGNORECASE)),
        parameters=tuple(parameters(tagged[0], str(path))) if tagged else (),
        digest=hashlib.sha256(raw).hexdigest(),
        notebook=notebook,
    )


def parameters(source: str, where: str) -> list[Parameter]:
    """The typed assignments of a parameters cell, each with the help on its own line."""
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise SettingError(f"the parameters cell is not Python: {error.msg}", where=where,
                           next_step="mend the cell") from error  # fmt: skip
    help_of = _comments(source)
    found = []
    for node in tree.body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None):
            raise SettingError(f"line {node.lineno} of the parameters is not 'name: type = value  # help'",
                               where=where, next_step="write it so")  # fmt: skip
        last = node.end_lineno or node.lineno
        found.append(Parameter(node.target.id, ast.unparse(node.annotation), _literal(node.value, where),
                               help_of.get(last, "")))  # fmt: skip
    return found


def coerce(procedure: Procedure, given: Mapping[str, object], where: str) -> dict[str, Json]:
    """The given values with the declared types. Text is read as the type says: ``true``, ``12``, a JSON list.

    Exit 2 for a name that is not declared and for a value that does not fit.
    """
    declared = {parameter.name: parameter for parameter in procedure.parameters}
    values: dict[str, Json] = {}
    for name, value in given.items():
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(declared)}"
            raise SettingError(f"{procedure.name} has no parameter {name!r}", where=where, next_step=hint)
        values[name] = _as(declared[name], value, where)
    return values


def injected(source: str) -> dict[str, Json]:
    """What papermill's injected cell assigns: names and values."""
    values: dict[str, Json] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = _literal(node.value, "injected parameters")
    return values


def _as(parameter: Parameter, value: object, where: str) -> Json:
    problem = SettingError(
        f"{parameter.name} takes {parameter.type}, got {value!r}", where=where, next_step=parameter.help or "correct it"
    )
    if parameter.type == "bool":
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        raise problem
    if parameter.type == "int":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            return int(value)
        raise problem
    if parameter.type == "float":
        if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
            return float(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return value
        raise problem
    if parameter.type == "str":
        if isinstance(value, str):
            return value
        raise problem
    return _as_collection(parameter, value, problem)


def _as_collection(parameter: Parameter, value: object, problem: SettingError) -> Json:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise problem from None
    kind = list if parameter.type.startswith("list") else dict
    if not isinstance(value, kind):
        raise problem
    return value


def _literal(node: ast.expr, where: str) -> Json:
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise SettingError(f"{ast.unparse(node)} is not a plain value", where=where,
                           next_step="write a literal") from error  # fmt: skip


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ").rstrip() for token in tokens if token.type == tokenize.COMMENT}


def _title(head: str) -> str:
    return next((line.lstrip("# ").strip() for line in head.splitlines() if line.startswith("# ")), "")


def _symptom(sources: list[str]) -> str:
    """The first words under the heading Symptom, in one line."""
    for text in sources:
        match = re.search(r"^#+\s*Symptom\s*$\n+(?P<body>.+?)(?:\n\s*\n|\n#|\Z)", text, re.MULTILINE | re.DOTALL)
        if match:
            words = re.sub(r"^[-*>\s]+", "", match["body"], flags=re.MULTILINE)
            return " ".join(re.sub(r"[*_`]", "", words).split())
    return ""
