"""A stage for runs in this process, a checkout for those with a kernel, the sandbox for those that are killed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runbook.sandbox import lifecycle

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "headless")]
from checkouts import Home, make_home  # noqa: E402
from stage import Stage  # noqa: E402
from worlds import CHECKOUT, Runs  # noqa: E402

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


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("sandbox")) as path:
        yield path


@pytest.fixture
def world(state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setenv("RUNBOOK_SANDBOX", str(state))
    monkeypatch.setenv("RUNBOOK_HOME", str(CHECKOUT))
    yield Runs(state, tmp_path / "runs")
    lifecycle.repair(state)
