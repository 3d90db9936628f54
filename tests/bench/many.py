"""Many runs at once: how many fail, and how long until the last has ended."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import checkout
from rows import Row
from timing import plain_environment

SECONDS = 600.0


@dataclass(frozen=True)
class Herd:
    """What came of processes that were started together."""

    failed: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.failed} failed, {self.seconds:.0f} s"


def at_once(commands: Path, home: Path, runs: int) -> Row:
    """Started together: ours, then as many bare papermills, each into a file of its own."""
    environment = plain_environment(RUNBOOK_HOME=home, RUNBOOK_ENV="plain")
    ours = _herd([[commands / "runbook", "run", "opening"]] * runs, home, environment)
    source = checkout.notebook(home, "empty")
    bare = [
        [commands / "papermill", "--no-progress-bar", source, home / f"out-{number}.ipynb"] for number in range(runs)
    ]
    theirs = _herd(bare, home, environment)
    return Row(
        f"{runs} runs at once, each opens and closes its run", str(ours), f"{theirs} (bare papermill, empty notebook)",
        f"{ours.seconds / theirs.seconds:.2f}", "0 failed", ours.failed == 0,
    )  # fmt: skip


def _herd(lines: Sequence[Sequence[object]], home: Path, environment: Mapping[str, str]) -> Herd:
    began = time.monotonic()
    running = [
        subprocess.Popen(
            [str(word) for word in line],
            cwd=home,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for line in lines
    ]
    codes = [one.wait(SECONDS) for one in running]
    return Herd(sum(code != 0 for code in codes), time.monotonic() - began)
