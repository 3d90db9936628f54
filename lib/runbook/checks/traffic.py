"""Is it simply too many visitors?"""

from __future__ import annotations

from statistics import median

from runbook.checks.frame import Answer, both, check
from runbook.checks.judge import bar, judged
from runbook.clients.supabase import ApiCounts
from runbook.errors import SystemFault
from runbook.model import Status
from runbook.policy import Threshold
from runbook.systems import Systems

NEWEST = 2  # steps that are compared with the ones before; the last is not over yet


@check(asks=("supabase", "vercel"), required=False)
def requests(systems: Systems) -> Answer:
    """Are requests many times the usual, and are visitors challenged?"""
    counts, challenged = both(lambda: systems.supabase.api_counts("15min"), lambda: _challenged(systems))
    return growth(counts, systems.policy.threshold("traffic_growth"), challenged=challenged)


def growth(counts: list[ApiCounts], threshold: Threshold, *, challenged: bool | None) -> Answer:
    """The busiest of the newest minutes against the median of those before. Challenged visitors are dealt with."""
    figures = [one.rest + one.auth + one.storage + one.realtime for one in counts]
    newest, before = figures[-NEWEST:], figures[:-NEWEST]
    rows = [{"at": one.at, "requests": figure} for one, figure in zip(counts, figures, strict=True)]
    source = "Management API, usage of 15 minutes"
    if sum(before) < threshold.enough or not newest:
        told = f"too few: {sum(before)} of {threshold.enough} requests to compare with"
        return Answer(Status.UNKNOWN, told, source=source, rows=rows)
    usual, most = median(before), max(newest)
    times = round(most / max(usual, 1.0), 1)
    status = judged(times, threshold)
    told = f"{most} requests a minute, {times:g} times the usual {usual:g}"
    if challenged and status is Status.CRITICAL:
        status = Status.WARNING
    words = {True: "; visitors are challenged", False: "", None: "; whether visitors are challenged cannot be told"}
    return Answer(status, told + words[challenged], times, threshold.unit, bar(threshold), source, rows,
                  {"growth": times, "usual": usual, "challenged": challenged})  # fmt: skip


def attack_mode_on(systems: Systems) -> bool:
    """Whether Vercel challenges every visitor now."""
    return systems.vercel.attack_mode()


def _challenged(systems: Systems) -> bool | None:
    if systems.profile.vercel is None:
        return False
    try:
        return attack_mode_on(systems)
    except SystemFault:
        return None  # said in the summary: the count of requests stands without it
