"""Run: the one object a notebook talks to."""

from runbook.run.opening import open_run
from runbook.run.session import Run

__all__ = ["Run", "open_run"]
