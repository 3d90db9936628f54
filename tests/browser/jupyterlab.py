"""A person in JupyterLab: opens the dated copy, runs cells, reads, clicks."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromium import SHIFT, Page
from runbook.record.journal import Entry, read
from runbook.sandbox import lifecycle

NOTEBOOK = ".jp-Notebook"
IS_IDLE = "[...document.querySelectorAll('#jp-main-statusbar span')].some(e => e.textContent.endsWith('| Idle'))"

NOTHING_RUNS = (
    f"""{IS_IDLE} && ![...document.querySelectorAll('.jp-InputPrompt')].some(e => e.textContent.includes('*'))"""
)


@dataclass
class Opened:
    """A notebook that ``runbook open`` has opened, in the browser."""

    page: Page
    run_dir: Path
    url: str
    sandbox: Path
    process: subprocess.Popen[str]

    def entries(self, event: str = "") -> list[Entry]:
        """What the journal says so far."""
        path = self.run_dir / "journal.jsonl"
        return [entry for entry in read(path) if entry.event == event or not event]

    def changes(self) -> list[dict[str, Any]]:
        """Every change that the world has seen."""
        rows: list[dict[str, Any]] = lifecycle.control("GET", "requests?changes=1", path=self.sandbox)["requests"]
        return [row for row in rows if row["actor"].startswith("runbook") or row["system"] == "database"]

    def show(self) -> None:
        """Go there and wait until the notebook can be used."""
        self.page.go(self.url)
        self.page.until(lambda: self.page.where(f"{NOTEBOOK} .jp-Cell"), 60, "the notebook")
        self.start_at_the_top()
        self.page.until(lambda: self.page.ask(IS_IDLE), 60, "the kernel")

    def run_all(self) -> None:
        """Run, Run All Cells: in the menu, as a person does."""
        self.page.click(".lm-MenuBar-itemLabel", "Run")
        self.page.click(".lm-Menu-itemLabel", "Run All Cells")

    def run_until(self, cell: str) -> None:
        """Shift+Enter from the selected cell on, until this one is finished."""
        for _ in range(120):
            self.page.press("Enter", SHIFT)
            time.sleep(0.1)
            self.page.until(lambda: self.page.ask(NOTHING_RUNS), 60, "the end of a cell")
            if cell in {entry.data["id"] for entry in self.entries("cell.finished")}:
                return
        raise AssertionError(f"{cell} was never reached")

    def start_at_the_top(self) -> None:
        """Select the first cell, in command mode."""
        self.page.click(f"{NOTEBOOK} .jp-Cell .jp-InputPrompt, {NOTEBOOK} .jp-Cell .jp-RenderedMarkdown")
        self.page.press("Escape")
        self.page.ask(f"document.querySelector('{NOTEBOOK}').focus()")

    def select(self, source: str) -> None:
        """Click beside the cell with this source."""
        cells = f"[...document.querySelectorAll('{NOTEBOOK} .jp-CodeCell')]"
        has = f"e => e.querySelector('.cm-content')?.innerText.trim() === {json.dumps(source)}"
        mark = f"(e => {{ if (e) e.id = 'wanted'; return !!e; }})({cells}.find({has}))"
        self.page.until(lambda: self.page.ask(mark), 20, source)
        self.page.click("#wanted .jp-InputPrompt")
        self.page.press("Escape")

    def closed(self, seconds: float = 120) -> dict[str, Any]:
        """Wait until the record is sealed; its summary."""
        summary = self.run_dir / "summary.json"
        self.page.until(lambda: (self.run_dir / "MANIFEST.json").exists(), seconds, "the sealed record")
        found: dict[str, Any] = json.loads(summary.read_text("utf-8"))
        return found


@contextlib.contextmanager
def opened(page: Page, sandbox: Path, runs: Path, *options: str, name: str = "database-failure") -> Iterator[Opened]:
    """``runbook open`` on a sandbox, and Ctrl-C at the end."""
    command = [
        sys.executable,
        "-m",
        "runbook.cli.main",
        "open",
        name,
        "--env",
        "sandbox",
        "--runs",
        str(runs),
        "--json",
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RUNBOOK_")}
    environment = {**kept, "RUNBOOK_SANDBOX": str(sandbox), "RUNBOOK_NO_BROWSER": "1"}
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            told = ""
            while "\n}" not in told:
                line = process.stdout.readline() if process.stdout else ""
                assert line, process.stderr.read() if process.stderr else "open ended"
                told += line
            where = json.loads(told)
            notebook = Opened(page, Path(where["run_dir"]), where["url"], sandbox, process)
            notebook.show()
            yield notebook
        finally:
            page.go("about:blank")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
