"""Explanations: pure functions over findings, no I/O. ``explain`` asks every one of them, of all procedures."""

from __future__ import annotations

from runbook.causes import (
    auth,
    bookings,
    connections,
    data,
    database,
    deployments,
    flags,
    jobs,
    leaked,
    migrations,
    vendors,
    webhooks,
)
from runbook.causes.frame import Explain, Findings, rank
from runbook.model import Cause

EVERY: tuple[Explain, ...] = (
    *vendors.EVERY, *database.EVERY, *connections.EVERY, *data.EVERY, *deployments.EVERY, *flags.EVERY,
    *leaked.EVERY, *auth.EVERY, *migrations.EVERY, *webhooks.EVERY, *bookings.EVERY, *jobs.EVERY,
)  # fmt: skip

__all__ = ["EVERY", "explain"]


def explain(findings: Findings) -> list[Cause]:
    """The causes that explain the findings, best supported first; none in a healthy world."""
    return rank(EVERY, findings)
