"""What one login tells: how long it took, or which layer failed and what that means. Pure."""

from __future__ import annotations

import re
from typing import Protocol

from runbook.checks.frame import Answer
from runbook.checks.judge import bar, judged
from runbook.model import Status
from runbook.policy import Threshold


class Probe(Protocol):
    """One try to log in."""

    ok: bool
    seconds: float
    layer: str
    message: str


# What the server or the pooler says, and the layer that it comes from. Supavisor's texts: Supabase docs, Supavisor
# troubleshooting, and supabase/supavisor pull request 473; PostgreSQL's own: src/backend/utils/init/postinit.c.
SAYS = (
    (r"EMAXCONN|max(imum)? client|max clients|unable to check out|pool_size", "pool"),
    (r"ECIRCUITBREAKER|too many authentication failures|ENOTFOUND|tenant or user not found|ECONNREFUSED", "pooler"),
    (r"remaining connection slots|too many connections for role|too many clients already", "slots"),
    (r"starting up|shutting down|in recovery mode|not yet accepting", "starting"),
)
MEANS = {
    "name": "its name cannot be looked up",
    "route": "this machine has no route to it",
    "network": "nobody listens there",
    "tls": "the encrypted connection fails",
    "login": "the login is refused",
    "slots": "Postgres is full for us as well",
    "starting": "Postgres is starting or stopping",
    "pool": "the pool is used up",
    "pooler": "the pooler refuses clients",
    "query": "it lets us in and does not answer",
}


def layer_of(probe: Probe) -> str:
    """The layer that failed, by what was said; empty when none did."""
    if probe.ok:
        return ""
    for pattern, layer in SAYS:
        if re.search(pattern, probe.message, re.IGNORECASE):
            return layer
    return probe.layer


def connection(probe: Probe, threshold: Threshold, source: str) -> Answer:
    """One login as an answer: seconds when it worked, the failing layer when not."""
    layer = layer_of(probe)
    facts = {"layer": layer, "message": probe.message[:200], "seconds": round(probe.seconds, 3)}
    if probe.ok:
        status, told = judged(probe.seconds, threshold), f"answers in {probe.seconds * 1000:.0f} ms"
    else:
        status = Status.CRITICAL
        told = f"{MEANS.get(layer, 'it fails')} (layer {layer}): {probe.message[:200]}"
    seconds = round(probe.seconds, 3)
    return Answer(status, told, seconds, "s", bar(threshold), source, rows=[
        {"layer": layer or "all", "works": probe.ok, "seconds": seconds, "message": probe.message[:200]}
    ], facts=facts)  # fmt: skip
