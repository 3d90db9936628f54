"""A small sealed record, made without a kernel."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from record_support import ordinary_events, write_record

sys.path.pop(0)


@pytest.fixture
def record(tmp_path):
    run = "20261123T100000Z-n-0a1b"
    write_record(tmp_path / "INC-1" / run, ordinary_events(run))
    return tmp_path / "INC-1" / run
