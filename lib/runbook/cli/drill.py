"""``runbook drill``: one scenario to watch, or all of them scored."""

from __future__ import annotations

import argparse
from typing import Any

from runbook import places
from runbook.cli.ending import ends_cleanly
from runbook.cli.sandbox import must_be_installed
from runbook.cli.screen import Screen
from runbook.drill import DrillResult, Stopped, drill, not_scored
from runbook.errors import RunbookError, SettingError
from runbook.sandbox import scenarios
from runbook.times import Times

FIRST = "idle-transaction-leak"  # what `make drill` shows
FAILED = 4


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Which scenarios."""
    parser.add_argument("scenarios", metavar="SCENARIO", nargs="*", help=f"default: {FIRST}")
    parser.add_argument("--all", action="store_true", help="every scenario in params/scenarios")
    parser.add_argument("--runs", metavar="DIR", help="where records go")
    parser.set_defaults(call=run)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """0 when all passed, 4 when one failed. No sandbox is left behind."""
    must_be_installed()
    root, runs, times = places.root(), places.runs_dir(arguments.runs), Times()
    if arguments.all and arguments.scenarios:
        raise SettingError("--all and a scenario", where="drill", next_step="keep one of them")
    names = scenarios.names(root) if arguments.all else arguments.scenarios or [FIRST]
    chosen = [scenarios.load(name, root) for name in dict.fromkeys(names)]
    alone = len(chosen) == 1 and not arguments.all
    results = []
    with ends_cleanly():
        for scenario in chosen:
            show = screen.text if alone else (lambda _text: None)
            try:
                result = drill(scenario, root=root, runs=runs, times=times, show=show)
            except Stopped:
                raise
            except RunbookError as error:
                result = not_scored(scenario, error)
            results.append(result)
            if not alone:
                screen.line(one_line(result))
    screen.document([result.as_json() for result in results])
    for result in results if alone else ():
        for failure in result.failures:
            screen.line(f"failed: {failure}")
        for line in five_lines(result):
            screen.line(line)
    if not alone:
        screen.line(f"{sum(result.passed for result in results)} of {len(results)} passed")
    return 0 if all(result.passed for result in results) else FAILED


def one_line(result: DrillResult) -> str:
    """A scenario's line in a list of many: with the reason when it failed."""
    found = ", ".join(result.found_causes) or "no cause"
    end = f"passed  {result.scenario}: {found}, exit {result.exit_code}, {result.seconds:.1f} s"
    return end if result.passed else f"FAILED  {result.scenario}: {'; '.join(result.failures)} ({result.run_dir})"


def five_lines(result: DrillResult) -> list[str]:
    """The contract's last five lines."""
    causes = [f"{cause['name']}: {cause['title']}" for cause in result.summary.get("causes", ())]
    quiet = ("planned", "skipped", "unchanged")
    actions = [_action(one) for one in result.summary.get("actions", ()) if one["outcome"] not in quiet]
    pairs = [f"{label} {result.before.get(key)} → {result.after.get(key)}" for key, label in SHOWN]
    times = [f"{name} {seconds:.1f} s" for name, seconds in result.times.items() if seconds >= 0.05]
    return [
        f"cause: {'; '.join(causes) or 'none'}", f"action: {'; '.join(actions) or 'none'}",
        f"before/after: {', '.join(pairs)}", f"times: {', '.join(times)}", f"record: {result.run_dir}",
    ]  # fmt: skip


SHOWN = (("health", "site's health"), ("idle_in_transaction", "idle in transaction"), ("pool_used", "pool in use"))


def _action(action: dict[str, Any]) -> str:
    verify = f", proven: {action['verify']['summary']}" if action["verify"] else ""
    return f"{action['action']} {action['outcome']}{verify}"
