"""Faults of the queue: a worker that is gone, a job that can never work, an outage that is over and left failed jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbook.sandbox.seeds import token
from runbook.sandbox.working import QUEUE

if TYPE_CHECKING:
    from runbook.sandbox.world import World


def worker_stopped(world: World, jobs: int = 6, minutes_ago: float = 12) -> None:
    """The worker is gone, and customers paid since: their receipts wait, and nobody takes them."""
    world.worker.stop()
    for number in range(jobs):
        world.worker.put(_receipt(world, number), minutes_ago=minutes_ago * (jobs - number) / jobs)


def poison_job(world: World, jobs: int = 1, minutes_ago: float = 25) -> None:
    """A job without a payment in it: the worker has tried it as often as it may, and will never get it done."""
    made = [world.worker.put({"payment": None}, minutes_ago=minutes_ago) for _ in range(jobs)]
    world.worker.until(lambda: all(world.worker.state(one) == "failed" for one in made))


def jobs_failed_in_an_outage(world: World, jobs: int = 5, minutes_ago: float = 40) -> None:
    """The database refused the worker for a while: these jobs used up their tries meanwhile. Now it is there again."""
    world.worker.refused = True
    made = [world.worker.put(_receipt(world, number), minutes_ago=minutes_ago) for number in range(jobs)]
    world.worker.until(lambda: all(world.worker.state(one) == "failed" for one in made))
    world.worker.refused = False


def queue_paused(world: World, jobs: int = 4, minutes_ago: float = 12) -> None:
    """Somebody paused the queue and forgot it."""
    world.worker.pause()
    for number in range(jobs):
        world.worker.put(_receipt(world, number), minutes_ago=minutes_ago)


def queue_evicts(world: World) -> None:
    """Somebody set the server to throw keys away when its memory is full: jobs would vanish without a word."""
    world.worker.evict("allkeys-lru")
    world.on_repair(lambda: world.worker.evict("noeviction"))


def _receipt(world: World, number: int) -> dict[str, dict[str, str]]:
    return {"payment": {"id": f"pi_{token(f'{QUEUE} {number} {world.times.now().isoformat()}', 16)}"}}
