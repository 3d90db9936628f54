"""The night of tests/view/samples.py, once rendered."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "view"))
import samples

sys.path.pop(0)

from runbook.report import render


@pytest.fixture(scope="session")
def night():
    return samples.night()


@pytest.fixture(scope="session")
def page(night) -> str:
    return render(*night)
