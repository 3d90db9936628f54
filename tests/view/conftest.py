"""The shared samples, and golden files: RUNBOOK_GOLDEN=write rewrites them, the diff is what a reader will notice."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import samples

sys.path.pop(0)

from runbook.view import Views

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def clock() -> samples.Clock:
    return samples.Clock()


@pytest.fixture
def views(clock: samples.Clock) -> Views:
    return Views(sandbox=True, interactive=False, times=clock.times())


@pytest.fixture
def reads_as() -> Callable[[str, object], None]:
    def compare(name: str, view: object) -> None:
        path = GOLDEN / f"{name}.txt"
        if os.environ.get("RUNBOOK_GOLDEN") == "write":
            path.write_text(f"{view}\n", "utf-8")
        assert f"{view}\n" == path.read_text("utf-8")

    return compare
