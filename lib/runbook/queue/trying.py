"""Try a failed job again as its makers do: by the script of their own library, whatever keys their version keeps.

The library is asynchronous and a kernel's thread has a loop already, so this runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from runbook.errors import Fault, SystemFault


def retry(url: str, queue: str, job_id: str, *, seconds: float) -> None:
    """Move one job from failed to waiting. SystemFault REJECTED where BullMQ refuses; redis' own errors pass."""
    with ThreadPoolExecutor(1, thread_name_prefix="queue") as thread:
        thread.submit(lambda: asyncio.run(_retry(url, queue, job_id, seconds))).result()


async def _retry(url: str, queue: str, job_id: str, seconds: float) -> None:
    import bullmq
    import redis.asyncio
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    client = redis.asyncio.Redis.from_url(
        url, decode_responses=True, client_name="runbook", retry=Retry(NoBackoff(), 0), socket_timeout=seconds,
        socket_connect_timeout=seconds,
    )  # fmt: skip
    try:
        job = await bullmq.Job.fromId(bullmq.Queue(queue, {"connection": client}), job_id)
        if job is None:
            raise SystemFault(f"there is no job {job_id}", system="queue", fault=Fault.NOT_FOUND)
        await job.retry("failed")
    except (redis.RedisError, SystemFault):
        raise
    except (
        Exception
    ) as error:  # bullmq raises bare Exceptions: a TypeError or an Exception with the script's code in words
        raise SystemFault(" ".join(str(error).split())[:120], system="queue", fault=Fault.REJECTED) from None
    finally:
        await client.aclose()
