"""Point-in-time recovery from the outside: a rehearsal by plain papermill changes nothing, and a drill fills in the moment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from runbook.drill.practise import told_by_the_world
from runbook.sandbox import lifecycle

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(120)
def test_a_rehearsal_by_plain_papermill_sends_no_change_and_keeps_nothing(tmp_path: Path) -> None:
    with lifecycle.own_sandbox(tmp_path / "world") as state:
        lifecycle.break_world("mass-delete-recovered", state)
        before = lifecycle.control("GET", "state", path=state)
        known = lifecycle.control("GET", "requests?changes=1", path=state)["requests"]
        outside = {key: value for key, value in os.environ.items() if not key.startswith(("RUNBOOK_", "PYTEST_"))}
        parameters = {"environment": "sandbox", "recover_to": before["before_damage"],
                      "dump_key": "params/environments/sandbox-dumps.asc"}  # fmt: skip
        given = [word for pair in parameters.items() for word in ("-p", *pair)]
        notebook = CHECKOUT / "notebooks/respond/point-in-time-recovery.ipynb"
        done = subprocess.run(
            [sys.executable, "-m", "papermill", str(notebook), str(tmp_path / "out.ipynb"), "--no-progress-bar", *given],
            cwd=tmp_path, capture_output=True, text=True, timeout=100,
            env=outside | {"RUNBOOK_HOME": str(CHECKOUT), "RUNBOOK_SANDBOX": str(state), "RUNBOOK_RUNS": str(tmp_path / "runs")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert lifecycle.control("GET", "requests?changes=1", path=state)["requests"] == known
        after = lifecycle.control("GET", "state", path=state)
    said = (tmp_path / "out.ipynb").read_text("utf-8")
    assert "plan restore_to_moment@" in said
    assert "public.leads 3" in said  # what would be lost
    assert (after["data_as_before"], after["project_status"]) == (False, "ACTIVE_HEALTHY")
    assert not (tmp_path / "runs" / ".dumps").exists()


def test_a_parameter_in_braces_is_what_the_world_says() -> None:
    state = {"before_damage": "2026-11-23T14:03:07Z"}
    given = {"recover_to": "{before_damage}", "dump_key": "key.asc", "hours": 3}
    assert told_by_the_world(given, state) == {**given, "recover_to": "2026-11-23T14:03:07Z"}
