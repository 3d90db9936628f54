"""The one door to Redis and what speaks its protocol: a queue of BullMQ, read, and changed job by job.

There is no flush here, on purpose. A flush takes sessions, locks and idempotency keys with the queue; without those keys a
replay charges twice.
"""

from runbook.queue.door import FailedJob, Jobs, Memory, Queue

__all__ = ["FailedJob", "Jobs", "Memory", "Queue"]
