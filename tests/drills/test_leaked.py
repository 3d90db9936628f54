"""A leaked secret from the outside: a rehearsal by plain papermill sends no change, and neither value stands anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from runbook.drill.practise import leaks
from runbook.sandbox import lifecycle, state

CHECKOUT = Path(__file__).resolve().parents[2]
SECRET = "LD_API_KEY"


@pytest.mark.timeout(120)
def test_a_rehearsal_by_plain_papermill_sends_no_change_keeps_the_evidence_and_shows_no_value(tmp_path: Path) -> None:
    with lifecycle.own_sandbox(tmp_path / "world") as path:
        lifecycle.break_world("leaked-and-used", path)
        known = lifecycle.control("GET", "requests?changes=1", path=path)["requests"]
        outside = {key: value for key, value in os.environ.items() if not key.startswith(("RUNBOOK_", "PYTEST_"))}
        given = [word for pair in {"environment": "sandbox", "secret": SECRET}.items() for word in ("-p", *pair)]
        notebook, runs = CHECKOUT / "notebooks/respond/leaked-secret.ipynb", tmp_path / "runs"
        done = subprocess.run(
            [sys.executable, "-m", "papermill", str(notebook), str(tmp_path / "out.ipynb"), "--no-progress-bar", *given],
            cwd=tmp_path, capture_output=True, text=True, timeout=100,
            env=outside | {"RUNBOOK_HOME": str(CHECKOUT), "RUNBOOK_SANDBOX": str(path), "RUNBOOK_RUNS": str(runs)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert lifecycle.control("GET", "requests?changes=1", path=path)["requests"] == known
        described = state.read(path)
        assert described is not None
    said = (tmp_path / "out.ipynb").read_text("utf-8")
    assert "plan set_variable@" in said and "plan redeploy@" in said
    assert "no plan for end_leaked_secret" in said and "is not proven" in said
    values = {name: str(value) for name, value in described["secrets"].items() if value}
    assert {SECRET, f"{SECRET}_OLD"} <= set(values)
    assert leaks(tmp_path, {name: values[name] for name in (SECRET, f"{SECRET}_OLD")}) == []
    (kept,) = runs.rglob("evidence/*.json")
    assert "turned on" in kept.read_text("utf-8")
