"""What the disk, the replicas and the statement statistics say. Pure: rows in, answer out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runbook.checks.frame import Answer
from runbook.checks.judge import bar, judged, worst
from runbook.checks.sessions import share
from runbook.model import Status
from runbook.policy import Threshold

MB = 1_000_000
Rows = Sequence[dict[str, Any]]


def replicas(streams: Rows, slots: Rows, lag: Threshold, retained: Threshold, source: str) -> Answer:
    """How far replicas are behind in bytes (time means nothing while nobody writes), and what their slots retain."""
    behind = [(row["lag_bytes"] or 0) / MB for row in streams]
    kept = [(row["retained_bytes"] or 0) / MB for row in slots]
    dead = [row["slot"] for row in slots if not row["active"]]
    status = worst([*(judged(mb, lag) for mb in behind), *(judged(mb, retained) for mb in kept)])
    told = [f"{len(streams)} replicas, the last {max(behind):.0f} MB behind" if streams else "no replica is connected"]
    if slots:
        told.append(f"{len(slots)} slots keep up to {max(kept):.0f} MB of log")
    if dead:
        told.append(f"nobody reads {', '.join(dead[:3])}")
    rows = [
        *({"what": "replica", "name": r["replica"], "state": r["state"], "mb": round(mb, 1)}
          for r, mb in zip(streams, behind, strict=True)),
        *({"what": "slot", "name": r["slot"], "state": "active" if r["active"] else "inactive", "mb": round(mb, 1)}
          for r, mb in zip(slots, kept, strict=True)),
    ]  # fmt: skip
    return Answer(
        status, "; ".join(told), round(max(behind, default=0.0), 1), "MB", bar(lag), source, rows=rows,
        facts={"replicas": len(streams), "lag_mb": round(max(behind, default=0.0), 1), "dead_slots": dead[:10]},
    )  # fmt: skip


def disk(
    *, used: float | None, size: float | None, read_only: bool, sizes: Rows, threshold: Threshold, source: str
) -> Answer:
    """How full the database's disk is, and whether new transactions may write at all."""
    percent = share(used, size) if used is not None and size is not None else None
    status = Status.UNKNOWN if percent is None else judged(percent, threshold)
    told = "how full the disk is cannot be told" if percent is None else f"{percent:.0f} % of {size:,.0f} bytes used"
    if percent is not None and size is not None:
        told = f"{percent:.0f} % of {size / 1024**3:.0f} GiB used"
    return Answer(
        Status.CRITICAL if read_only else status,
        f"the database only reads; {told}" if read_only else f"{told}; the database takes writes",
        None if percent is None else round(percent, 1), "%", bar(threshold), source,
        rows=[{"database": row["database"], "mb": round(row["bytes"] / MB, 1)} for row in sizes],
        facts={"read_only": read_only, "used_percent": None if percent is None else round(percent, 1)},
    )  # fmt: skip


def top_statements(rows: Rows, threshold: Threshold, source: str) -> Answer:
    """The statements that took the most time since the statistics were reset."""
    shown = [{
        "share_percent": round(row["share_percent"] or 0.0, 1), "calls": int(row["calls"]),
        "mean_seconds": round(row["mean_seconds"], 3), "longest_seconds": round(row["longest_seconds"], 3),
        "query": row["query"],
    } for row in rows]  # fmt: skip
    slowest = max((row["mean_seconds"] for row in shown), default=0.0)
    first = f"one takes {shown[0]['share_percent']:.0f} % of the time" if shown else "nothing was recorded"
    return Answer(
        judged(slowest, threshold), f"{first}; the slowest of the top {len(shown)} takes {slowest:.3g} s on average",
        slowest, threshold.unit, bar(threshold), source, rows=shown, facts={"slowest_mean_seconds": slowest},
    )  # fmt: skip
