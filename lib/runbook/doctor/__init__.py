"""Could this environment act tonight? Everything a runbook will need at three in the morning, asked by day."""

from __future__ import annotations

from runbook.doctor.examine import Report, examine
from runbook.known_secrets import NEEDED

__all__ = ["NEEDED", "Report", "examine"]
