"""Causes why the work behind a webhook is not done: nobody takes the jobs, or they have failed for good."""

from __future__ import annotations

from runbook.causes.evidence import cause, faults, is_bad, is_critical
from runbook.causes.frame import Explain, Findings, fact
from runbook.errors import Fault
from runbook.model import Cause

WAITING, FAILED, MEMORY = "jobs.waiting", "jobs.failed", "jobs.memory"
NOTEBOOK = ("webhook-failure",)


def worker_stopped(findings: Findings) -> Cause | None:
    """Jobs wait, and no worker is connected, or none works."""
    if not is_bad(findings, WAITING) or fact(findings, WAITING, "paused") is True:
        return None
    if fact(findings, WAITING, "workers") or fact(findings, WAITING, "active"):
        return None
    return cause(
        findings, "queue-worker-stopped", f"Nobody works on the queue: {findings[WAITING].summary}", because=(WAITING,),
        notebooks=NOTEBOOK,
        by_hand="Whoever runs the worker (its service at your host): read its last log lines, then start it. It takes what waits "
        "by itself, nothing is lost and nothing is to be retried. Stopped again at once: a job kills it, see the failed ones; "
        "since a deployment: deployment-rollback.",
        weight=68,
    )  # fmt: skip


def queue_paused(findings: Findings) -> Cause | None:
    """Somebody paused the queue."""
    if not is_bad(findings, WAITING) or fact(findings, WAITING, "paused") is not True:
        return None
    return cause(
        findings, "queue-paused", f"The queue is paused: {findings[WAITING].summary}", because=(WAITING,), notebooks=NOTEBOOK,
        by_hand="Ask who paused it, and why: it may be a repair under way. Then queue.resume() in the application's console, or "
        "Resume in your queue's dashboard. What waits is taken by itself.",
        weight=67,
    )  # fmt: skip


def queue_behind(findings: Findings) -> Cause | None:
    """Workers work, and the oldest job waits too long all the same."""
    if not is_bad(findings, WAITING) or fact(findings, WAITING, "paused") is True:
        return None
    if not (fact(findings, WAITING, "workers") or fact(findings, WAITING, "active")):
        return None
    return cause(
        findings, "queue-behind", f"The workers do not keep up: {findings[WAITING].summary}", because=(WAITING,),
        notebooks=("database-failure", *NOTEBOOK),
        by_hand="Whoever runs the worker adds one (or raises its concurrency), if the database has connections for it. Jobs that "
        "hang: read the worker's log; a slow database: database-failure.",
        weight=52,
    )  # fmt: skip


def jobs_failed(findings: Findings) -> Cause | None:
    """Jobs failed because something was not there; it may be there again."""
    if not is_bad(findings, FAILED) or not fact(findings, FAILED, "may_pass"):
        return None
    return cause(
        findings, "queue-jobs-failed", f"Jobs used up their tries while something was away: {fact(findings, FAILED, 'may_pass')}",
        because=(FAILED,), actions=("retry_failed_jobs",), notebooks=NOTEBOOK,
        by_hand="First see that what they needed is there again: the table of failed jobs says what it was.", weight=64,
    )  # fmt: skip


def poison_job(findings: Findings) -> Cause | None:
    """A job fails by what is in it: it fails each time."""
    if not is_bad(findings, FAILED) or not fact(findings, FAILED, "never"):
        return None
    return cause(
        findings, "queue-poison-job", f"Jobs fail each time, by what is in them: {fact(findings, FAILED, 'never')}",
        because=(FAILED,), actions=("set_aside_job",), notebooks=("deployment-rollback", *NOTEBOOK),
        by_hand="Many at once, since a deployment: the worker's code is broken, not the jobs: deployment-rollback, then retry "
        "them. Else set them aside: they are kept a month; a developer reads them and puts them back when the code takes them.",
        weight=65,
    )  # fmt: skip


def queue_full(findings: Findings) -> Cause | None:
    """The server has no room: it refuses new jobs."""
    if not is_critical(findings, MEMORY):
        return None
    return cause(
        findings, "queue-full", f"The queue's server is full: {findings[MEMORY].summary}", because=(MEMORY,), notebooks=NOTEBOOK,
        by_hand="Raise its memory at its provider. Then find what fills it: completed jobs, where nobody "
        "removes them (removeOnComplete). Never flush it: jobs, sessions, and the keys that prevent double charges go with it.",
        weight=70,
    )  # fmt: skip


def queue_evicts(findings: Findings) -> Cause | None:
    """The server throws keys away when it is full."""
    if fact(findings, MEMORY, "evicts") is not True:
        return None
    return cause(
        findings, "queue-evicts", f"The queue may lose jobs: {findings[MEMORY].summary}", because=(MEMORY,), notebooks=NOTEBOOK,
        by_hand="Set maxmemory-policy to noeviction at the server's provider (docs.bullmq.io, Going to production); a cache "
        "belongs on another server. Jobs that are gone already: backfill hands their events over again.",
        weight=30,
    )  # fmt: skip


def queue_unreachable(findings: Findings) -> Cause | None:
    """The queue's server does not answer, or not us."""
    if WAITING not in faults(findings, Fault.TIMEOUT, Fault.DOWN, Fault.AUTH, Fault.PERMISSION):
        return None
    return cause(
        findings, "queue-unreachable", f"The queue does not answer us: {findings[WAITING].summary}", because=(WAITING,),
        notebooks=NOTEBOOK,
        by_hand="Its provider's page and status: does it run? A refused login: compare REDIS_URL in .env with the provider's. If "
        "it is down, the site's handler fails with it; Stripe keeps trying for three days.",
        weight=55,
    )  # fmt: skip


EVERY: tuple[Explain, ...] = (
    worker_stopped, queue_paused, queue_behind, jobs_failed, poison_job, queue_full, queue_evicts, queue_unreachable,
)  # fmt: skip
