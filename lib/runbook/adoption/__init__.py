"""The first hour: from tokens to a profile. What a vendor can list is chosen from a list, nothing is typed twice."""

from __future__ import annotations

from runbook.adoption.desk import Desk
from runbook.adoption.interview import interview
from runbook.adoption.writing import profile_path, write

__all__ = ["Desk", "interview", "profile_path", "write"]
