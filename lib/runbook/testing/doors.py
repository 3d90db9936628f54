"""The database, the queue and the mail server, as a test says they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runbook.db import Probe, load_statement, numbered_parameters
from runbook.errors import Fault, SystemFault
from runbook.model import Json
from runbook.queue import FailedJob, Jobs, Memory
from runbook.testing.vendor import Change

Rows = Sequence[Mapping[str, Json]] | Fault | Callable[[Mapping[str, Json]], Any]

NOTHING_WAITS = Jobs(0, 0, 0, 0, 0, is_paused=False, oldest_waiting="", workers=1)


class FakeDatabase:
    """The database by its statements: the name of a file in ``runbook/sql`` without ``get_`` or ``do_``, and its rows."""

    def __init__(
        self, statements: Mapping[str, Rows], probes: Mapping[str, Probe], changes: list[Change], identifier: str
    ) -> None:
        self.way = "direct"
        self.host = "db.test"
        self.project_refs: frozenset[str] = frozenset()
        self._statements = statements
        self._probes = probes
        self._changes = changes
        self._identifier = identifier

    def probe(self, way: str) -> Probe:
        """How the login by this way went: well, in 10 ms, unless the test says otherwise."""
        return self._probes.get(way, Probe(True, 0.01, "", ""))

    def query(self, name: str, **values: Json) -> list[dict[str, Json]]:
        """The rows for ``get_<name>``, which must exist and get all of its values."""
        return self._rows("get_", name, values)

    def change(self, name: str, **values: Json) -> list[dict[str, Json]]:
        """The rows for ``do_<name>``; kept as a change."""
        rows = self._rows("do_", name, values)
        self._changes.append(Change("database", name.removeprefix("do_"), values))
        return rows

    def system_identifier(self) -> str:
        """The identity that the profile expects, or the one that the test gave."""
        return self._identifier

    def advisory_lock(self, key: int) -> bool | None:
        """Nobody else changes anything here."""
        return True

    def advisory_unlock(self, key: int) -> None:
        """Let the lock go."""

    def close(self) -> None:
        """Nothing is open."""

    def _rows(self, kind: str, name: str, values: Mapping[str, Json]) -> list[dict[str, Json]]:
        short = name.removeprefix(kind)
        numbered_parameters(load_statement(kind + short), values)  # a name or a value that is missing is a mistake
        if short not in self._statements:
            raise LookupError(f"no rows for {short}; there are {', '.join(self._statements) or 'none'}")
        rows = self._statements[short]
        said = rows(values) if callable(rows) else rows
        if isinstance(said, Fault):
            raise SystemFault(f"{short}: {said.value}", system="database", fault=said)
        return [dict(row) for row in said]


class FakeQueue:
    """The queue: it answers, tells its memory and how its jobs stand, and takes changes of those that failed."""

    def __init__(
        self, memory: Memory | Fault, jobs: Jobs = NOTHING_WAITS, failed: Sequence[FailedJob] = (),
        changes: list[Change] | None = None,
    ) -> None:  # fmt: skip
        self.name, self.host = "webhooks", "queue.test"
        self._memory, self._jobs = memory, jobs
        self._failed = {one.job_id: one for one in failed}
        self._aside: dict[str, FailedJob] = {}
        self._changes = [] if changes is None else changes

    def ping(self) -> None:
        """It answers, if its memory can be told."""
        self.memory()

    def memory(self) -> Memory:
        """The memory that the test gave."""
        if isinstance(self._memory, Fault):
            raise SystemFault(f"queue: {self._memory.value}", system="queue", fault=self._memory)
        return self._memory

    def jobs(self) -> Jobs:
        """How the test said that they stand."""
        self.ping()
        return self._jobs

    def failed_jobs(self, limit: int = 10) -> list[FailedJob]:
        """Those that the test gave and that are still there, the newest first."""
        self.ping()
        return sorted(self._failed.values(), key=lambda one: -one.failed_at_ms)[:limit]

    def stands(self, job_id: str) -> str:
        """Failed, aside, or gone: a job that is tried again is done at once."""
        return "failed" if job_id in self._failed else "aside" if job_id in self._aside else "gone"

    def retry(self, job_id: str) -> None:
        """It works this time."""
        if self._failed.pop(job_id, None) is None:
            raise SystemFault(f"job {job_id} is not in the failed state", system="queue", fault=Fault.REJECTED)
        self._changes.append(Change("queue", "retry", {"job": job_id}))

    def set_aside(self, job_id: str) -> bool:
        """Out of the failed ones, if it is there."""
        return self._move(job_id, self._failed, self._aside, "set_aside")

    def put_back(self, job_id: str) -> bool:
        """Among the failed ones, if it is aside."""
        return self._move(job_id, self._aside, self._failed, "put_back")

    def close(self) -> None:
        """Nothing is open."""

    def _move(self, job_id: str, here: dict[str, FailedJob], there: dict[str, FailedJob], name: str) -> bool:
        if job_id not in here:
            return False
        there[job_id] = here.pop(job_id)
        self._changes.append(Change("queue", name, {"job": job_id}))
        return True


class FakeMail:
    """The mail server: it takes every message, as a change."""

    def __init__(self, changes: list[Change]) -> None:
        self._changes = changes

    def send(self, to: str, subject: str, text: str) -> None:
        """Keep the message."""
        self._changes.append(Change("mail", "send", {"to": to, "subject": subject, "text": text}))

    def close(self) -> None:
        """Nothing is open."""
