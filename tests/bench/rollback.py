"""A deployment rolled back as one command: from the keyboard to the proof, with a vendor as slow as the real one."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checkout
from runbook.sandbox import lifecycle
from timing import plain_environment

ANSWER_MILLISECONDS, ALIAS_SECONDS = 300, 3
FAULTS = [
    {"bad_deployment": {}}, {"slow_answers": {"milliseconds": ANSWER_MILLISECONDS}}, {"slow_alias": {"seconds": ALIAS_SECONDS}},
]  # fmt: skip


@dataclass(frozen=True)
class Rollback:
    """The seconds of each whole command, and of it the action with its proof."""

    seconds: tuple[float, ...]
    action_seconds: tuple[float, ...]


def measure(commands: Path, rounds: int) -> Rollback:
    """Break the site, roll it back, and begin again; a run that does not recover is no measurement."""
    seconds, acting = [], []
    with lifecycle.own_sandbox() as state, tempfile.TemporaryDirectory(prefix="runbook-bench-") as folder:
        for number in range(rounds):
            lifecycle.control("POST", "break", {"faults": FAULTS}, state)
            runs = Path(folder) / str(number)
            plans = _run(commands, state, runs / "rehearsed", 4)["plans"]
            (plan,) = (one for one in plans if one["action"] == "roll_back_deployment")
            wanted, _, _ = plan["objects"][0].partition(" instead of ")
            started = time.perf_counter()
            done = _run(commands, state, runs / "done", 0, "--mode", "act", "-p", "deployment", wanted,
                        "--approve", "roll_back_deployment")  # fmt: skip
            seconds.append(time.perf_counter() - started)
            (action,) = (one for one in done["actions"] if one["action"] == "roll_back_deployment")
            if action["outcome"] != "done":
                raise RuntimeError(f"roll_back_deployment ended {action['outcome']}: {action['reason']}")
            acting.append(action["seconds"])
    return Rollback(tuple(seconds), tuple(acting))


def _run(commands: Path, state: Path, runs: Path, expected: int, *words: str) -> dict[str, Any]:
    line = [str(commands / "runbook"), "run", "deployment-rollback", "--env", "sandbox", "--json", *words]
    done = subprocess.run(
        line, capture_output=True, text=True, cwd=checkout.ROOT, timeout=300,
        env=plain_environment(RUNBOOK_SANDBOX=state, RUNBOOK_RUNS=runs),
    )  # fmt: skip
    if done.returncode != expected:
        raise RuntimeError(f"{' '.join(line)} ended with {done.returncode}: {(done.stderr or done.stdout)[-500:]}")
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary
