"""The application's worker in the sandbox: real jobs, really done, really failed; and what the server's log tells of us."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis
from runbook.queue import Queue
from runbook.sandbox.postgres import Postgres, own_postgres
from runbook.sandbox.queue_watch import QueueWatch
from runbook.sandbox.requests import RequestLog
from runbook.sandbox.valkey import Valkey
from runbook.sandbox.working import OTHER_QUEUE, Worker
from runbook.times import Times


@dataclass(frozen=True)
class Here:
    server: Valkey
    worker: Worker
    watch: QueueWatch
    log: RequestLog
    receipts: Callable[[], int]

    def changes(self) -> list[tuple[str, tuple[str, ...]]]:
        self.watch.catch_up()
        return [(row["method"], tuple(row["objects"])) for row in self.log.rows(changes=True)]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with own_postgres(Path(tempfile.mkdtemp(prefix="runbook-test-"))) as server:
        yield server


@pytest.fixture
def here(postgres: Postgres) -> Iterator[Here]:
    with tempfile.TemporaryDirectory(prefix="runbook-test-") as folder:
        server, log = Valkey(Path(folder) / "valkey"), RequestLog(Path(folder) / "log", Times())
        server.start()
        watch, worker = QueueWatch(server.url, log), Worker(server.url, postgres.dsn("app"))
        watch.start()
        worker.start()

        def receipts() -> int:
            with psycopg.connect(postgres.admin_dsn) as connection:
                row = connection.execute("select count(*) from public.processed_events where event_id like 'receipt%'")
                return int((row.fetchone() or (0,))[0])

        yield Here(server, worker, watch, log, receipts)
        worker.close()
        watch.close()
        log.close()
        server.stop()


def test_a_job_is_done_once_and_one_without_a_payment_uses_up_its_tries(here: Here) -> None:
    assert here.receipts() == 3
    done, poison = here.worker.put({"payment": {"id": "pi_new"}}), here.worker.put({"payment": None})
    here.worker.until(lambda: here.worker.state(done) == "completed" and here.worker.state(poison) == "failed")
    (job,) = Queue(here.server.url, "webhooks", times=Times()).failed_jobs()
    assert (job.job_id, job.tries, "NoneType" in job.reason, here.receipts()) == (poison, 3, True, 4)


def test_jobs_wait_for_a_worker_that_is_gone_and_are_taken_by_the_next(here: Here) -> None:
    here.worker.stop()
    made = here.worker.put({"payment": {"id": "pi_late"}}, minutes_ago=5)
    queue = Queue(here.server.url, "webhooks", times=Times())
    seen = queue.jobs()
    assert (seen.waiting, seen.oldest_waiting, seen.workers) == (1, made, 0)
    here.worker.resume()
    here.worker.until(lambda: here.worker.state(made) == "completed")
    assert (queue.jobs().workers or 0) > 0
    queue.close()


def test_what_the_runbook_changes_is_logged_once_and_what_others_do_is_not(here: Here) -> None:
    poison = here.worker.put({"payment": None})
    here.worker.until(lambda: here.worker.state(poison) == "failed")
    queue = Queue(here.server.url, "webhooks", times=Times())
    queue.failed_jobs()
    queue.jobs()
    assert here.changes() == []
    queue.set_aside(poison)
    queue.put_back(poison)
    queue.retry(poison)
    queue.close()
    assert [objects for _, objects in here.changes()] == [(f"webhooks:{poison}",)] * 3
    with redis.Redis.from_url(here.server.url, client_name="runbook") as ours:
        ours.flushdb()
    assert here.changes()[-1] == ("FLUSHDB", ())


def test_a_repair_leaves_the_other_queue_as_it_was(here: Here) -> None:
    here.worker.put({"payment": None})
    here.worker.pause()
    here.worker.evict("allkeys-lru")
    here.worker.evict("noeviction")
    here.worker.reset()
    counts = here.worker.counts()
    assert counts == {"jobs_waiting": 0, "jobs_failed": 0, "jobs_aside": 0, "other_jobs_failed": 2}
    assert Queue(here.server.url, OTHER_QUEUE, times=Times()).failed_jobs()[0].reason.startswith("SMTP 550")


def test_a_worker_that_had_nothing_to_do_for_a_while_takes_the_next_job_at_once(here: Here) -> None:
    time.sleep(12)  # it waits for jobs five seconds at a time
    made, began = here.worker.put({"payment": {"id": "pi_after_a_pause"}}), time.monotonic()
    here.worker.until(lambda: here.worker.state(made) == "completed")
    assert time.monotonic() - began < 2
