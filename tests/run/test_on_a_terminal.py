"""A deployment rolled back from a terminal: one command, two confirms, no browser."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from worlds import CHECKOUT

if TYPE_CHECKING:
    from worlds import Runs

QUESTION = b"for no: "
SECONDS = 60


def on_a_terminal(world: Runs, answer: str, browser: Path) -> tuple[int, str]:
    """The whole command on a terminal of its own, each question answered the same; exit code and what was shown."""
    line = [
        sys.executable,
        "-m",
        "runbook.cli.main",
        "run",
        "deployment-rollback",
        "--env",
        "sandbox",
        "--mode",
        "act",
        "--ask",
    ]
    told = {
        **{key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_")},
        "RUNBOOK_SANDBOX": str(world.state), "RUNBOOK_HOME": str(CHECKOUT), "RUNBOOK_RUNS": str(world.runs),
        "RUNBOOK_OPERATOR": "ada@agency.test", "BROWSER": str(browser),
    }  # fmt: skip
    ours, theirs = pty.openpty()
    process = subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs, env=told, start_new_session=True)
    os.close(theirs)
    shown, answered, give_up = b"", 0, time.monotonic() + SECONDS
    try:
        while time.monotonic() < give_up:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the other side has closed
                break
            while shown.count(QUESTION) > answered:
                answered += 1
                os.write(ours, answer.encode() + b"\n")
        return process.wait(20), shown.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_one_command_and_two_confirms_freeze_and_roll_back_and_open_no_browser(world: Runs, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\ntouch {tmp_path}/opened\n")
    browser.chmod(0o755)
    world.break_("bad_deployment")
    exit_code, shown = on_a_terminal(world, "y", browser)
    assert exit_code == 0, shown[-3000:]
    asked = [part.rpartition("To approve ")[2].partition("@")[0] for part in shown.split("for no: ")[:-1]]
    assert asked == ["freeze_deployments", "roll_back_deployment"]
    assert not (tmp_path / "opened").exists()
    after = world.state_now()
    assert (after["home"], after["auto_assign"], after["deployments_frozen"]) == (200, False, True)


def test_a_no_at_each_question_changes_nothing(world: Runs, tmp_path: Path) -> None:
    world.break_("bad_deployment")
    known = world.changes()
    exit_code, shown = on_a_terminal(world, "", tmp_path / "none")
    assert exit_code == 4, shown[-3000:]
    assert shown.count("not approved") >= 2
    assert world.changes() == known
