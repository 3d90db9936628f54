"""Words for reading findings: what speaks for a cause, what against it, and the facts of their checks."""

from __future__ import annotations

from typing import Any

from runbook.causes.frame import Findings, fact, status
from runbook.errors import Fault
from runbook.model import Cause, Status

BAD = frozenset({Status.WARNING, Status.CRITICAL})


def is_bad(findings: Findings, check: str) -> bool:
    """Whether a check was asked and is a warning or critical."""
    return status(findings, check) in BAD


def is_critical(findings: Findings, check: str) -> bool:
    """Whether a check was asked and is critical."""
    return status(findings, check) is Status.CRITICAL


def rows(findings: Findings, check: str, name: str) -> list[dict[str, Any]]:
    """A fact that is a list of mappings; empty when the check was not asked or could not tell."""
    value = fact(findings, check, name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def faults(findings: Findings, *kinds: Fault) -> list[str]:
    """The checks that could not tell because of one of these faults."""
    wanted = {kind.value for kind in kinds}
    return [name for name, found in findings.items()
            if found.status is Status.UNKNOWN and found.facts.get("fault") in wanted]  # fmt: skip


def cause(
    findings: Findings,
    name: str,
    title: str,
    *,
    because: tuple[str, ...],
    expected: tuple[str, ...] = (),
    supports: tuple[str, ...] = (),
    actions: tuple[str, ...] = (),
    notebooks: tuple[str, ...] = (),
    by_hand: str = "",
    weight: float,
) -> Cause:
    """A cause that holds ``because`` of these checks.

    ``expected`` ones speak for it, or against it when they are ok; ``supports`` speak for it or not at all.
    """
    others = [check for check in expected if check not in because]
    bad = [check for check in (*others, *supports) if check not in because and is_bad(findings, check)]
    speaks_for = (*because, *bad)
    against = tuple(check for check in others if status(findings, check) is Status.OK)
    return Cause(name, title, speaks_for, against, actions, notebooks, by_hand, weight)
