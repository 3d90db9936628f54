"""The triage cell of ``database-failure`` against the Markdown runbook's commands, in one sandbox whose answers take 200 ms."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checkout
from kernels import OpenRun
from runbook import catalogue, incident
from runbook.headless import RunRequest
from runbook.incident import Desk
from runbook.record.journal import read
from runbook.sandbox import lifecycle, state
from runbook.times import Times
from timing import Pair, paired

SLOW = {"faults": [{"slow_answers": {"milliseconds": 200}}]}
# "Database Failure", the first five minutes, in its order. Where its address or command does not exist, the one that answers
# the same question: the project instead of /status, the migrations and deployments from the APIs instead of two CLIs.
COMMANDS = """set -e
curl -sf "$STATUS/api/v2/status.json"
curl -sf "$SUPABASE/v1/projects/$REF" -H "Authorization: Bearer $SUPABASE_API_KEY"
psql "$DATABASE_URL" -c "SELECT 1;"
psql "$DATABASE_URL" -c "SELECT count(*) FROM pg_stat_activity;"
curl -sf "$SUPABASE/v1/projects/$REF/database/migrations" -H "Authorization: Bearer $SUPABASE_API_KEY"
curl -sf "$VERCEL/v6/deployments?teamId=$TEAM&target=production" -H "Authorization: Bearer $VERCEL_TOKEN"
"""


@dataclass(frozen=True)
class Triage:
    """Both sides, and how much each of them asks. ``slowest`` is the slowest single question of ours."""

    pair: Pair
    questions: int
    commands: int
    slowest: float
    unknown: tuple[str, ...]


def measure(rounds: int) -> Triage:
    """Time both in turns. The run is opened before: its cell is not the triage cell."""
    with lifecycle.own_sandbox() as path, tempfile.TemporaryDirectory(prefix="runbook-bench-") as folder:
        lifecycle.control("POST", "break", SLOW, path)
        described = state.read(path)
        assert described is not None
        os.environ["RUNBOOK_SANDBOX"] = str(path)
        script = _script(described, Path(folder))
        with OpenRun(_request(Path(folder) / "runs")) as ours:
            for cell in ("imports", "open"):
                ours.run_cell(cell)
            pair = paired(lambda: ours.run_cell("first-look"), script, rounds)
            entries = read(next(Path(folder).rglob("journal.jsonl")))
        found = {e.data["check"]: e.data for e in entries if e.event == "check.finished"}
        asked = [e.data["seconds"] for e in entries if e.event == "check.finished"]
        slowest = max(sorted(asked)[: len(asked) * 9 // 10])
        unknown = tuple(f"{name}: {data['summary']}" for name, data in found.items() if data["status"] == "unknown")
        return Triage(pair, len(found), COMMANDS.count("\n") - 1, slowest, unknown)


def _request(runs: Path) -> RunRequest:
    procedure = catalogue.get(checkout.ROOT, "database-failure")
    about = incident.open_incident(Desk(runs, "bench", Times()), environment="sandbox", issue_type="database")
    values = {one.name: one.default for one in procedure.parameters}
    values |= {"environment": "sandbox", "incident": about.incident_id}
    return RunRequest(
        procedure=procedure, parameters=values, environment="sandbox", incident=about, root=checkout.ROOT, runs=runs,
        operator="bench", operator_source="bench",
    )  # fmt: skip


def _script(described: dict[str, Any], folder: Path) -> Any:
    urls, ids, secrets = described["urls"], described["ids"], described["secrets"]
    for tool in ("bash", "curl", "psql"):
        if shutil.which(tool) is None:
            raise RuntimeError(f"the Markdown runbook's commands need {tool}")
    environment = {
        "PATH": os.environ["PATH"], "STATUS": urls["supabase_status"], "SUPABASE": urls["supabase"], "VERCEL": urls["vercel"],
        "REF": ids["project_ref"], "TEAM": ids["vercel_team"],
        **{name: secrets[name] for name in ("SUPABASE_API_KEY", "VERCEL_TOKEN", "DATABASE_URL")},
    }  # fmt: skip
    path = folder / "first-five-minutes.sh"
    path.write_text(COMMANDS)

    def call() -> None:
        done = subprocess.run(["bash", path], env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"the commands ended with {done.returncode}: {done.stderr[-300:]}")

    return call
