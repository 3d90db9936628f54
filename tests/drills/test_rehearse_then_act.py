"""A rehearsal changes nothing; what it planned, approved by its id, is carried out and nothing newer. No secret stays."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import canaries
import psycopg
import pytest
from runbook.sandbox import lifecycle

CHECKOUT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def leak():
    """A world whose pool is leaking away."""
    with lifecycle.own_sandbox() as state:
        lifecycle.break_world("idle-transaction-leak", state)
        time.sleep(3)
        yield state


def run(state: Path, runs: Path, *words: str):
    line = [sys.executable, "-m", "runbook.cli.main", "run", "database-failure", "--env", "sandbox", "--json", *words]
    outside = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")}
    env = {**outside, "RUNBOOK_SANDBOX": str(state), "RUNBOOK_RUNS": str(runs)}
    done = subprocess.run(
        [*line, "-p", "idle_seconds", "2"],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
        env=env,
        timeout=120,
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def changes(state: Path):
    return lifecycle.control("GET", "requests?changes=1", path=state)["requests"]


def test_what_was_rehearsed_is_what_is_done(leak, tmp_path):
    code, rehearsed = run(leak, tmp_path)
    assert (code, rehearsed["status"]) == (4, "unresolved")
    assert changes(leak) == []
    assert {cell["state"] for cell in rehearsed["cells"]} == {"completed"}
    plan = next(one for one in rehearsed["plans"] if one["action"] == "end_idle_transactions")
    secrets = json.loads(leak.read_text())["secrets"]
    with psycopg.connect(secrets["DATABASE_URL"], application_name="agency-newcomer") as newcomer:
        newcomer.execute("select 1")
        mine = newcomer.info.backend_pid
        time.sleep(2.5)
        code, acted = run(leak, tmp_path, "--mode", "act", "--approve", f"end_idle_transactions@{plan['plan_id']}")
        assert newcomer.execute("select 1").fetchone() == (1,)
    assert (code, acted["status"], acted["incident"]) == (0, "recovered", rehearsed["incident"])
    newer = next(one for one in acted["plans"] if one["action"] == "end_idle_transactions")
    assert any(one.startswith(f"{mine}@") for one in newer["objects"])
    done = {one["action"]: one for one in acted["actions"]}["end_idle_transactions"]
    assert (done["outcome"], done["plan_id"]) == ("done", plan["plan_id"])
    assert sorted(one for row in changes(leak) for one in row["objects"]) == sorted(plan["objects"])
    values = {name: value for name, value in secrets.items() if not name.endswith("_USER")}  # a name is no secret
    assert len(canaries.needles(values)) > 10
    assert canaries.leaks(tmp_path, values) == []
