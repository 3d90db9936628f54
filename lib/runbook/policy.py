"""The customer's tables as data: severity, thresholds, escalation, limits, approvals. Numbers carry unit and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from runbook.errors import SettingError
from runbook.model import Danger, Plan
from runbook.settings import read_yaml

POLICY = Path("params/policy")
LOCAL = Path(
    "params/local/policy"
)  # the customer's own, of the same names; what stands there counts, upgrades leave it alone
T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a figure is a warning and when it is critical, in ``unit``; None: never. ``source`` says who set it."""

    warning: float | None
    critical: float | None
    unit: str
    source: str
    enough: int = 0  # fewer events than this: unknown, not ok


@dataclass(frozen=True, slots=True)
class Severity:
    """One severity level. ``response_minutes`` counts from when the incident was noticed."""

    definition: str
    response_minutes: int
    rollback: str
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IssueType:
    """Who is asked first, who is next, and after how many minutes."""

    primary: str
    backup: str
    escalate_after_minutes: int


@dataclass(frozen=True, slots=True)
class TwoPeople:
    """Plans that two people must approve: every field that is set must fit."""

    danger: str = ""
    action: str = ""
    environments: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()

    def fits(self, plan: Plan, severity: str) -> bool:
        """Whether a plan is one of them, in an incident of this severity (empty: none)."""
        return (
            self.danger in ("", plan.danger.value)
            and self.action in ("", plan.action)
            and (not self.environments or plan.environment in self.environments)
            and (not self.severities or severity in self.severities)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """All tables of ``params/policy``."""

    thresholds: Mapping[str, Threshold]
    severities: Mapping[str, Severity]
    issue_types: Mapping[str, IssueType]
    channels: Mapping[str, str]
    vendors: Mapping[str, str]
    notebooks: Mapping[str, str]
    approval_minutes: int
    two_people: tuple[TwoPeople, ...]
    break_glass_severity: str
    at_most: Mapping[str, int]
    tolerance: Mapping[str, float]

    def people_needed(self, plan: Plan, severity: str) -> int:
        """How many people must approve a plan in an incident of this severity."""
        return 2 if any(row.fits(plan, severity) for row in self.two_people) else 1

    def most_people(self, action: str, danger: Danger) -> int:
        """How many people an action may need, in the environment and severity that ask for most."""
        return (
            2 if any(row.danger in ("", danger.value) and row.action in ("", action) for row in self.two_people) else 1
        )

    def threshold(self, name: str) -> Threshold:
        """One threshold; exit 2 when the policy has none of that name."""
        if name in self.thresholds:
            return self.thresholds[name]
        raise SettingError(f"no threshold {name!r}", where=str(POLICY / "thresholds.yaml"), next_step="add it there")

    def issue_type(self, name: str) -> IssueType:
        """One row of the escalation matrix; exit 2 for an unknown type."""
        if name in self.issue_types:
            return self.issue_types[name]
        known = ", ".join(self.issue_types)
        raise SettingError(
            f"no issue type {name!r}", where=str(POLICY / "escalation.yaml"), next_step=f"one of {known}"
        )

    def issue_type_of(self, notebook: str) -> str:
        """The issue type of an incident that a notebook opens."""
        return self.notebooks.get(notebook, "infrastructure")

    def severity(self, name: str) -> Severity:
        """One severity level; exit 2 for an unknown one."""
        if name in self.severities:
            return self.severities[name]
        known = ", ".join(self.severities)
        raise SettingError(f"no severity {name!r}", where="severity", next_step=f"one of {known}")


def load(root: Path) -> Policy:
    """Read the policy of one checkout; exit 2 names the file and the key that is wrong."""
    ours = sorted(path.name for path in (root / POLICY).glob("*.yaml"))
    if stray := sorted(path.name for path in (root / LOCAL).glob("*.yaml") if path.name not in ours):
        raise SettingError("no table of that name", where=str(LOCAL / stray[0]), next_step=f"one of {', '.join(ours)}")
    escalation, limits, approvals = (
        _table(root, name) for name in ("escalation.yaml", "limits.yaml", "approvals.yaml")
    )
    try:
        return Policy(
            thresholds=_rows(Threshold, _table(root, "thresholds.yaml"), "thresholds.yaml"),
            severities=_rows(Severity, _table(root, "severity.yaml"), "severity.yaml"),
            issue_types=_rows(IssueType, escalation["issue_types"], "escalation.yaml"),
            channels=escalation["channels"],
            vendors=escalation["vendors"],
            notebooks=escalation["notebooks"],
            approval_minutes=int(approvals["valid_minutes"]),
            two_people=tuple(_rows(TwoPeople, dict(enumerate(approvals["two_people"])), "approvals.yaml").values()),
            break_glass_severity=approvals["break_glass_severity"],
            at_most=limits["at_most"],
            tolerance=limits["tolerance"],
        )
    except KeyError as error:
        raise SettingError(f"key {error} is missing", where=str(POLICY), next_step="compare with the README") from error


def _table(root: Path, name: str) -> dict[str, Any]:
    """One file of the policy, with the customer's own laid over it."""
    own = root / LOCAL / name
    return _over(read_yaml(root / POLICY / name), read_yaml(own)) if own.exists() else read_yaml(root / POLICY / name)


def _over(ours: dict[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Theirs where it says something; mappings are laid over one another, anything else is replaced."""
    laid = dict(ours)
    for key, value in theirs.items():
        below = laid.get(key)
        laid[key] = _over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return laid


def _rows(cls: type[T], data: Mapping[K, Any], file: str) -> dict[K, T]:
    names = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    rows = {}
    for key, row in data.items():
        if stray := sorted(set(row) - names):
            raise SettingError(f"unknown key {stray[0]!r}", where=f"{POLICY / file}: {key}", next_step="mend the file")
        try:
            rows[key] = cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in row.items()})
        except TypeError as error:
            raise SettingError(str(error), where=f"{POLICY / file}: {key}", next_step="mend the file") from error
    return rows
