"""One drill from a healthy world to its score: a sandbox of its own, broken, run, looked at, and taken down again."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from runbook import approval, catalogue, headless, incident, policy, provenance
from runbook.drill.score import DrillResult, Row, score
from runbook.drill.stopped import stopped_by_signals
from runbook.errors import RunbookError
from runbook.headless import RunEnd, RunRequest
from runbook.incident import Desk
from runbook.model import Incident
from runbook.record.journal import read
from runbook.record.mask import Masker
from runbook.sandbox import lifecycle
from runbook.sandbox.scenarios import Scenario
from runbook.settings import load_profile, load_secrets
from runbook.times import Times

PLANNED = "@planned"  # approve the plan that a rehearsal makes
SETTLE_SECONDS = 10.0  # how long the world may take to look as expected after the run
LOOK_SECONDS = 0.25
Show = Callable[[str], None]


def drill(scenario: Scenario, *, root: Path, runs: Path, times: Times, show: Show = lambda _text: None) -> DrillResult:
    """Break a new sandbox as the scenario says, run its notebook, score. The record stays in ``runs``."""
    procedure = catalogue.get(root, scenario.notebook)
    begun = times.monotonic()
    spent: dict[str, float] = {}

    def lap(name: str) -> None:
        spent[name] = times.monotonic() - begun - sum(spent.values())

    with lifecycle.own_sandbox() as state, _pointed_at(state):
        lap("sandbox up")
        show(f"sandbox: up in {spent['sandbox up']:.1f} s\n")
        lifecycle.break_world(scenario.name, state)
        times.sleep(scenario.wait_seconds)
        before = lifecycle.control("GET", "state", path=state)
        lap("broken")
        show(f"broken: {scenario.title}; the site answers {before['health']}\n")
        with _incident(scenario, procedure.category, root, runs, times) as about:
            request = _request(scenario, procedure, about, before, root, runs)
            known = len(_changes(state))
            approve = _approvals(scenario, request, times)
            lap("rehearsed")
            end = _run(request, approve, scenario.mode, show, times)
        lap("run")
        assert end.run_dir is not None
        after = _settled(scenario, state, times)
        return score(
            scenario, summary=end.summary, entries=read(end.run_dir / "journal.jsonl"), rows=_changes(state)[known:],
            before=before, after=after, times=spent, leaks=leaks(end.run_dir, load_secrets(load_profile("sandbox")).known()),
        )  # fmt: skip


def leaks(run_dir: Path, declared: Mapping[str, str]) -> list[str]:
    """Each secret that stands in any file of a record, as ``name in file``."""
    masker = Masker(declared, b"a drill")
    files = sorted(path for path in run_dir.rglob("*") if path.is_file())
    return [
        f"{tag.strip('[]').partition(':')[0]} in {path.relative_to(run_dir)}"
        for path in files
        for tag in masker.found_in(path.read_bytes())
    ]


def _request(
    scenario: Scenario, procedure: catalogue.Procedure, about: Incident | None, state: Mapping[str, Any], root: Path, runs: Path
) -> RunRequest:  # fmt: skip
    """The run of a scenario, without mode and approvals."""
    where = f"scenario {scenario.name}"
    values = {one.name: one.default for one in procedure.parameters}
    values |= catalogue.coerce(procedure, told_by_the_world(scenario.parameters, state), where)
    values |= catalogue.coerce(procedure, {"environment": "sandbox"}, where)
    if about is not None:
        values |= catalogue.coerce(procedure, {"incident": about.incident_id}, where)
    operator, source = provenance.operator()
    return RunRequest(
        procedure=procedure, parameters=values, environment="sandbox", incident=about, root=root, runs=runs,
        operator=operator, operator_source=source, drill=True,
    )  # fmt: skip


def told_by_the_world(parameters: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario's parameters; ``{name}`` is what the broken world says of that name."""
    return {key: str(state[value[1:-1]]) if isinstance(value, str) and value[:1] + value[-1:] == "{}" else value
            for key, value in parameters.items()}  # fmt: skip


def _run(request: RunRequest, approve: str, mode: str, show: Show, times: Times) -> RunEnd:
    given = {"mode": mode, "approve": approve}
    declared = {one.name for one in request.procedure.parameters}
    parameters = {**request.parameters, **{key: value for key, value in given.items() if key in declared}}
    with stopped_by_signals():
        end = headless.run(replace(request, parameters=parameters), show=show, times=times)
    if end.run_dir is None:
        raise RunbookError(end.line, where=f"notebook {request.procedure.name}", next_step="mend the scenario")
    return end


def _approvals(scenario: Scenario, request: RunRequest, times: Times) -> str:
    """The scenario's approvals; for ``action@planned`` a rehearsal makes the plan that is approved."""
    if not any(word.endswith(PLANNED) for word in scenario.approve):
        return ",".join(scenario.approve)
    end = _run(request, "", "rehearse", lambda _text: None, times)
    plans = {plan["action"]: plan["plan_id"] for plan in end.summary["plans"]}
    given = []
    for word in scenario.approve:
        action = word.removesuffix(PLANNED)
        if word.endswith(PLANNED) and action not in plans:
            raise RunbookError(f"the rehearsal made no plan of {action}", where=f"scenario {scenario.name}",
                               next_step=f"read {end.run_dir}")  # fmt: skip
        given.append(f"{action}@{plans[action]}" if word.endswith(PLANNED) else word)
        if scenario.second and word.endswith(PLANNED) and request.incident is not None:
            _approve_too(scenario.second, plans[action], request, times)
    return ",".join(given)


def _approve_too(who: str, plan_id: str, request: RunRequest, times: Times) -> None:
    """What ``runbook approve`` does for the second person."""
    assert request.incident is not None
    folder = request.runs / request.incident.incident_id
    kept = approval.read_plan(approval.path_of(folder, plan_id))
    approval.write_approval(
        folder, kept.plan, approver=request.operator if who == "operator" else who, reason="a drill",
        valid=timedelta(minutes=policy.load(request.root).approval_minutes), times=times,
    )  # fmt: skip


@contextlib.contextmanager
def _incident(
    scenario: Scenario, category: str, root: Path, runs: Path, times: Times
) -> Iterator[Incident | None]:  # fmt: skip
    """An incident for this drill alone, closed when it is over: the next run must not file under it."""
    if category != "respond":
        yield None
        return
    rules = policy.load(root)
    desk = Desk(runs, provenance.operator()[0], times)
    opened = incident.open_incident(
        desk, environment="sandbox", issue_type=rules.issue_type_of(scenario.notebook),
        incident_id=f"DRILL-{times.now():%Y%m%d}-{scenario.name[:36]}-{secrets.token_hex(2)}",
    )  # fmt: skip
    try:
        yield opened
    finally:
        incident.close(desk, opened.incident_id, "the drill is over")


def _changes(state: Path) -> list[Row]:
    rows: list[Row] = lifecycle.control("GET", "requests?changes=1", path=state)["requests"]
    return rows


def _settled(scenario: Scenario, state: Path, times: Times) -> Mapping[str, Any]:
    """The world after the run: as soon as it looks as expected, or as it looks when the time is over."""
    give_up = times.monotonic() + SETTLE_SECONDS
    while True:
        after: dict[str, Any] = lifecycle.control("GET", "state", path=state)
        if all(after.get(key) == wanted for key, wanted in scenario.expect.world.items()):
            return after
        if times.monotonic() > give_up:
            return after
        times.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def _pointed_at(state: Path) -> Iterator[None]:
    """Everything in this process and below it means this sandbox, and no run that may be under way around it."""
    before = {name: os.environ.get(name) for name in ("RUNBOOK_SANDBOX", "RUNBOOK_RUN")}
    os.environ["RUNBOOK_SANDBOX"] = str(state)
    os.environ.pop("RUNBOOK_RUN", None)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
