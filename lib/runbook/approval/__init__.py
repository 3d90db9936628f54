"""Approvals: permission for one plan by a named person. The rules, and the files: kept plans, and approvals of them."""

from runbook.approval.files import file_name, from_files, take, write_approval
from runbook.approval.plans import KeptPlan, find_plan, keep_plan, path_of, read_plan
from runbook.approval.rules import Approval, consent, expected_words, parse, permit

__all__ = [
    "Approval", "KeptPlan", "consent", "expected_words", "file_name", "find_plan", "from_files", "keep_plan", "parse",
    "path_of", "permit", "read_plan", "take", "write_approval",
]  # fmt: skip
