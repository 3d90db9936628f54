"""Run a notebook without a person: its own kernel, time limits, signals, and an honest record at the end."""

from runbook.headless.ending import RunEnd, recover
from runbook.headless.folder import RunRequest, prepare
from runbook.headless.runner import resume, run

__all__ = ["RunEnd", "RunRequest", "prepare", "recover", "resume", "run"]
