"""The queue's door against a real server: reads, one login, and a fault that says why."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from runbook.errors import Fault, SystemFault
from runbook.queue import FailedJob, Jobs, Memory, Queue
from runbook.sandbox.valkey import Valkey
from runbook.times import Times, deadline


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory(prefix="runbook-test-") as folder:
        one = Valkey(Path(folder))
        one.start()
        yield one
        one.stop()


@pytest.fixture
def admin(server: Valkey) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url, decode_responses=True) as one:
        yield one
        one.config_set("maxmemory", 0)


@pytest.fixture
def opened() -> Iterator[Callable[[str], Queue]]:
    every: list[Queue] = []

    def open_queue(url: str) -> Queue:
        every.append(Queue(url, "webhooks", times=Times()))
        return every[-1]

    yield open_queue
    for one in every:
        one.close()


def fault_of(question: Callable[[], Any]) -> SystemFault:
    with pytest.raises(SystemFault) as raised:
        question()
    return raised.value


def received(admin: redis.Redis) -> int:
    return int(admin.info("stats")["total_connections_received"])


def test_it_answers_and_tells_its_memory(server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]) -> None:
    one = opened(server.url)
    one.ping()
    memory = one.memory()
    assert (memory.most_bytes, memory.policy, memory.share) == (0, "noeviction", None)
    assert memory.used_bytes > 100_000
    admin.config_set("maxmemory", 100_000_000)
    assert 0 < (one.memory().share or 0) < 0.5


def test_the_share_is_of_the_limit() -> None:
    assert Memory(80, 100, "noeviction").share == 0.8


def test_nothing_is_opened_before_it_is_asked_and_many_questions_are_one_connection(
    server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]
) -> None:
    before = received(admin)
    one = opened(server.url)
    assert received(admin) == before
    threads = [threading.Thread(target=one.memory) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert received(admin) == before + 1
    assert [client["name"] for client in admin.client_list() if client["name"]] == ["runbook"]


def test_a_wrong_password_is_tried_once_a_question_and_not_told(
    server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]
) -> None:
    before = received(admin)
    fault = fault_of(opened(server.url.replace(server.password, "s3cret-wrong")).memory)
    assert fault.fault is Fault.AUTH
    assert "s3cret" not in str(fault)
    assert received(admin) == before + 1


def test_a_missing_password_and_a_missing_right_are_told_apart(
    server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]
) -> None:
    assert fault_of(opened(f"redis://127.0.0.1:{server.port}/0").memory).fault is Fault.AUTH
    admin.acl_setuser("reader", enabled=True, passwords=["+pw"], commands=["+ping", "+client", "+hello", "+select"])
    one = opened(f"redis://reader:pw@127.0.0.1:{server.port}/0")
    one.ping()
    assert fault_of(one.memory).fault is Fault.PERMISSION


def test_nobody_listening_is_down(opened: Callable[[str], Queue]) -> None:
    assert fault_of(opened("redis://127.0.0.1:1/0").ping).fault is Fault.DOWN


def test_a_server_that_says_nothing_is_a_timeout(opened: Callable[[str], Queue]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        fault = fault_of(opened(f"redis://127.0.0.1:{silent.getsockname()[1]}/0").ping)
    assert fault.fault is Fault.TIMEOUT
    assert time.monotonic() - started < 5


def test_no_time_left_is_nothing_asked(opened: Callable[[str], Queue]) -> None:
    with deadline(0, Times()):
        assert fault_of(opened("redis://127.0.0.1:1/0").ping).fault is Fault.TIMEOUT


@pytest.mark.parametrize("url", ["http://u:s3cret@127.0.0.1/", "redis://u:s3cret@127.0.0.1:port/0"])
def test_a_url_that_is_none_is_a_setting_and_not_told(opened: Callable[[str], Queue], url: str) -> None:
    fault = fault_of(opened(url).ping)
    assert (fault.fault, "s3cret" in str(fault)) == (Fault.NOT_SET, False)


def test_single_failed_jobs_can_be_changed_and_nothing_can_be_flushed() -> None:
    reads = {"failed_jobs", "host", "jobs", "memory", "ping", "stands"}
    changes = {"put_back", "retry", "set_aside"}
    assert {name for name in dir(Queue) if not name.startswith("_")} == {"close", *reads, *changes}


def bullmq(admin: redis.Redis, name: str) -> None:
    """A queue as BullMQ leaves it: two wait, one runs, one is delayed, two have failed."""
    key = f"bull:{name}:"
    admin.hset(f"{key}meta", "opts.maxLenEvents", 10000)
    admin.set(f"{key}id", 6)
    admin.lpush(f"{key}wait", "1", "2")  # taken from the right: 1 is next
    admin.lpush(f"{key}active", "3")
    admin.zadd(f"{key}delayed", {"4": 1_700_000_000_000})
    admin.zadd(f"{key}failed", {"5": 1_700_000_000_000, "6": 1_700_000_060_000})
    admin.hset(f"{key}5", mapping={"name": "deliver", "failedReason": "site answered 500", "atm": 3, "data": "{}"})
    admin.hset(
        f"{key}6", mapping={"name": "deliver", "failedReason": "bad\nJSON", "atm": 1, "data": '{"mail": "x@y.z"}'}
    )


def test_jobs_are_counted_where_they_stand_and_nothing_is_touched(
    server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]
) -> None:
    bullmq(admin, "webhooks")
    before = sorted(admin.scan_iter("bull:*"))
    queue = opened(server.url)
    assert queue.jobs() == Jobs(2, 1, 1, 0, 2, is_paused=False, oldest_waiting="1", workers=0)
    assert queue.failed_jobs() == [
        FailedJob("6", "deliver", "bad JSON", 1_700_000_060_000, 1),
        FailedJob("5", "deliver", "site answered 500", 1_700_000_000_000, 3),
    ]
    assert [one.job_id for one in queue.failed_jobs(limit=1)] == ["6"]
    assert sorted(admin.scan_iter("bull:*")) == before
    admin.hset("bull:webhooks:meta", "paused", 1)
    admin.rename("bull:webhooks:wait", "bull:webhooks:paused")
    admin.hset("bull:webhooks:1", "timestamp", 1_700_000_000_000)
    paused = Jobs(2, 1, 1, 0, 2, is_paused=True, oldest_waiting="1", oldest_since_ms=1_700_000_000_000, workers=0)
    assert queue.jobs() == paused


def test_a_queue_of_another_make_is_not_an_empty_one(
    server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]
) -> None:
    admin.flushdb()
    admin.lpush("celery", "a job")
    queue = opened(server.url)
    assert fault_of(queue.jobs).fault is Fault.NOT_FOUND
    assert fault_of(queue.failed_jobs).fault is Fault.NOT_FOUND


@pytest.mark.parametrize("name", ["bull:webhooks", "bull:d2ViaG9va3M=", "bull:d2ViaG9va3M=:w:eu-1"])
def test_workers_are_known_by_their_connections_name(
    server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue], name: str
) -> None:
    admin.flushdb()
    bullmq(admin, "webhooks")
    queue = opened(server.url)
    with redis.Redis.from_url(server.url, client_name=name) as worker, redis.Redis.from_url(
        server.url, client_name="bull:b3RoZXI=") as another:  # fmt: skip
        worker.ping()
        another.ping()
        assert queue.jobs().workers == 1
    admin.acl_setuser("shy", enabled=True, passwords=["+pw"], categories=["+@read"], keys=["~*"],
                      commands=["+client|setname", "+client|setinfo"])  # fmt: skip
    assert opened(f"redis://shy:pw@127.0.0.1:{server.port}/0").jobs().workers is None


def test_a_failed_job_is_tried_again_by_bullmqs_own_script_and_only_a_failed_one(
    server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]
) -> None:
    admin.flushdb()
    bullmq(admin, "webhooks")
    admin.hset("bull:webhooks:5", mapping={"opts": "{}", "timestamp": 1, "finishedOn": 2})
    queue = opened(server.url)
    assert [queue.stands(one) for one in ("1", "3", "4", "5", "77")] == ["wait", "active", "delayed", "failed", "gone"]
    queue.retry("5")
    assert queue.stands("5") == "wait" and admin.hget("bull:webhooks:5", "failedReason") is None
    assert "not in the failed state" in str(fault_of(lambda: queue.retry("5")))
    assert fault_of(lambda: queue.retry("77")).fault is Fault.NOT_FOUND
    wrong = opened(server.url.replace(server.password, "s3cret-wrong"))
    fault = fault_of(lambda: wrong.retry("6"))
    assert (fault.fault, "s3cret" in str(fault)) == (Fault.AUTH, False)


def test_a_job_is_set_aside_whole_for_a_month_and_never_over_another(
    server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]
) -> None:
    admin.flushdb()
    bullmq(admin, "webhooks")
    admin.hset("bull:webhooks:6", mapping={"finishedOn": 1_700_000_060_000})
    before, queue = admin.hgetall("bull:webhooks:6"), opened(server.url)
    assert (queue.set_aside("6"), queue.stands("6"), queue.set_aside("6")) == (True, "aside", False)
    assert 0 < admin.ttl("bull:webhooks:aside:6") <= 30 * 86400
    admin.hset("bull:webhooks:6", "name", "another")
    assert "another job 6" in str(fault_of(lambda: queue.put_back("6")))
    admin.delete("bull:webhooks:6")
    assert (queue.put_back("6"), queue.stands("6"), queue.put_back("6")) == (True, "failed", False)
    assert (admin.hgetall("bull:webhooks:6"), admin.ttl("bull:webhooks:6")) == (before, -1)
    assert admin.zscore("bull:webhooks:failed", "6") == 1_700_000_060_000


def test_a_job_that_a_flow_waits_for_stays(server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]) -> None:
    admin.flushdb()
    bullmq(admin, "webhooks")
    admin.hset("bull:webhooks:5", "parentKey", "bull:orders:9")
    queue = opened(server.url)
    assert "part of a flow" in str(fault_of(lambda: queue.set_aside("5")))
    assert queue.stands("5") == "failed"


def test_the_rights_that_the_example_profile_asks_for_are_enough_and_flush_is_not_among_them(
    server: Valkey, admin: redis.Redis, opened: Callable[[str], Queue]
) -> None:
    admin.flushdb()
    bullmq(admin, "webhooks")
    admin.hset("bull:webhooks:5", mapping={"opts": "{}", "timestamp": 1, "finishedOn": 2})
    admin.hset("bull:webhooks:6", mapping={"opts": "{}", "timestamp": 1, "finishedOn": 2})
    rights = ["+@read", "+@connection", "+@write", "+@scripting", "+@transaction", "-@dangerous"]
    admin.acl_setuser("runbook", enabled=True, passwords=["+pw"], categories=rights, commands=["+client|list", "+info"],
                      keys=["bull:*"])  # fmt: skip
    url = f"redis://runbook:pw@127.0.0.1:{server.port}/0"
    queue = opened(url)
    assert (queue.jobs().workers, queue.memory().policy, len(queue.failed_jobs())) == (0, "noeviction", 2)
    queue.retry("5")
    assert (queue.stands("5"), queue.set_aside("6"), queue.put_back("6")) == ("wait", True, True)
    with redis.Redis.from_url(url) as ours, pytest.raises(redis.exceptions.NoPermissionError):
        ours.flushdb()
