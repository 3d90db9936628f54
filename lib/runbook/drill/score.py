"""What a drill proves, from the run's summary and journal, the world's request log and the world's state. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runbook.errors import RunbookError
from runbook.model import Json, Outcome
from runbook.record.journal import Entry
from runbook.sandbox.scenarios import Scenario

Row = dict[str, Any]  # of the world's request log
CHANGED = frozenset({Outcome.DONE, Outcome.UNVERIFIED, Outcome.UNKNOWN})


WARNING = "WARNING"  # how a plan begins the line that must not be overlooked
ON_THIS_MACHINE = "file:"  # an object that is a file of ours: the world sees nothing of it


@dataclass(frozen=True, slots=True)
class DrillResult:
    """One scored drill: the contract's JSON, and what the closing lines tell."""

    scenario: str
    notebook: str
    expected_causes: tuple[str, ...]
    found_causes: tuple[str, ...]
    triage: str | None
    recovered: bool | None
    collateral: tuple[Row, ...]
    unjournaled: tuple[Row, ...]
    exit_code: int
    seconds: float
    run_dir: str
    failures: tuple[str, ...]
    summary: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    times: Mapping[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether everything came as the scenario says."""
        return not self.failures

    def as_json(self) -> dict[str, Json]:
        """As in the contract."""
        return {
            "scenario": self.scenario, "notebook": self.notebook, "passed": self.passed,
            "expected_causes": list(self.expected_causes), "found_causes": list(self.found_causes),
            "triage": self.triage, "recovered": self.recovered, "collateral": list(self.collateral),
            "unjournaled": list(self.unjournaled), "exit_code": self.exit_code, "seconds": round(self.seconds, 3),
            "run_dir": self.run_dir, "failures": list(self.failures),
        }  # fmt: skip


def score(
    scenario: Scenario,
    *,
    summary: Mapping[str, Any],
    entries: Sequence[Entry],
    rows: Sequence[Row],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    times: Mapping[str, float],
    leaks: Sequence[str] = (),
) -> DrillResult:
    """Compare what happened with what the scenario expects.

    ``rows`` are the world's changes since the run began, ``leaks`` the secrets of the world that stand in the record.
    """
    found = tuple(cause["name"] for cause in summary["causes"])
    recovered = has_recovered(summary, entries)
    collateral, unjournaled, unseen = account(entries, rows, scenario.expect.survives)
    failures = [
        *_crashes(entries), *_causes(scenario, found), *_findings(scenario, summary),
        *_end(scenario, summary, recovered), *_actions(scenario, summary), *_warnings(scenario, summary),
        *_world(scenario, after),
        *(f"collateral: {_told(row)}" for row in collateral),
        *(f"not exactly once in the journal: {_told(row)}" for row in unjournaled if row not in collateral),
        *(f"journaled as done, but the world saw no change of {name}" for name in unseen),
        *(f"a secret stands in the record: {leak}" for leak in leaks),
    ]  # fmt: skip
    notebooks = [name for cause in summary["causes"] for name in cause["notebooks"]]
    return DrillResult(
        scenario.name, scenario.notebook, scenario.expect.causes, found, notebooks[0] if notebooks else None,
        recovered, collateral, unjournaled, summary["exit_code"], summary["seconds"], summary["run_dir"],
        tuple(failures), summary, before, after, times,
    )  # fmt: skip


def not_scored(scenario: Scenario, error: RunbookError) -> DrillResult:
    """A drill that never came to its end: failed, with the reason."""
    return DrillResult(
        scenario.name, scenario.notebook, scenario.expect.causes, (), None, None, (), (), error.exit_code, 0.0, "",
        (str(error),),
    )  # fmt: skip


def has_recovered(summary: Mapping[str, Any], entries: Sequence[Entry]) -> bool | None:
    """Whether what was critical is over; None when nothing was critical."""
    critical = [e for e in entries if e.event == "check.finished" and e.data["status"] == "critical"]
    return summary["status"] == "recovered" if critical else None


def account(
    entries: Sequence[Entry], rows: Sequence[Row], survives: Sequence[str]
) -> tuple[tuple[Row, ...], tuple[Row, ...], tuple[str, ...]]:
    """Hold the world's changes against the journal.

    Collateral: nobody journaled that object, or it must survive. Unjournaled: not exactly once in the journal. The
    third are objects journaled as done that the world saw no change of.
    """
    journaled: Counter[str] = Counter()
    done: Counter[str] = Counter()
    hands_off: set[str] = set()
    for entry in entries:
        if entry.event != "action.object":
            continue
        name, phase = entry.data["object"], entry.data["phase"]
        if phase == "intent" and set(survives) & _values(entry.data["before"]):
            hands_off.add(name)
        if phase == "outcome" and entry.data["outcome"] in CHANGED:
            journaled[name] += 1
            done[name] += entry.data["outcome"] == Outcome.DONE
    collateral, unjournaled, seen = [], [], Counter[str]()
    here = Counter({name: count for name, count in done.items() if name.startswith(ON_THIS_MACHINE)})
    for row in rows:
        names = [name for name in row["objects"] if name in journaled]
        seen.update(names)
        if not names or len(names) < len(row["objects"]) or hands_off.intersection(names):
            collateral.append(row)
        if not names or any(seen[name] > journaled[name] for name in names):
            unjournaled.append(row)
    return tuple(collateral), tuple(unjournaled), tuple(sorted((done - seen - here).elements()))


def _crashes(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.event == "cell.finished" and entry.data["state"] != "completed":
            error = entry.data["error"] or {"ename": entry.data["state"], "evalue": ""}
            yield f"cell {entry.data['id']}: {error['ename']} {error['evalue']}".rstrip()


def _causes(scenario: Scenario, found: Sequence[str]) -> Iterator[str]:
    expect = scenario.expect
    first = expect.first or (expect.causes[0] if expect.causes else None)
    for name in expect.causes:
        if name not in found:
            yield f"cause {name} was not found"
    for name in found:
        if name not in expect.causes:
            yield f"cause {name} is not what was broken"
    if first is not None and found and found[0] != first:
        yield f"cause {found[0]} is ranked first, not {first}"


def _findings(scenario: Scenario, summary: Mapping[str, Any]) -> Iterator[str]:
    found = {each["check"]: each["status"] for each in summary["findings"]}
    for name, wanted in scenario.expect.findings.items():
        if found.get(name) != wanted:
            yield f"{name} ended {found.get(name, 'unasked')}, not {wanted}"


def _end(scenario: Scenario, summary: Mapping[str, Any], recovered: bool | None) -> Iterator[str]:
    expect = scenario.expect
    if (summary["status"], summary["exit_code"]) != (expect.status, expect.exit_code):
        seen, wanted = f"{summary['status']} ({summary['exit_code']})", f"{expect.status} ({expect.exit_code})"
        why = "; ".join(f"{f['check']} {f['status']}: {f['summary']}" for f in _bad(summary))
        yield f"ended {seen}, not {wanted}" + (f": {why}" if why else "")
    if bool(recovered) != bool(expect.recovered):
        yield f"recovered is {recovered}, not {expect.recovered}"


def _actions(scenario: Scenario, summary: Mapping[str, Any]) -> Iterator[str]:
    last = {action["action"]: action for action in summary["actions"]}
    for name, wanted in scenario.expect.actions.items():
        if name not in last:
            yield f"action {name} was not reached"
        elif last[name]["outcome"] != wanted:
            yield f"action {name} ended {last[name]['outcome']}, not {wanted}: {last[name]['reason']}"
    for name, action in last.items():
        if name not in scenario.expect.actions and action["outcome"] in CHANGED:
            yield f"action {name} ended {action['outcome']}: nobody asked for it"


def _warnings(scenario: Scenario, summary: Mapping[str, Any]) -> Iterator[str]:
    shown = [cost for plan in summary["plans"] for cost in plan["costs"] if cost.startswith(WARNING)]
    for wanted in scenario.expect.warns:
        if not any(wanted in cost for cost in shown):
            yield f"no plan warned of {wanted!r}; warnings: {'; '.join(shown) or 'none'}"


def _world(scenario: Scenario, after: Mapping[str, Any]) -> Iterator[str]:
    for key, wanted in scenario.expect.world.items():
        if after.get(key) != wanted:
            yield f"the world's {key} is {after.get(key)!r}, not {wanted!r}"
    lost = sorted(set(scenario.expect.survives) - set(after.get("survivors", ())))
    if lost:
        yield f"did not survive: {', '.join(lost)}"


def _bad(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [found for found in summary["findings"] if found["status"] in ("critical", "unknown")]


def _values(before: Mapping[str, Any]) -> set[str]:
    return {value for value in before.values() if isinstance(value, str)}


def _told(row: Row) -> str:
    return " ".join([row["system"], row["method"], row["path"], *row["objects"]])
