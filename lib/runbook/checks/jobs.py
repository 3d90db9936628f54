"""How the jobs of the queue stand: is anybody working on them, which have failed for good, and does the server keep them?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from runbook.checks.database import not_used
from runbook.checks.frame import Answer, check
from runbook.checks.judge import bar, judged
from runbook.model import Row, Status
from runbook.queue import FailedJob
from runbook.systems import Systems

QUEUE = ("queue",)
HOURS = 24
LOOKED_AT = 1000  # failed jobs, the newest; BullMQ keeps them until somebody removes them
SHOWN = 20
KEEPS = "noeviction"  # with any other policy jobs vanish when memory is full (docs.bullmq.io, Going to production)
# What passes by itself: nobody was there, or nobody answered in time. A job that failed so may be tried again. One that
# stalled may not: a worker died of it twice.
PASSES = re.compile(
    r"tim(ed?|e-)\s?-?out|econn|enotfound|epipe|eai_again|etimedout|socket hang up|connect call failed|connection|network"
    r"|fetch failed|temporar|unavailable|too many|rate limit|\b(429|502|503|504)\b",
    re.IGNORECASE,
)
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


@check(asks=QUEUE)
def waiting(systems: Systems) -> Answer:
    """Is somebody working on the queue, or do jobs wait for nobody?"""
    if systems.profile.queue is None:
        return not_used("queue", systems)
    threshold, jobs = systems.policy.threshold("job_wait"), systems.queue.jobs()
    seconds = _seconds_since(systems, jobs.oldest_since_ms) if jobs.oldest_since_ms else 0.0
    rows: list[Row] = [
        {"waiting": jobs.waiting, "active": jobs.active, "delayed": jobs.delayed, "prioritized": jobs.prioritized,
         "failed": jobs.failed, "paused": jobs.is_paused, "workers": jobs.workers}
    ]  # fmt: skip
    facts = {"waiting": jobs.waiting, "active": jobs.active, "workers": jobs.workers, "paused": jobs.is_paused}
    source = f"BullMQ, queue {systems.queue.name}"
    who = "the server does not tell about workers" if jobs.workers is None else (
        "workers are connected" if jobs.workers else "no worker is connected")  # fmt: skip
    if jobs.waiting:
        told = f"{jobs.waiting} wait, the oldest for {seconds / 60:.0f} min; {jobs.active} are worked on; {who}"
        told += "; the queue is paused" if jobs.is_paused else ""
        return Answer(judged(seconds, threshold), told, round(seconds), "s", bar(threshold), source, rows, facts)
    if jobs.workers == 0 or jobs.is_paused:
        told = "the queue is paused" if jobs.is_paused else "no worker is connected"
        return Answer(Status.WARNING, f"{told}: the next job will wait", 0, "s", bar(threshold), source, rows, facts)
    return Answer(
        Status.OK, f"nothing waits; {jobs.active} are worked on; {who}", 0, "s", bar(threshold), source, rows, facts
    )


@check(asks=QUEUE)
def failed(systems: Systems, hours: int = HOURS) -> Answer:
    """Which jobs have used up their tries, why, and which of them may be tried again?"""
    if systems.profile.queue is None:
        return not_used("queue", systems)
    threshold = systems.policy.threshold("failed_jobs")
    every = systems.queue.failed_jobs(LOOKED_AT)
    late = [one for one in every if _seconds_since(systems, one.failed_at_ms) <= hours * 3600]
    again = [one for one in late if may_pass(one)]
    never = [one for one in late if not may_pass(one)]
    facts = {"count": len(late), "may_pass": len(again), "never": len(never), "older": len(every) - len(late)}
    source = f"BullMQ, queue {systems.queue.name}"
    older = f"; {len(every) - len(late)} older ones lie there" if len(every) > len(late) else ""
    if not late:
        return Answer(Status.OK, f"none of the last {hours} h{older}", 0, "jobs", bar(threshold), source, (), facts)
    first = (never or again)[0]
    told = f"{len(late)} of the last {hours} h: {len(again)} may pass when tried again, {len(never)} will not; "
    told += f"{first.name} {first.job_id}: {reason(first)}{older}"
    return Answer(
        judged(len(late), threshold), told, len(late), "jobs", bar(threshold), source, _by_reason(late), facts
    )


@check(asks=QUEUE)
def memory(systems: Systems) -> Answer:
    """Does the queue's server keep what it is given, and has it room?"""
    if systems.profile.queue is None:
        return not_used("queue", systems)
    threshold, found = systems.policy.threshold("queue_memory"), systems.queue.memory()
    share = None if found.share is None else round(found.share * 100)
    of = "no limit is set" if share is None else f"{share} % of its limit is used"
    facts, source = {"policy": found.policy, "full": share is not None and share >= 95}, "Redis, INFO memory"
    if found.policy != KEEPS:
        told = f"when memory is full it throws keys away ({found.policy}): jobs vanish without a word; {of}"
        return Answer(Status.WARNING, told, share, "%", bar(threshold), source, facts={**facts, "evicts": True})
    if share is None:
        return Answer(Status.OK, f"keeps everything ({KEEPS}); {of}", None, "%", bar(threshold), source, facts=facts)
    return Answer(judged(share, threshold), f"keeps everything ({KEEPS}); {of}", share, "%", bar(threshold), source,
                  facts=facts)  # fmt: skip


def may_pass(one: FailedJob) -> bool:
    """Whether a job failed because somebody else was not there, and not by what is in it."""
    return bool(PASSES.search(one.reason))


def reason(one: FailedJob) -> str:
    """Why it failed, without mail addresses: error messages like to quote the customer's."""
    return MAIL.sub("…@…", one.reason)


def failed_at(one: FailedJob) -> str:
    """When it failed for good, to the minute, UTC."""
    return f"{datetime.fromtimestamp(one.failed_at_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def _seconds_since(systems: Systems, at_ms: int) -> float:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return max(0.0, (systems.times.now() - moment) / timedelta(seconds=1))


def _by_reason(jobs: Sequence[FailedJob]) -> list[Row]:
    """Jobs of one name that failed for one reason are one row; the most first."""
    groups: dict[tuple[str, str], list[FailedJob]] = {}
    for one in jobs:
        groups.setdefault((one.name, reason(one)), []).append(one)
    most_first = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [
        {"job": name, "why": why, "jobs": len(found), "tries": max(one.tries for one in found),
         "newest": failed_at(found[0]), "like": found[0].job_id, "try again": "may pass" if may_pass(found[0]) else "will fail"}
        for (name, why), found in most_first[:SHOWN]
    ]  # fmt: skip
