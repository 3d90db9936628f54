"""Errors a command or a run can end with; ``exit_code`` is the process's exit code.

    RunbookError            1   the runbook itself failed
    ├── SettingError        2   a parameter, name, setting or secret is missing or wrong; nothing was run
    ├── Refused             3   a guard, the target, the lock or an approval said no; that plan changed nothing
    ├── RecordError        74   the record could not be written, or is not whole
    └── SystemFault         1   an outside system did not answer as hoped; checks turn it into ``unknown``

A message says what, where and the next step, in one line. In a notebook it is shown without a traceback.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class RunbookError(Exception):
    """Something that stops a command; carries what happened, where, and the next step."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        """One line: ``where: what. Next: next step``."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        line = f"{head}. Next: {self.next_step}" if self.next_step else head
        return " ".join(line.split())

    def _render_traceback_(self) -> list[str]:
        """What Jupyter and papermill print instead of a traceback: a tired reader needs the one line."""
        return [f"{type(self).__name__}: {self}"]


class SettingError(RunbookError):
    """A parameter, a name, a setting or a secret is missing or wrong. Nothing was run, nothing was kept."""

    exit_code = 2


class Refused(RunbookError):
    """A guard said no. The plan it guarded changed nothing."""

    exit_code = 3


class RecordError(RunbookError):
    """The record could not be written, or what is there is not whole."""

    exit_code = 74


class Fault(StrEnum):
    """Why a system did not answer as hoped, by what the reader can do about it."""

    AUTH = "auth"  # token missing, wrong or expired
    PERMISSION = "permission"  # token is good, scope or plan is not
    NOT_FOUND = "not found"  # wrong id, or wrong team
    RETIRED = "retired"  # 410: the runbook must be fixed, never retried
    RATE_LIMITED = "rate limited"
    DOWN = "down"  # 5xx, connection refused, reset
    TIMEOUT = "timeout"  # no answer within the deadline
    UNREADABLE = "unreadable"  # HTML, truncated JSON, a shape we do not know
    REJECTED = "rejected"  # 4xx: the system understood and says no (409, 422 …)
    WRONG_TARGET = "wrong target"  # it answered, and is not the system of this environment
    NOT_SET = "not set"  # the secret or id it needs is not in the environment


class SystemFault(RunbookError):
    """An outside system did not answer as hoped. ``what`` never holds a secret or a whole body."""

    def __init__(
        self,
        what: str,
        *,
        system: str,
        fault: Fault,
        request_id: str = "",
        status_code: int | None = None,
        wait_seconds: float | None = None,
        next_step: str = "",
    ) -> None:
        super().__init__(what, where=system, next_step=next_step)
        self.system = system
        self.fault = fault
        self.request_id = request_id
        self.status_code = status_code
        self.wait_seconds = wait_seconds  # how long the system asked us to wait; None when it said nothing


ExitStatus = Literal[
    "healthy", "recovered", "failed", "refused", "unresolved", "unknown", "unrecorded",
    "timed_out", "interrupted", "kernel_died",
]  # fmt: skip
