"""Drills: break a sandbox on purpose, run the runbook, and score what came of it."""

from runbook.drill.practise import drill
from runbook.drill.score import DrillResult, not_scored
from runbook.drill.stopped import Stopped

__all__ = ["DrillResult", "Stopped", "drill", "not_scored"]
