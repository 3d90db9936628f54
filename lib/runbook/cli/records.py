"""``runbook verify`` and ``runbook recover``: is a record whole, and close one whose run died."""

from __future__ import annotations

import argparse

from runbook import places
from runbook.cli.run import closing_lines
from runbook.cli.screen import Screen
from runbook.record.folder import find_run

BROKEN = 4


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The options of both commands."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, a part of its name, or latest")
    parser.add_argument("--runs", metavar="DIR", help="where the records are")
    if command == "verify":
        parser.add_argument("-v", dest="verbose", action="store_true", help="list every check")
    parser.set_defaults(call=verify if command == "verify" else recover)


def verify(arguments: argparse.Namespace, screen: Screen) -> int:
    """Silent and 0 when the record is whole; else one line and 4."""
    from runbook.record.verify import verify as verified

    found = verified(find_run(places.runs_dir(arguments.runs), arguments.run))
    screen.document(found.as_json())
    if arguments.verbose:
        for one in found.checks:
            screen.line(" ".join(filter(None, [one.result, one.what, one.reason])))
    broken = found.first_broken
    if broken is None:
        return 0
    if not screen.json:
        entry = f" entry {broken.seq}" if broken.seq is not None else ""
        screen.aside(f"runbook: {found.run}: {broken.file or broken.what}{entry} is broken: {broken.reason}")
    return BROKEN


def recover(arguments: argparse.Namespace, screen: Screen) -> int:
    """Close, draw and seal; says how it ended. The exit code is the run's."""
    from runbook import headless
    from runbook.record.journal import read

    run_dir = find_run(places.runs_dir(arguments.runs), arguments.run)
    summary = headless.recover(run_dir)
    screen.document(summary)
    for entry in read(run_dir / "journal.jsonl"):
        if entry.event == "run.recovered" and entry.data["cut_bytes"]:
            screen.line(f"recovered: {entry.data['cut_bytes']} bytes of a torn last line were cut")
    for line in closing_lines(summary):
        screen.line(line)
    return int(summary["exit_code"])
