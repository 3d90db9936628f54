"""Webhooks that fail, from the outside: a rehearsal by plain papermill sends no change, and counts whom it hurts."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from runbook.drill.practise import leaks
from runbook.sandbox import lifecycle, state

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(120)
def test_a_rehearsal_by_plain_papermill_sends_no_change_and_counts_customers(tmp_path: Path) -> None:
    with lifecycle.own_sandbox(tmp_path / "world") as path:
        lifecycle.break_world("webhook-endpoint-disabled", path)
        known = lifecycle.control("GET", "requests?changes=1", path=path)["requests"]
        outside = {key: value for key, value in os.environ.items() if not key.startswith(("RUNBOOK_", "PYTEST_"))}
        notebook, runs = CHECKOUT / "notebooks/respond/webhook-failure.ipynb", tmp_path / "runs"
        done = subprocess.run(
            [sys.executable, "-m", "papermill", str(notebook), str(tmp_path / "out.ipynb"), "--no-progress-bar",
             "-p", "environment", "sandbox"],
            cwd=tmp_path, capture_output=True, text=True, timeout=100,
            env=outside | {"RUNBOOK_HOME": str(CHECKOUT), "RUNBOOK_SANDBOX": str(path), "RUNBOOK_RUNS": str(runs)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert lifecycle.control("GET", "requests?changes=1", path=path)["requests"] == known
        world = lifecycle.control("GET", "state", path=path)
        described = state.read(path)
        assert described is not None
    assert (world["events_unhandled"], world["endpoints_on"]) == (12, 0)
    said = (tmp_path / "out.ipynb").read_text("utf-8")
    assert "plan enable_endpoint@" in said and "plan backfill_events@" in said
    assert "12 customers have paid 588.00 EUR and got nothing" in said
    assert leaks(tmp_path, {name: str(value) for name, value in described["secrets"].items() if value}) == []


@pytest.mark.timeout(120)
def test_the_report_of_a_failure_that_was_mended_tells_whom_it_hurt_before_and_after(tmp_path: Path) -> None:
    outside = {key: value for key, value in os.environ.items() if not key.startswith(("RUNBOOK_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "runbook.cli.main", "drill", "webhook-endpoint-disabled"],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=100, env=outside | {"RUNBOOK_RUNS": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (report,) = tmp_path.rglob("report.html")
    text = html.unescape(re.sub(r"<[^>]+>", " ", report.read_text("utf-8")))
    assert "before: 12, who paid 588.00 EUR; after: 0" in " ".join(text.split())
