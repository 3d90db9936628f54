"""What the tests of this folder share, in a package of their own; the documents, the recordings, and the report."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from runbook.sandbox import lifecycle

sys.path.insert(0, str(Path(__file__).parent))
from vendor_contract.documents import Document, load
from vendor_contract.recording import Contract, Recording, record
from vendor_contract.report import Coverage, lines

sys.path.pop(0)
COVERAGE = pytest.StashKey[dict[str, Coverage]]()


class Recordings:
    """Each contract's case, played once in one sandbox when a test first asks."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._played: dict[str, Recording] = {}

    def of(self, contract: Contract) -> Recording:
        if contract.system not in self._played:
            self._played[contract.system] = record(contract, self.state)
        return self._played[contract.system]


class Documents:
    """The vendors' documents, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[str, Document] = {}

    def of(self, contract: Contract) -> list[Document]:
        return [self.named(name) for name in contract.documents]

    def named(self, name: str) -> Document:
        if name not in self._read:
            self._read[name] = load(self.folder, name)
        return self._read[name]


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recordings]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("contract")) as state, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNBOOK_SANDBOX", str(state))
        yield Recordings(state)


@pytest.fixture(scope="session")
def documents() -> Documents:
    folder = os.environ.get("RUNBOOK_SPECS")
    if not folder:
        pytest.skip("RUNBOOK_SPECS does not name the folder of the vendors' documents")
    return Documents(Path(folder))


@pytest.fixture(scope="session")
def coverage(pytestconfig: pytest.Config) -> dict[str, Coverage]:
    """What each contract's run covered, for the report at the end."""
    return pytestconfig.stash.setdefault(COVERAGE, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in lines(config.stash.get(COVERAGE, {})):
        terminalreporter.write_line(line)
