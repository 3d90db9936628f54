"""Drills: break a sandbox on purpose, run the runbook, and score what came of it."""

from runbook.drill.practise import Stopped, drill
from runbook.drill.score import DrillResult, not_scored

__all__ = ["DrillResult", "Stopped", "drill", "not_scored"]
