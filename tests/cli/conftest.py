"""A checkout of its own with one small procedure, so that a test may break anything in it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from runbook import settings
from runbook.cli.main import main

CHECKOUT = Path(__file__).resolve().parents[2]
PRODUCTION = """
site: {url: http://127.0.0.1:9, portal_url: http://127.0.0.1:9}
"""
PARAMETERS = """incident: str = ""  # Incident id
environment: str = ""  # Profile in params/environments
mode: str = "rehearse"  # rehearse or act
approve: str = ""  # Approvals
count: int = 3  # How many
deep: bool = False  # Whether to look deeper
share: float = 0.5  # Which part
names: list[str] = []  # Whom
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Two procedures, one profile that reaches nothing, the real policy, and no variable of the outside."""
    home = tmp_path / "home"
    shutil.copytree(CHECKOUT / "params" / "policy", home / "params" / "policy")
    shutil.copytree(CHECKOUT / "params" / "scenarios", home / "params" / "scenarios")
    profiles = home / "params" / "environments"
    profiles.mkdir()
    (profiles / "production.yaml").write_text(PRODUCTION)
    shutil.copy(CHECKOUT / "params" / "environments" / "sandbox.yaml", profiles)
    for category, name in (("respond", "sample-failure"), ("routine", "sample-check")):
        opening = f'run = open_run("{name}", incident=incident, environment=environment, mode=mode, approve=approve)'
        write_notebook(home, category, name, opening)
    for name in (*settings.SECRET_NAMES, *settings.ID_NAMES, *settings.ALIASES):
        monkeypatch.delenv(name, raising=False)
    for name in ("RUNBOOK_ENV", "RUNBOOK_RUNS", "RUNBOOK_RUN", "RUNBOOK_SANDBOX", "RUNBOOK_DRILL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNBOOK_HOME", str(home))
    monkeypatch.setenv("RUNBOOK_OPERATOR", "mira")
    monkeypatch.setenv("RUNBOOK_NO_BROWSER", "1")
    monkeypatch.chdir(tmp_path)
    return home


def write_notebook(home: Path, category: str, name: str, opening: str, body: str = "1 + 1") -> Path:
    cells = [
        (
            "markdown",
            "head",
            f"| {name} | |\n| --- | --- |\n| Owner | us |\n| Changes production? | no |\n\n# {name}",
            [],
        ),
        ("markdown", "symptom", '## Symptom\n\n- "It hurts"', []),
        ("code", "parameters", PARAMETERS, ["parameters"]),
        ("code", "imports", "from runbook import open_run", []),
        ("code", "open", opening, []),
        ("code", "body", body, []),
        ("code", "close", "run.close()", ["close"]),
    ]
    notebook = {
        "cells": [
            {"cell_type": kind, "id": cell, "metadata": {"tags": tags} if tags else {}, "source": source}
            | ({"outputs": [], "execution_count": None} if kind == "code" else {})
            for kind, cell, source, tags in cells
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = home / "notebooks" / category / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))
    return path


@pytest.fixture
def call(home, capsys):
    """Run a command in this process: its exit code, stdout and stderr."""

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def command(home):
    """Run a command as a process of its own."""

    def command(*words: object) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "runbook.cli.main", *map(str, words)]
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)

    return command


@pytest.fixture
def new_notebook(home):
    """Add a procedure to the checkout: its category, name, opening cell and body."""

    def add(category: str, name: str, body: str) -> Path:
        opening = f'run = open_run("{name}", incident=incident, environment=environment, mode=mode, approve=approve)'
        return write_notebook(home, category, name, opening, body)

    return add
