"""``runbook run``: one procedure, headless, from the command line to the closing lines."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from runbook import incident, places
from runbook.cli import asked
from runbook.cli.screen import Screen
from runbook.errors import RunbookError, SettingError
from runbook.headless.folder import RunRequest
from runbook.model import Incident
from runbook.times import Times

UNRESOLVED = 4


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The contract's options."""
    asked.add_options(parser)
    parser.set_defaults(call=run)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Run it and say how it ended; the exit code is the run's."""
    times = Times()
    if arguments.ask and not sys.stdin.isatty():
        raise SettingError("--ask needs a terminal", where="run", next_step="use --approve ACTION@PLAN-ID")
    checked = asked.check(arguments, times)
    if checked.elsewhere:
        screen.aside(f"runbook: {checked.elsewhere}")
    opened = asked.take_incident(checked, times)
    request = request_of(checked, opened, arguments)
    from runbook import headless  # late: a wrong option need not wait for it

    try:
        end = headless.run(request, show=(lambda _text: None) if screen.json else screen.text, times=times)
        if end.run_dir is None:
            raise NeverOpened(end.line, end.exit_code)
    except RunbookError:
        if checked.opens and opened is not None:
            incident.withdraw(request.runs, opened.incident_id)
        raise
    screen.document(end.summary)
    for line in closing_lines(end.summary):
        screen.line(line)
    return end.exit_code


def request_of(checked: asked.Asked, about: Incident | None, arguments: argparse.Namespace) -> RunRequest:
    """What the runner is asked for."""
    limits = {"timeout_seconds": arguments.timeout, "cell_timeout_seconds": arguments.cell_timeout}
    return RunRequest(
        procedure=checked.procedure, parameters=checked.parameters, environment=checked.environment,
        incident=about, root=places.root(), runs=checked.runs, operator=checked.operator,
        operator_source=checked.operator_source, ask=arguments.ask, break_glass=arguments.break_glass or "",
        **{name: value for name, value in limits.items() if value is not None},
    )  # fmt: skip


def closing_lines(summary: dict[str, Any]) -> list[str]:
    """Status, causes, what was done and changed, what can be approved, and where the record is.

    The journal's head goes where the terminal's or the CI's log goes: a folder replaced as a whole does not fit it.
    """
    lines = [f"status: {summary['status']} (exit code {summary['exit_code']})"]
    lines += [f"cause: {cause['name']}: {cause['title']}" for cause in summary["causes"]]
    lines += [f"{f['status']}: {f['check']}: {f['summary']}" for f in summary["findings"] if f["status"] != "ok"]
    lines += [f"action: {_action(one)}" for one in summary["actions"] if one["outcome"] not in ("planned", "unchanged")]
    lines += [f"changed: {line}" for line in summary["changed"]] or ["changed: nothing"]
    helps = {name for cause in summary["causes"] for name in cause["actions"]}  # no plan is offered that helps nothing
    waiting = {action["plan_id"] for action in summary["actions"] if action["outcome"] in ("planned", "skipped")}
    for plan in summary["plans"] if summary["exit_code"] == UNRESOLVED else ():
        if plan["action"] in helps and plan["plan_id"] in waiting and plan["objects"]:
            lines.append(f"to approve: --mode act --approve {plan['action']}@{plan['plan_id']}")
    return [*lines, f"head: {summary['head']}", f"record: {summary['run_dir']}"]


class NeverOpened(RunbookError):
    """The notebook said no before there was a record."""

    def __init__(self, line: str, exit_code: int) -> None:
        super().__init__(line)
        self.exit_code = exit_code


def _action(action: dict[str, Any]) -> str:
    plan = f"@{action['plan_id']}" if action["plan_id"] else ""
    reason = f": {action['reason']}" if action["reason"] else ""
    return f"{action['action']}{plan} {action['outcome']}{reason}"
