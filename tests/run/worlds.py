"""Runs in the real sandbox, each a plain Python process: so that it can be killed anywhere and begun again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbook import incident
from runbook.headless.reopening import reopen
from runbook.incident import Desk
from runbook.record.journal import Entry, read
from runbook.sandbox import lifecycle
from runbook.times import Times

CHECKOUT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("child.py")


@dataclass
class Runs:
    """The sandbox and one runs folder."""

    state: Path
    runs: Path

    def break_(self, *faults: Any) -> None:
        lifecycle.control("POST", "break", {"faults": list(faults)}, self.state)

    def state_now(self) -> dict[str, Any]:
        return dict(lifecycle.control("GET", "state", path=self.state))

    def changes(self) -> list[dict[str, Any]]:
        """What the world saw being changed, by its own log."""
        return [row for row in lifecycle.control("GET", "requests", path=self.state)["requests"] if row["change"]]

    def incident(self, name: str, severity: str = "SEV-1") -> None:
        desk = Desk(self.runs, "ada@agency.test", Times())
        incident.open_incident(desk, environment="sandbox", issue_type="database", severity=severity, incident_id=name)

    def child(
        self, about: str, module: str, action: str, arguments: dict[str, Any], *, approve: str = "", kill_at: int = 0,
        run_dir: Path | None = None, mode: str = "act", **environment: str,
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Plan, apply and verify one action in a process of its own; killed after ``kill_at`` entries of the journal."""
        ask = {"module": module, "action": action, "arguments": arguments, "approve": approve, "kill_at": kill_at,
               "incident": about, "mode": mode, "notebook": NOTEBOOK_OF[module]}  # fmt: skip
        told = {
            **{key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")},
            "RUNBOOK_SANDBOX": str(self.state), "RUNBOOK_HOME": str(CHECKOUT), "RUNBOOK_RUNS": str(self.runs),
            "RUNBOOK_OPERATOR": "ada@agency.test", **({"RUNBOOK_RUN": str(run_dir)} if run_dir else {}), **environment,
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, str(CHILD), json.dumps(ask)], env=told, cwd=self.runs, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip

    def run_dir(self, about: str) -> Path:
        return max(
            (path.parent for path in (self.runs / about).glob("*/journal.jsonl")),
            key=lambda path: (path / "journal.jsonl").stat().st_mtime_ns,
        )

    def entries(self, about: str) -> list[Entry]:
        return read(self.run_dir(about) / "journal.jsonl")

    def resume(self, about: str, module: str, action: str, arguments: dict[str, Any], **more: Any) -> Any:
        """As ``runbook resume`` does it, with a plain process in the place of the kernel."""
        run_dir = self.run_dir(about)
        reopen(run_dir, CHECKOUT, Times())
        return self.child(about, module, action, arguments, run_dir=run_dir, **more)


NOTEBOOK_OF = {
    "database": "database-failure",
    "deployment": "deployment-rollback",
    "flags": "feature-flag-rollback",
    "migrations": "migration-rollback",
}
