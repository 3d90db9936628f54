"""From a figure to a status."""

from __future__ import annotations

from pathlib import Path

import pytest
from runbook import policy
from runbook.checks.judge import judged, worst
from runbook.model import Status
from runbook.policy import Threshold

ROOT = Path(__file__).resolve().parents[2]
V1 = "Markdown runbook"


@pytest.mark.parametrize(
    ("figure", "status"), [(80.0, Status.WARNING), (80.1, Status.CRITICAL), (60.0, Status.OK), (60.1, Status.WARNING)]
)
def test_a_threshold_is_broken_above_it_not_at_it(figure: float, status: Status) -> None:
    assert judged(figure, Threshold(60, 80, "%", "test")) is status


def test_a_bar_that_is_not_set_is_never_broken() -> None:
    assert judged(1e9, Threshold(None, None, "s", "test")) is Status.OK


def test_unknown_is_never_green_and_never_hides_what_is_known_to_be_bad() -> None:
    assert worst([Status.OK, Status.UNKNOWN]) is Status.UNKNOWN
    assert worst([Status.UNKNOWN, Status.WARNING]) is Status.WARNING


@pytest.mark.parametrize(
    ("name", "critical"),
    [
        ("connection_pool", 80),
        ("query_time", 1),
        ("response_time", 2),
        ("database_disk", 80),
        ("idle_transaction_age", 1800),
    ],
)
def test_the_thresholds_of_the_markdown_runbook_are_kept_and_say_so(name: str, critical: float) -> None:
    threshold = policy.load(ROOT).threshold(name)
    assert threshold.critical == critical
    assert V1 in threshold.source


def test_every_threshold_says_whose_it_is() -> None:
    for name, threshold in policy.load(ROOT).thresholds.items():
        assert threshold.source.startswith((V1, "ours: ")), name
