"""What a call of a client is to the contract tests; the calls themselves are in test_contract.py and calls_*.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runbook.systems import Systems

MS = 1_767_582_000_000  # 2026-01-05T03:00:00Z
SECRET = "never-to-be-read"


@dataclass(frozen=True)
class Call:
    """One call: what is asked of whom, how it goes out, what comes back, what we make of it."""

    system: str
    question: Callable[[Systems], Any]
    request: str
    answer: Any
    result: Any
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    status: int = 200
    may_be_empty: bool = False  # an empty answer is one: nothing happened
    is_change: bool = False  # it changes something, and its answer is read as well
    is_keyed: bool = False  # a change with a key in it: it may be sent again
