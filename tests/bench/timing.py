"""Paired timing: both sides take turns in one go, in changing order, so that a busy machine is busy for both."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """The seconds of both sides, round by round."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios: what a change of the machine's speed between rounds cannot move."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def difference(self) -> float:
        """The median of the rounds' differences."""
        return statistics.median(a - b for a, b in zip(self.ours, self.theirs, strict=True))


def paired(ours: Callable[[], object], theirs: Callable[[], object], rounds: int, warm_up: int = 1) -> Pair:
    """Time both, one after the other, ``rounds`` times; the first rounds fill caches and do not count."""
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(warm_up + rounds):
        sides = [("ours", ours), ("theirs", theirs)]
        for name, side in sides if number % 2 else reversed(sides):
            started = time.perf_counter()
            side()
            if number >= warm_up:
                seconds[name].append(time.perf_counter() - started)
    return Pair(tuple(seconds["ours"]), tuple(seconds["theirs"]))


def command(words: Sequence[str | Path], cwd: Path, environment: Mapping[str, str]) -> Callable[[], None]:
    """A command to time; a failure of it is no measurement."""

    def call() -> None:
        done = subprocess.run(
            [str(word) for word in words], cwd=cwd, env=dict(environment), capture_output=True, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr[-500:]}")

    return call


def plain_environment(**more: str | Path) -> dict[str, str]:
    """The environment without what belongs to a run, and with byte code kept: as on a machine that is in use."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RUNBOOK_") and k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {name: str(value) for name, value in more.items()}


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)
