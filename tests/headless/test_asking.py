"""``--ask`` on a real terminal: consent grows with danger, a no is a no, and nobody is asked twice."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from runbook import approval
from runbook.model import Danger, Plan, PlannedObject

PLAN = """from runbook.model import Danger, Plan, PlannedObject
plan = Plan(action="end_it", danger=Danger.{danger}, environment="plain", target="db", arguments={{}},
            objects=(PlannedObject("1@a", {{"role": "app\\x1b[2J"}}), PlannedObject("2@b")))
run._journal.append("plan.made", plan.as_json())"""
LOOK = """from datetime import timedelta
from runbook import approval
now = run._times.now()
lying = approval.from_files(run.facts.incident_dir, plan, valid=timedelta(minutes=30), now=now)
found, why = approval.permit(plan, lying, now)
print("approved by", found[0].approver if found else None)"""


@pytest.fixture
def answer(home) -> Callable[..., tuple[str, str]]:
    """Run with ``--ask`` on a terminal, type this when asked; what the terminal showed, what the next cell saw."""

    def answer(danger: str, typed: str, mode: str = "act") -> tuple[str, str]:
        home.write(PLAN.format(danger=danger), LOOK)
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "runbook.cli.main", "run", "sample", "--env", "plain", "--mode", mode, "--ask"]
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        shown = b""
        give_up = time.monotonic() + 30
        while time.monotonic() < give_up:
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the terminal's other side is closed
                break
            if typed and b"for no:" in shown:
                os.write(ours, typed.encode() + b"\n")
                typed = ""
        assert process.wait(20) == 0
        os.close(ours)
        return shown.decode(), home.outputs(home.only_run, "step-1")

    return answer


def plan_of(danger: str) -> Plan:
    return Plan(action="end_it", danger=Danger[danger], environment="plain", target="db", arguments={},
                objects=(PlannedObject("1@a"), PlannedObject("2@b")))  # fmt: skip


@pytest.mark.parametrize("danger", ["REVERSIBLE", "SIDE_EFFECT", "DISRUPTIVE", "DESTRUCTIVE"])
def test_the_right_words_approve_this_plan_for_the_next_cell(home, answer, danger):
    words = approval.expected_words(plan_of(danger)) or "y"
    shown, seen = answer(danger, words)
    assert "approved by mira" in seen
    assert "end_it" in shown and "1@a" in shown and "\x1b[2J" not in shown
    (path,) = (home.only_run.parent / "approvals").rglob("*.json")
    written = json.loads(path.read_text())
    assert (written["action"], written["target"], written["signature"]) == ("end_it", "db", None)
    assert written["plan_id"] == plan_of(danger).plan_id


@pytest.mark.parametrize(("danger", "words"), [("SIDE_EFFECT", "y"), ("DISRUPTIVE", "yes"), ("DESTRUCTIVE", "2")])
def test_other_words_are_a_no(home, answer, danger, words):
    shown, seen = answer(danger, words)
    assert "not approved" in shown
    assert "approved by None" in seen
    assert not (home.only_run.parent / "approvals").exists()


def test_nobody_is_asked_in_a_rehearsal(answer):
    shown, seen = answer("REVERSIBLE", "", mode="rehearse")
    assert "To approve" not in shown
    assert "approved by None" in seen


def test_without_a_terminal_nobody_is_asked(home):
    end = home.run(PLAN.format(danger="REVERSIBLE"), LOOK, ask=True, parameters={"mode": "act"})
    assert end.exit_code == 0
    assert "approved by None" in home.outputs(end.run_dir, "step-1")


def test_ctrl_c_at_the_question_ends_the_run_in_order(home):
    home.write(PLAN.format(danger="REVERSIBLE"), LOOK)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "runbook.cli.main", "run", "sample", "--env", "plain", "--mode", "act", "--ask"]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown = b""
    while b"for no:" not in shown:
        shown += os.read(ours, 65536)
    process.send_signal(2)
    with contextlib.suppress(OSError):  # the other side has closed
        while os.read(ours, 65536):
            pass
    assert process.wait(20) == 130
    os.close(ours)
    assert home.states(home.only_run)["step-1"] == "not_run"
    assert home.is_whole(home.only_run)
