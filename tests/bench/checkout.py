"""A checkout of the bench's own: a few notebooks, one profile that reaches nothing; and an environment without the lab."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLIM = ROOT / ".venv" / "bench-core"
PARAMETERS = """incident: str = ""  # Incident id
environment: str = ""  # Profile
mode: str = "rehearse"  # rehearse or act
approve: str = ""  # Approvals"""
OPEN = 'from runbook import open_run\nrun = open_run("{name}", incident=incident, environment=environment, mode=mode, approve=approve)'
# The lock names packages, not their extras: this one comes with JupyterLab's jsonschema[format-nongpl] alone. It doubles
# papermill's time, so that leaving it in would flatter us.
LAB_ONLY = ("rfc3987-syntax",)


def make(folder: Path) -> Path:
    """The checkout: ``empty``, ``opening`` (opens and closes its run), ``wide-N`` (N cells of 100 KB)."""
    home = folder / "home"
    shutil.copytree(ROOT / "params" / "policy", home / "params" / "policy")
    (home / "params" / "environments").mkdir()
    (home / "params" / "environments" / "plain.yaml").write_text("sandbox: false\n")
    write(home, "empty", [])
    write(home, "opening", [], opens=True)
    for number in (50, 100, 200):
        write(home, f"wide-{number}", [f"print('{n} ' * {100_000 // len(str(n) + ' ')})" for n in range(number)])
        write(home, f"wide-opening-{number}", [f"print('{n} ' * {100_000 // len(str(n) + ' ')})" for n in range(number)],
              opens=True)  # fmt: skip
    return home


def notebook(home: Path, name: str) -> Path:
    """Where a notebook of this checkout is."""
    return home / "notebooks" / "routine" / f"{name}.ipynb"


def write(home: Path, name: str, cells: list[str], *, opens: bool = False) -> None:
    """One notebook."""
    code = [("parameters", PARAMETERS, ["parameters"])]
    code += [("open", OPEN.format(name=name), [])] if opens else []
    code += [(f"cell-{number}", source, []) for number, source in enumerate(cells)]
    code += [("close", "run.close()", ["close"])] if opens else []
    content = {
        "cells": [
            {"cell_type": "markdown", "id": "head", "metadata": {}, "source": f"# {name}"},
            *(
                {"cell_type": "code", "id": cell, "metadata": {"tags": tags}, "source": source, "outputs": [],
                 "execution_count": None}
                for cell, source, tags in code
            ),
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    path = notebook(home, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def slim() -> Path | None:
    """The commands of an environment with the core only, made at first use; None when it cannot be made."""
    try:
        subprocess.run([sys.executable, ROOT / "tools" / "install.py", SLIM, "core"], check=True)
    except subprocess.CalledProcessError:
        return None
    uv = shutil.which("uv")
    remove = [uv, "pip", "uninstall", "-q", "--python", SLIM / "bin" / "python"] if uv else [
        SLIM / "bin" / "python", "-m", "pip", "uninstall", "-q", "-y"]  # fmt: skip
    subprocess.run([*remove, *LAB_ONLY], check=False, capture_output=True)
    return SLIM / "bin"
