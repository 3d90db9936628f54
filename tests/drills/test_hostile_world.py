"""Scenarios once more, rehearsed while the vendors answer with hostile text or with our own tokens: nothing in any record
acts, nothing of it opens a door, and every procedure still reaches its last cell.
"""

from __future__ import annotations

import html.parser
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import canaries
import pytest
from runbook.sandbox import lifecycle, scenarios
from runbook.sandbox.doors import STATUS_PAGES, VENDORS

CHECKOUT = Path(__file__).resolve().parents[2]
SYSTEMS = [vendor.name for vendor in VENDORS] + [f"{name}_status" for name in STATUS_PAGES]
# What acts: control characters but line breaks and tabs, and marks that turn the direction of a text.
ACTS = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
ACTING = {"script", "iframe", "object", "embed", "svg", "link", "base", "form", "input", "button", "video", "audio"}
OUR_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("hostile")) as path:
        yield path


class Page(html.parser.HTMLParser):
    """Each tag that would act."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.acting: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            is_away = name in ("src", "href", "action") and not (value or "").startswith(
                ("#", "data:image/png;base64,")
            )
            if name.startswith("on") or is_away:
                self.acting.append(f"{tag} {name}={value}")
        if tag in ACTING:
            self.acting.append(tag)


def broken(state: Path, scenario: scenarios.Scenario, kind: str) -> None:
    faults = [{one.name: dict(one.arguments)} for one in scenario.faults]
    named = {
        system
        for one in scenario.faults
        if one.name == "api_answers"
        for system in one.arguments.get("systems", ["supabase"])
    }
    systems = [name for name in SYSTEMS if name not in named]
    lifecycle.control(
        "POST", "break", {"faults": [*faults, {"api_answers": {"kind": kind, "systems": systems}}]}, state
    )
    time.sleep(scenario.wait_seconds)


def rehearsed(state: Path, runs: Path, scenario: scenarios.Scenario) -> subprocess.CompletedProcess[str]:
    outside = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")}
    words = [word for key, value in scenario.parameters.items() for word in ("-p", key, str(value))]
    return subprocess.run(
        [sys.executable, "-m", "runbook.cli.main", "run", scenario.notebook, "--env", "sandbox", *words],
        capture_output=True, text=True, check=False, cwd=CHECKOUT, timeout=100,
        env={**outside, "RUNBOOK_SANDBOX": str(state), "RUNBOOK_RUNS": str(runs)},
    )  # fmt: skip


def texts(run_dir: Path) -> Iterator[tuple[str, str]]:
    """Everything that a browser shows of a record: the report, and each output by its kind."""
    yield "text/html", (run_dir / "report.html").read_text()
    for cell in json.loads((run_dir / "notebook.ipynb").read_text())["cells"]:
        for output in cell.get("outputs", []):
            if output["output_type"] == "stream":
                yield "text/plain", "".join(output["text"])
            for kind, value in output.get("data", {}).items():
                yield kind, "".join(value) if isinstance(value, (str, list)) else json.dumps(value)


# Each procedure where it finds much and plans much, and where it finds nothing and so says what every vendor said.
CASES = [
    ("idle-transaction-leak", "hostile"), ("leak-and-vendor-outage", "hostile"), ("traffic-spike", "hostile"),
    ("bad-deployment", "hostile"), ("domain-left-behind", "hostile"), ("flag-raises-errors", "hostile"),
    ("healthy", "hostile everywhere"), ("deployment-healthy", "hostile everywhere"), ("flags-healthy", "hostile everywhere"),
    ("idle-transaction-leak", "echo"), ("bad-deployment", "echo"), ("flag-raises-errors", "echo"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_nothing_acts_and_no_secret_stays(state: Path, tmp_path: Path, name: str, kind: str) -> None:
    scenario = scenarios.load(name, CHECKOUT)
    broken(state, scenario, kind)
    done = rehearsed(state, tmp_path, scenario)
    (run_dir,) = (path.parent for path in tmp_path.glob("*/*/journal.jsonl"))
    summary: dict[str, Any] = json.loads((run_dir / "summary.json").read_text())
    assert done.returncode in (0, 3, 4, 5), done.stdout + done.stderr
    assert {cell["state"] for cell in summary["cells"]} == {"completed"}
    if kind == "hostile":
        assert "alert(1)" in (run_dir / "journal.jsonl").read_text(), "no hostile text came as far as the record"
    for kind_of_text, text in texts(run_dir):
        assert kind_of_text in ("text/html", "text/plain", "image/png", "application/vnd.jupyter.widget-view+json")
        if kind_of_text == "text/html":
            assert Page(text).acting == []
        assert not ACTS.search(text.replace("\r\n", "\n")), ACTS.search(text)
    assert not ACTS.search(OUR_COLOURS.sub("", done.stdout + done.stderr))
    secrets = {
        key: value for key, value in json.loads(state.read_text())["secrets"].items() if not key.endswith("_USER")
    }
    assert canaries.leaks(tmp_path, secrets) == []
    assert canaries.leaks_in(done.stdout + done.stderr, secrets) == []
