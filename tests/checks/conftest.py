"""One real PostgreSQL for the tests of this folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runbook.sandbox.postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    from runbook.sandbox.postgres import own_postgres

    # Not under pytest's own folder: that one is closed to the user that a server started by root becomes.
    with own_postgres(Path(tempfile.mkdtemp(prefix="runbook-test-"))) as server:
        yield server
