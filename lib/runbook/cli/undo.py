"""``runbook undo``: a new run that takes back what another one changed, newest first, each planned, approved, proven."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from runbook import approval, catalogue, incident, places, provenance
from runbook.cli.asked import mode_of
from runbook.cli.run import NeverOpened, closing_lines
from runbook.cli.screen import Screen
from runbook.cli.undo_notebook import NAME, notebook_for
from runbook.errors import Refused, SettingError
from runbook.record.folder import find_run
from runbook.record.journal import read
from runbook.times import Times


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The contract's options."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, a part of its name, or latest")
    parser.add_argument("--mode", metavar="rehearse|act", default="rehearse", help="rehearse (default) changes nothing")
    parser.add_argument("--approve", metavar="X", action="append", default=[], help="ACTION or ACTION@PLAN-ID")
    parser.add_argument("--ask", action="store_true", help="ask on the terminal before each change")
    parser.add_argument("--runs", metavar="DIR", help="where the records are")
    parser.set_defaults(call=undo)


def undo(arguments: argparse.Namespace, screen: Screen) -> int:
    """Write the notebook, run it; the exit code is that run's."""
    if arguments.ask and not sys.stdin.isatty():
        raise SettingError("--ask needs a terminal", where="undo", next_step="use --approve ACTION@PLAN-ID")
    times, approve, mode = Times(), ",".join(arguments.approve), mode_of(arguments.mode)
    approval.parse(approve, approver="", expires_at=times.now())
    run_dir = find_run(places.runs_dir(arguments.runs), arguments.run)
    procedure, opened = undo_of(run_dir)
    from runbook import headless  # late: a wrong option need not wait for it

    name, source = provenance.operator()
    about = opened["incident"]
    request = headless.RunRequest(
        procedure=procedure, environment=opened["environment"], root=places.root(), runs=run_dir.parent.parent,
        incident=incident.must_exist(run_dir.parent.parent, about) if about else None,
        parameters={"incident": about, "environment": opened["environment"], "mode": mode.value, "approve": approve,
                    "undo_of": run_dir.name},
        operator=name, operator_source=source, ask=arguments.ask, drill=opened["drill"],
    )  # fmt: skip
    end = headless.run(request, show=(lambda _text: None) if screen.json else screen.text, times=times)
    if end.run_dir is None:
        raise NeverOpened(end.line, end.exit_code)
    screen.document(end.summary)
    *lines, record = closing_lines(end.summary)
    for line in [*lines, *_to_approve(end.summary), record]:
        screen.line(line)
    return end.exit_code


def undo_of(run_dir: Path) -> tuple[catalogue.Procedure, dict[str, Any]]:
    """The procedure that takes a run back, and that run's opening. Refused when there is nothing to take back."""
    from runbook.actions.inverse import inverses

    entries = read(run_dir / "journal.jsonl")
    if not entries or entries[-1].event != "run.closed":
        raise Refused("this run is not closed", where=run_dir.name, next_step=f"runbook recover {run_dir.name}")
    found = inverses(entries)
    if not found:
        raise Refused("this run changed nothing: there is nothing to undo", where=run_dir.name)
    if all(one.why_not for one in found):
        reasons = "; ".join(f"{one.plan.action} {one.why_not}" for one in found)
        raise Refused(f"nothing of it can be undone: {reasons}", where=run_dir.name)
    opened: dict[str, Any] = entries[0].data
    return catalogue.made(notebook_for(run_dir.name, opened, found), NAME, opened["category"]), opened


def _to_approve(summary: dict[str, Any]) -> list[str]:
    plans = {one["plan_id"]: one for one in summary["plans"]}
    waiting = [
        one for one in summary["actions"] if one["outcome"] in ("planned", "skipped") and one["plan_id"] in plans
    ]
    return [
        f"to approve: --mode act --approve {one['action']}@{one['plan_id']}"
        for one in waiting
        if plans[one["plan_id"]]["objects"]
    ]
