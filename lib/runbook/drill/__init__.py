"""Drills: break a sandbox on purpose, run the runbook, and score what came of it."""

from runbook.drill.practise import drill
from runbook.drill.score import DrillResult

__all__ = ["DrillResult", "drill"]
