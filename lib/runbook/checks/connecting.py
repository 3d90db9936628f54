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
    (r"pool is full|as many clients as it takes", "pool"),  # the pooler's connections are all held
    (r"connections .*taken|as many connections as it may", "slots"),  # Postgres' own are, or the role's
    (r"starting up, shutting down", "starting"),  # Postgres answers and is not ready
    (r"database behind it", "behind"),  # the pooler answers, Postgres does not answer the pooler
)


def layer_of(probe: Probe) -> str:
    """The layer that failed; empty when none did."""
    if probe.ok:
        return ""
    return next((layer for pattern, layer in FINER if re.search(pattern, probe.message)), probe.layer)


def connection(probe: Probe, threshold: Threshold, source: str) -> Answer:
    """One login as an answer: seconds when it worked, the failing layer when not; unknown when nothing was tried."""
    if probe.layer == "settings":
        return Answer(Status.UNKNOWN, probe.message, facts={"fault": Fault.NOT_SET.value, "system": "database"})
    layer, seconds = layer_of(probe), round(probe.seconds, 3)
    message = re.sub(r"^(direct|pooled): ", "", probe.message)[:200]
    told = f"answers in {seconds * 1000:.0f} ms" if probe.ok else f"{message} (failing layer: {layer})"
    return Answer(
        judged(seconds, threshold) if probe.ok else Status.CRITICAL, told, seconds, "s", bar(threshold), source,
        rows=[{"works": probe.ok, "failing_layer": layer or "none", "seconds": seconds, "message": message}],
        facts={"layer": layer, "message": message, "seconds": seconds},
    )  # fmt: skip
