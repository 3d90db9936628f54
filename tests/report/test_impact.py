"""Customers hurt, before and after: what was counted, and never a number that nobody knows."""

from __future__ import annotations

from typing import Any

import pytest
from runbook.record.journal import Entry
from runbook.report.impact import customers_hurt

HURT = {"customers_hurt": 12, "amounts": ["588.00 EUR"], "whole": True}
NOBODY: dict[str, Any] = {"customers_hurt": 0, "amounts": [], "whole": True}
UNKNOWN = {"fault": "timeout", "system": "stripe"}


def journal(*answers: dict[str, Any], check: str = "webhooks.customers") -> list[Entry]:
    return [
        Entry(
            number,
            "2026-01-05T03:00:00Z",
            "check.finished",
            {"check": check, "summary": "no answer", "facts": facts},
            "",
            "",
        )
        for number, facts in enumerate(answers)
    ]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ((HURT, NOBODY), "before: 12, who paid 588.00 EUR; after: 0"),
        ((HURT, HURT | {"customers_hurt": 13}, NOBODY), "before: 12, who paid 588.00 EUR; after: 0"),
        ((HURT,), "before: 12, who paid 588.00 EUR; not asked again"),
        ((HURT, UNKNOWN), "before: 12, who paid 588.00 EUR; after: not known (no answer)"),
        ((UNKNOWN, NOBODY), "before: not known (no answer); after: 0"),
        ((HURT | {"whole": False}, NOBODY), "before: at least 12, who paid 588.00 EUR; after: 0"),
    ],
)
def test_the_first_and_the_last_count_are_told(answers: tuple[dict[str, Any], ...], told: str) -> None:
    assert customers_hurt(journal(*answers)) == [("Customers hurt", told)]


def test_where_nothing_counts_customers_nothing_is_said() -> None:
    assert customers_hurt([]) == customers_hurt(journal(UNKNOWN)) == []


def test_two_checks_that_count_are_told_apart() -> None:
    both = [*journal(HURT), *journal(NOBODY, check="bookings.customers")]
    assert [label for label, _ in customers_hurt(both)] == [
        "Customers hurt, webhooks.customers", "Customers hurt, bookings.customers",
    ]  # fmt: skip
