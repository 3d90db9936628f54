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
    return [load(path) for category in CATEGORIES for path in _notebooks(root, category)]


def get(root: Path, name: str) -> Procedure:
    """One procedure by ``name`` or ``category/name``; exit 2 names the nearest."""
    category, _, bare = name.removeprefix("notebooks/").removesuffix(".ipynb").rpartition("/")
    names: dict[str, list[Path]] = {}
    for folder in CATEGORIES if not category else (category,) if category in CATEGORIES else ():
        for path in _notebooks(root, folder):
            names.setdefault(path.stem, []).append(path)
    if len(names.get(bare, ())) > 1:
        both = " and ".join(f"{path.parent.name}/{bare}" for path in names[bare])
        raise SettingError(f"{bare} is the name of {both}", where=str(NOTEBOOKS), next_step="give the folder as well")
    if bare in names:
        return load(names[bare][0])
    near = difflib.get_close_matches(bare, names, n=1)
    hint = f"did you mean {near[0]}?" if near else "runbook list"
    raise SettingError(f"no notebook {name!r}", where=str(root / NOTEBOOKS), next_step=hint)


def _notebooks(root: Path, category: str) -> list[Path]:
    """The notebook files of one folder; what begins with a dot or an underscore is no procedure."""
    paths = sorted((root / NOTEBOOKS / category).glob("*.ipynb"))
    return [path for path in paths if not path.name.startswith(("_", "."))]


def load(path: Path) -> Procedure:
    """One notebook file; exit 2 when it is none, or its parameters cannot be read."""
    return _procedure(path.read_bytes(), path)


def made(notebook: Mapping[str, Any], name: str, category: str) -> Procedure:
    """A procedure that the product writes itself: it lies in no folder."""
    return _procedure(json.dumps(notebook).encode("utf-8"), Path(category) / f"{name}.ipynb")


def _procedure(raw: bytes, path: Path) -> Procedure:
    try:
        notebook = json.loads(raw)
        cells = notebook["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
        kinds = [cell["cell_type"] for cell in cells]
        tagged = [text for cell, text in zip(cells, sources, strict=True) if "parameters" in _tags(cell)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(f"not a notebook: {error}", where=str(path), next_step="mend or restore the file") from error
    head = next((text for kind, text in zip(kinds, sources, strict=True) if kind == "markdown"), "")
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
    """One value as its declared type. Text is what a command line gives; other values come from a file."""
    read = value if not isinstance(value, str) or parameter.type == "str" else _read(parameter.type, value)
    if fits(parameter.type, read):
        return read
    raise SettingError(
        f"{parameter.name}: {parameter.type}, got {_short(value)}", where=where,
        next_step=parameter.help or "correct it",
    )  # fmt: skip


def _read(type_name: str, text: str) -> Json:
    """The value that a text stands for; the text itself when it stands for none of that type."""
    if type_name == "bool":
        return {"true": True, "false": False}.get(text, text)
    if type_name == "int":
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text
    if type_name == "float":
        return float(text) if re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", text) else text
    try:
        return json.loads(text)
    except ValueError:
        return text


def fits(type_name: str, value: object) -> bool:
    """Whether a value is of a declared type, all the way down, and can be written as JSON."""
    outer, _, inner = type_name.removesuffix("]").partition("[")
    if outer == "list":
        return isinstance(value, list) and all(fits(inner or "object", item) for item in value)
    if outer == "dict":
        of = inner.partition(",")[2].strip() or "object"
        return isinstance(value, dict) and all(isinstance(key, str) and fits(of, value[key]) for key in value)
    if outer in ("object", "Any"):
        return value is None or any(fits(one, value) for one in (*_SCALARS, "list", "dict"))
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if isinstance(value, str) and not value.isascii() and _is_broken(value):
        return False
    kinds = _SCALARS.get(outer, ())
    return isinstance(value, kinds) and (outer == "bool" or not isinstance(value, bool))


_SCALARS: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}


def _is_broken(text: str) -> bool:
    """Bytes of the command line that were no UTF-8 arrive as lone surrogates: nothing can write them."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _short(value: object) -> str:
    text = ascii(value) if isinstance(value, str) and _is_broken(value) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _literal(node: ast.expr, where: str) -> Json:
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise SettingError(f"{ast.unparse(node)} is not a plain value", where=where,
                           next_step="write a literal") from error  # fmt: skip


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ").rstrip() for token in tokens if token.type == tokenize.COMMENT}


def _tags(cell: Mapping[str, Any]) -> list[str]:
    tags: list[str] = cell.get("metadata", {}).get("tags", [])
    return tags


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
