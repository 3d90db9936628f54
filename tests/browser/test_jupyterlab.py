"""A person at the keyboard: JupyterLab on the dated copy, in a real browser, against a real world that is broken."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from chromium import Page
from jupyterlab import opened
from runbook.record.verify import verify
from runbook.sandbox import lifecycle

LEAK = "idle-transaction-leak"
SHORT = ("-p", "idle_seconds", "2")
CARD = ".jp-Notebook .widget-vbox"


def broken(sandbox: Path) -> None:
    lifecycle.break_world(LEAK, sandbox)
    time.sleep(3)  # the leak must be two seconds old


def health(sandbox: Path) -> Any:
    return lifecycle.control("GET", "state", path=sandbox)["health"]


def test_run_all_reads_plans_reaches_the_end_and_changes_nothing(page: Page, sandbox: Path, tmp_path: Path) -> None:
    broken(sandbox)
    with opened(page, sandbox, tmp_path / "runs", *SHORT) as notebook:
        before = notebook.changes()
        notebook.run_all()
        summary = notebook.closed()
        assert notebook.changes() == before
        assert [plan["action"] for plan in summary["plans"]].count("end_idle_transactions") == 1
        assert summary["status"] == "unresolved" and summary["changed"] == []
        assert {cell["state"] for cell in summary["cells"]} == {"completed"}
        assert verify(notebook.run_dir).whole
    assert health(sandbox) == 503


def test_first_findings_are_on_the_screen_within_ten_seconds(page: Page, sandbox: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    with opened(page, sandbox, tmp_path / "runs") as notebook:
        notebook.run_until("first-look")
        page.until(lambda: page.where(".jp-Notebook .rb"), 10, "the findings")
        seconds = time.monotonic() - started
    assert seconds <= 10, f"{seconds:.1f} s"


def test_approving_on_the_card_ends_exactly_what_it_showed(page: Page, sandbox: Path, tmp_path: Path) -> None:
    broken(sandbox)
    with opened(page, sandbox, tmp_path / "runs", *SHORT, "--mode", "act") as notebook:
        notebook.run_until("plan-end-idle-transactions")
        plan = notebook.entries("plan.made")[-1].data
        page.click(f"{CARD} input")
        page.type(str(len(plan["objects"]) + 1))
        page.click(f"{CARD} button")
        page.until(lambda: "Not approved" in page.ask("document.body.innerText"), 10, "the refusal of a wrong count")
        page.click(f"{CARD} input")
        page.ask(f"document.querySelector('{CARD} input').select()")
        page.type(str(len(plan["objects"])))
        page.click(f"{CARD} button")
        page.until(lambda: notebook.entries("approval.given"), 10, "the approval")
        notebook.select("run.apply(actions.end_idle_transactions)")
        notebook.run_until("apply-end-idle-transactions")
        (done,) = notebook.entries("action.finished")[-1:]
        assert done.data["outcome"] == "done" and done.data["plan_id"] == plan["plan_id"]
        assert len(done.data["changed"]) == len(plan["objects"])
        notebook.run_until("close")
        summary = notebook.closed()
        assert (summary["status"], summary["exit_code"]) == ("recovered", 0)
        assert verify(notebook.run_dir).whole
    assert health(sandbox) == 200


def test_a_closed_run_is_inert_in_another_kernel(page: Page, sandbox: Path, tmp_path: Path) -> None:
    with opened(page, sandbox, tmp_path / "runs") as notebook:
        notebook.run_all()
        notebook.closed()
        asked = len(lifecycle.control("GET", "requests", path=sandbox)["requests"])
        page.click(".lm-MenuBar-itemLabel", "Kernel")
        page.click(".lm-Menu-itemLabel", "Restart Kernel and Run All Cells…")
        page.click(".jp-Dialog button", "Restart")
        page.until(lambda: "is closed" in page.ask("document.body.innerText"), 60, "the word that it is closed")
        time.sleep(2)
        rows = lifecycle.control("GET", "requests", path=sandbox)["requests"][asked:]
        assert [row for row in rows if row["actor"].startswith("runbook")] == []
        assert verify(notebook.run_dir).whole
