"""A stage for runs in this process, and a checkout for those with a kernel."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "headless")]
from checkouts import Home, make_home  # noqa: E402
from stage import Stage  # noqa: E402

del sys.path[:2]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "runs" / "INC-1")
    yield stage
    for run in stage.opened:
        run.let_go()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return make_home(tmp_path / "home", monkeypatch)
