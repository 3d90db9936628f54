"""A rehearsal of auth-failure by plain papermill: it plans, sends no change, and names nobody but by id."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from runbook.sandbox import lifecycle
from runbook.sandbox.signing_in import person

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(120)
def test_a_rehearsal_by_plain_papermill_sends_no_change_and_names_nobody(tmp_path: Path) -> None:
    with lifecycle.own_sandbox(tmp_path / "world") as state:
        faults = ["signing_key_rotated", "user_looping", {"session_rows_expired": {"rows": 30}}]
        lifecycle.control("POST", "break", {"faults": faults}, state)
        known = lifecycle.control("GET", "requests?changes=1", path=state)["requests"]
        outside = {key: value for key, value in os.environ.items() if not key.startswith(("RUNBOOK_", "PYTEST_"))}
        done = subprocess.run(
            [sys.executable, "-m", "papermill", str(CHECKOUT / "notebooks/respond/auth-failure.ipynb"),
             str(tmp_path / "out.ipynb"), "--no-progress-bar", "-p", "environment", "sandbox"],
            cwd=tmp_path, capture_output=True, text=True, timeout=100,
            env=outside | {"RUNBOOK_HOME": str(CHECKOUT), "RUNBOOK_SANDBOX": str(state), "RUNBOOK_RUNS": str(tmp_path / "runs")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert lifecycle.control("GET", "requests?changes=1", path=state)["requests"] == known
        after = lifecycle.control("GET", "state", path=state)
    assert (after["auth_test"], after["sessions_active"], after["session_rows"]) == (401, 28, 50)
    said = (tmp_path / "out.ipynb").read_text("utf-8")
    for action in ("set_sign_in_variable", "redeploy", "revoke_sessions", "clear_session_rows"):
        assert f"plan {action}@" in said
    assert person("bo") in said
    assert "our site refuses every one of them" in said
    kept = [path.read_text("utf-8", "replace") for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    for word in ("customer.test", "203.0.113.7", "Hamburg", "BEGIN PUBLIC KEY"):
        assert not [text for text in (said, *kept) if word in text], word
