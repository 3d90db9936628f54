"""``runbook resume``: go on with a run that was cut off. Reads are asked again, done changes are not made again."""

from __future__ import annotations

import argparse

from runbook import places
from runbook.cli.run import closing_lines
from runbook.cli.screen import Screen
from runbook.record.folder import find_run
from runbook.times import Times


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The contract's options."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, a part of its name, or latest")
    parser.add_argument("--runs", metavar="DIR", help="where the records are")
    parser.set_defaults(call=resume)


def resume(arguments: argparse.Namespace, screen: Screen) -> int:
    """Run it again from the top in its own record; the exit code is the run's."""
    from runbook import headless

    run_dir = find_run(places.runs_dir(arguments.runs), arguments.run)
    end = headless.resume(run_dir, places.root(), (lambda _text: None) if screen.json else screen.text, Times())
    screen.document(end.summary)
    for line in closing_lines(end.summary):
        screen.line(line)
    return end.exit_code
