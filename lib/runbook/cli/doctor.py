"""``runbook doctor``: could this environment act tonight?"""

from __future__ import annotations

import argparse

from runbook import doctor, places, settings
from runbook.cli.screen import Screen
from runbook.model import Status
from runbook.times import Times

WORDS = {Status.OK: "ok", Status.WARNING: "warn", Status.CRITICAL: "FIX", Status.UNKNOWN: "?"}
VERDICT = {
    0: "Ready: this environment could act tonight.",
    4: "Not ready: do what stands behind FIX.",
    5: "Could not tell: ask again when what is marked ? answers.",
}


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Which environment."""
    parser.add_argument(
        "--env", metavar="NAME", help="the profile; else $RUNBOOK_ENV, else sandbox if it is the only one"
    )
    parser.set_defaults(call=_doctor)


def _doctor(arguments: argparse.Namespace, screen: Screen) -> int:
    return examine(settings.choose_profile(arguments.env), screen)


def examine(environment: str, screen: Screen) -> int:
    """Examine one environment, show it, and give the exit code."""
    report = doctor.examine(environment, places.root(), Times())
    screen.document(report.as_json())
    screen.table(
        [(f"{WORDS[one.status]:>4}", one.item, one.summary) for one in report.items if one.status is Status.OK]
    )
    for one in report.items:
        if one.status is not Status.OK:
            screen.line(f"{WORDS[one.status]:>4}  {one.item}: {one.summary}")
            screen.line(f"        next: {one.next_step}")
    screen.line(f"{report.environment}: {VERDICT[report.exit_code]}")
    return report.exit_code
