"""From a figure and its threshold to a status; the worst of several."""

from __future__ import annotations

from collections.abc import Iterable

from runbook.model import Status
from runbook.policy import Threshold

ORDER = (Status.OK, Status.UNKNOWN, Status.WARNING, Status.CRITICAL)


def judged(figure: float, threshold: Threshold) -> Status:
    """Critical above the critical bar, warning above the warning bar, else ok."""
    if threshold.critical is not None and figure > threshold.critical:
        return Status.CRITICAL
    if threshold.warning is not None and figure > threshold.warning:
        return Status.WARNING
    return Status.OK


def worst(statuses: Iterable[Status]) -> Status:
    """The worst status; unknown is worse than ok and better than what is known to be bad."""
    return max(statuses, key=ORDER.index, default=Status.OK)


def bar(threshold: Threshold) -> float | None:
    """The bar that the finding names: the critical one, else the warning."""
    return threshold.critical if threshold.critical is not None else threshold.warning
