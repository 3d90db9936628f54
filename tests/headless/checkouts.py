"""A checkout of its own whose notebooks a test writes cell by cell, and runs with real kernels. Other folders use it too."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from runbook import catalogue, headless, settings
from runbook.headless import RunEnd, RunRequest
from runbook.record.journal import Entry, read
from runbook.record.verify import verify

CHECKOUT = Path(__file__).resolve().parents[2]
OPEN = 'from runbook import open_run\nrun = open_run("sample", incident=incident, environment=environment, mode=mode, approve=approve)'
CLOSE = "run.close()"
PARAMETERS = """incident: str = ""  # Incident id
environment: str = ""  # Profile
mode: str = "rehearse"  # rehearse or act
approve: str = ""  # Approvals
count: int = 1  # How many"""


@dataclass
class Home:
    """One checkout with one procedure, ``sample``."""

    path: Path
    shown: list[str] = field(default_factory=list)

    def write(self, *cells: str, opens: bool = True) -> None:
        """The procedure: parameters, open, these cells (ids ``step-0`` and so on), close."""
        code = [("parameters", PARAMETERS, ["parameters"])]
        code += [("open", OPEN, [])] if opens else []
        code += [(f"step-{number}", source, []) for number, source in enumerate(cells)]
        code += [("close", CLOSE, ["close"])] if opens else []
        notebook = {
            "cells": [
                {"cell_type": "markdown", "id": "head", "metadata": {}, "source": "# Sample"},
                *(
                    {"cell_type": "code", "id": name, "metadata": {"tags": tags}, "source": source, "outputs": [],
                     "execution_count": None}
                    for name, source, tags in code
                ),
            ],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4, "nbformat_minor": 5,
        }  # fmt: skip
        path = self.path / "notebooks" / "routine" / "sample.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook))

    def request(self, **options: Any) -> RunRequest:
        procedure = catalogue.get(self.path, "sample")
        values = {one.name: one.default for one in procedure.parameters} | {"environment": "plain"}
        values |= options.pop("parameters", {})
        return RunRequest(
            procedure=procedure, parameters=values, environment="plain", incident=None, root=self.path,
            runs=self.runs, operator="mira", operator_source="test", **options,
        )  # fmt: skip

    def run(self, *cells: str, opens: bool = True, **options: Any) -> RunEnd:
        """Write the procedure and run it in this process."""
        self.write(*cells, opens=opens)
        return headless.run(self.request(**options), show=self.shown.append)

    def start(self, *cells: str, opens: bool = True, words: tuple[str, ...] = ()) -> Runner:
        """Write the procedure and run it in a process of its own."""
        self.write(*cells, opens=opens)
        command = [sys.executable, "-m", "runbook.cli.main", "run", "sample", "--env", "plain", *words]
        with (self.path / "log").open("w") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        return Runner(process, self)

    @property
    def runs(self) -> Path:
        return self.path / "runs"

    @property
    def only_run(self) -> Path:
        (found,) = (path.parent for path in self.runs.glob("routine/*/journal.jsonl"))
        return found

    @staticmethod
    def states(run_dir: Path) -> dict[str, str]:
        """The state of each code cell, as the notebook says."""
        notebook = json.loads((run_dir / "notebook.ipynb").read_text())
        return {c["id"]: c["metadata"]["runbook"]["state"] for c in notebook["cells"] if c["cell_type"] == "code"}

    @staticmethod
    def outputs(run_dir: Path, cell_id: str) -> str:
        """All text that a cell left in the notebook."""
        notebook = json.loads((run_dir / "notebook.ipynb").read_text())
        return json.dumps(next(c["outputs"] for c in notebook["cells"] if c["id"] == cell_id))

    @staticmethod
    def journal(run_dir: Path) -> list[Entry]:
        return read(run_dir / "journal.jsonl")

    @staticmethod
    def is_whole(run_dir: Path) -> bool:
        found = verify(run_dir)
        assert found.first_broken is None, found.first_broken
        return True

    @staticmethod
    def is_gone(pid: int, seconds: float = 1.0) -> bool:
        """Whether a process ends within this time (a zombie has ended)."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            try:
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    return True
                os.kill(pid, 0)
            except (FileNotFoundError, ProcessLookupError):
                return True
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return False

    @property
    def text(self) -> str:
        return "".join(self.shown)


@dataclass
class Runner:
    """A runner process, and what its cells have started."""

    process: subprocess.Popen[bytes]
    home: Home

    def wait_for(self, name: str) -> int:
        """Until a cell has written its process id into this file of the checkout."""
        path = self.home.path / name
        give_up = time.monotonic() + 20
        while not (path.exists() and path.read_text().strip()):
            assert time.monotonic() < give_up, (self.home.path / "log").read_text()
            time.sleep(0.02)
        return int(path.read_text())

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


def make_home(path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The real policy, one profile that reaches nothing, and no variable of the outside."""
    (path / "params").mkdir(parents=True)
    (path / "params" / "policy").symlink_to(CHECKOUT / "params" / "policy")
    (path / "params" / "environments").mkdir()
    (path / "params" / "environments" / "plain.yaml").write_text("sandbox: false\n")
    for name in (*settings.SECRET_NAMES, *settings.ID_NAMES, *settings.ALIASES):
        monkeypatch.delenv(name, raising=False)
    for name in list(os.environ):
        if name.startswith("RUNBOOK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("RUNBOOK_HOME", str(path))
    monkeypatch.setenv("RUNBOOK_OPERATOR", "mira")
    monkeypatch.chdir(path.parent)
    return Home(path)
