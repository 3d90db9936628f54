"""What one login tells: how long it took, or which layer failed and what that means. Pure."""

from __future__ import annotations

import re

from runbook.checks.frame import Answer
from runbook.checks.judge import bar, judged
from runbook.db import Probe
from runbook.errors import Fault
from runbook.model import Status
from runbook.policy import Threshold

# What a refused login says, finer than the layer: who must act depends on it.
FINER = (
    (r"pool is full|as many clients as it takes", "pool"),
    (r"connections .*taken|as many connections as it may", "slots"),
    (r"starting up, shutting down", "starting"),
    (r"database behind it", "behind"),
)
MEANS = {
    "name": "its name cannot be looked up",
    "network": "it cannot be reached",
    "login": "the login is refused",
    "pool": "the pool is used up",
    "pooler": "the pooler refuses clients",
    "slots": "Postgres has no connection left, for us either",
    "starting": "Postgres is not ready",
    "behind": "the database behind the pooler does not answer",
    "postgres": "Postgres refuses",
}


def layer_of(probe: Probe) -> str:
    """The layer that failed; empty when none did."""
    if probe.ok:
        return ""
    return next((layer for pattern, layer in FINER if re.search(pattern, probe.message)), probe.layer)


def connection(probe: Probe, threshold: Threshold, source: str) -> Answer:
    """One login as an answer: seconds when it worked, the failing layer when not; unknown when nothing was tried."""
    if probe.layer == "settings":
        return Answer(Status.UNKNOWN, probe.message, facts={"fault": Fault.NOT_SET.value, "system": "database"})
    layer, seconds, message = layer_of(probe), round(probe.seconds, 3), probe.message[:200]
    told = f"answers in {seconds * 1000:.0f} ms" if probe.ok else f"{MEANS.get(layer, 'it fails')}: {message}"
    return Answer(
        judged(seconds, threshold) if probe.ok else Status.CRITICAL, told, seconds, "s", bar(threshold), source,
        rows=[{"works": probe.ok, "failing_layer": layer or "none", "seconds": seconds, "message": message}],
        facts={"layer": layer, "message": message, "seconds": seconds},
    )  # fmt: skip
