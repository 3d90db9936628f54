"""Composition root: opens the clients of one environment, each when first asked. The only place that picks real things."""

from __future__ import annotations

from typing import Any

from runbook.model import Identity
from runbook.times import Times


class Systems:
    """STUB being written: profile, policy, secrets, times, one lazy property per client, identity(name)."""

    times: Times
    profile: Any
    policy: Any

    def identity(self, system: str) -> Identity | None:
        """Who the system said it is when the run opened; None when it was not asked."""
        raise NotImplementedError
