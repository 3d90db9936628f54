"""A small sealed record, made without a kernel; and a checkout whose notebooks run with real ones."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "headless")]
import canaries  # noqa: E402, F401
from checkouts import make_home  # noqa: E402
from record_support import ordinary_events, write_record  # noqa: E402

del sys.path[:2]


@pytest.fixture
def record(tmp_path):
    run = "20261123T100000Z-n-0a1b"
    write_record(tmp_path / "INC-1" / run, ordinary_events(run))
    return tmp_path / "INC-1" / run


@pytest.fixture
def home(tmp_path, monkeypatch):
    return make_home(tmp_path / "home", monkeypatch)
