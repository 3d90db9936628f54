"""One Chromium and one sandbox for all; each test gets the sandbox healthy."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runbook.sandbox import lifecycle

sys.path.insert(0, str(Path(__file__).parent))
import chromium


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[chromium.Page]:
    if chromium.executable() is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed; CI installs it")
    with chromium.browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("sandbox")) as path:
        yield path


@pytest.fixture
def sandbox(state: Path) -> Iterator[Path]:
    yield state
    lifecycle.repair(state)
