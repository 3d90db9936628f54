"""What helps a failing database, least harmful first: the actions that the notebook database-failure offers."""

from __future__ import annotations

from runbook.actions.pool import set_pool_size
from runbook.actions.project import restart_project
from runbook.actions.sessions import cancel_statement, end_idle_transactions
from runbook.actions.traffic import disable_attack_mode, enable_attack_mode

EVERY = (
    cancel_statement, end_idle_transactions, set_pool_size, enable_attack_mode, disable_attack_mode, restart_project,
)  # fmt: skip

__all__ = [
    "EVERY",
    "cancel_statement",
    "disable_attack_mode",
    "enable_attack_mode",
    "end_idle_transactions",
    "restart_project",
    "set_pool_size",
]
