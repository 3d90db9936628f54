"""What a cause is made from: a pure function of the run's findings. No I/O, no systems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from runbook.model import Cause, Finding, Status

Findings = Mapping[str, Finding]  # by check name, the last one of each
Explain = Callable[[Findings], Cause | None]


def fact(findings: Findings, check: str, name: str, default: object = None) -> object:
    """One fact of one finding; ``default`` when the check was not asked or could not tell."""
    found = findings.get(check)
    return default if found is None else found.facts.get(name, default)


def status(findings: Findings, check: str) -> Status:
    """The status of one check; unknown when it was not asked."""
    found = findings.get(check)
    return Status.UNKNOWN if found is None else found.status


def rank(explanations: Sequence[Explain], findings: Findings) -> list[Cause]:
    """Every cause that holds, best supported first. A healthy world gives none."""
    causes = [cause for explain in explanations if (cause := explain(findings)) is not None]
    return sorted(causes, key=lambda cause: (-cause.weight, cause.name))
