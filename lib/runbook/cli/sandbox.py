"""``runbook sandbox``: up, down, status, break, repair."""

from __future__ import annotations

import argparse
import time
from typing import Any

from runbook import places
from runbook.cli.screen import Screen
from runbook.errors import SettingError

LOOK_SECONDS = 0.5
INTERRUPTED = 130


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """One subcommand each."""
    below = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, about: str, call: Any) -> argparse.ArgumentParser:
        sub = below.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False)
        sub.set_defaults(call=call)
        return sub

    up = add("up", "start the sandbox; returns when it is ready", _up)
    up.add_argument("--foreground", action="store_true", help="stay, and stop it with Ctrl-C")
    add("down", "stop it", _down)
    add("status", "is it up, where, and which scenario", _status)
    add("break", "break it as a scenario says", _break).add_argument("scenario", metavar="SCENARIO")
    add("repair", "bring the healthy world back", _repair)


def _up(arguments: argparse.Namespace, screen: Screen) -> int:
    from runbook.sandbox import lifecycle

    must_be_installed()
    if arguments.foreground:
        return _stay(screen)
    _, already = lifecycle.up()
    _show(screen, "up already" if already else "up")
    return 0


def _stay(screen: Screen) -> int:
    """Up until Ctrl-C."""
    from runbook.cli.ending import ends_cleanly
    from runbook.sandbox import lifecycle

    mine = False
    with ends_cleanly():
        try:
            _, already = lifecycle.up(die_with_us=True)
            if already:
                raise SettingError("a sandbox is up already", where="sandbox up", next_step="runbook sandbox down")
            mine = True
            _show(screen, "up; Ctrl-C stops it")
            while lifecycle.status()["up"]:
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            return 0 if mine else INTERRUPTED
        finally:
            if mine:
                lifecycle.down()
    return 0


def _down(arguments: argparse.Namespace, screen: Screen) -> int:
    from runbook.sandbox import lifecycle

    was_up = lifecycle.down()
    screen.document(lifecycle.status())
    screen.line("down" if was_up else "no sandbox was up")
    return 0


def _status(arguments: argparse.Namespace, screen: Screen) -> int:
    _show(screen, "")
    return 0


def _break(arguments: argparse.Namespace, screen: Screen) -> int:
    from runbook.sandbox import lifecycle, scenarios

    scenarios.load(arguments.scenario)  # an unknown name is exit 2, up or not
    lifecycle.break_world(arguments.scenario)
    _show(screen, f"broken: {arguments.scenario}")
    return 0


def _repair(arguments: argparse.Namespace, screen: Screen) -> int:
    from runbook.sandbox import lifecycle

    lifecycle.repair()
    _show(screen, "repaired")
    return 0


def _show(screen: Screen, headline: str) -> None:
    from runbook.sandbox import lifecycle

    status = lifecycle.status()
    screen.document(status)
    if headline:
        screen.line(headline)
    if not status["up"]:
        screen.line("no sandbox is up")
        return
    screen.line(f"scenario: {status['scenario']}")
    screen.line(f"state: {places.sandbox_state_path()} (pid {status['pid']})")
    screen.table([(f"  {name}", url) for name, url in status["urls"].items()])


def must_be_installed() -> None:
    """Exit 2 when the extra ``sandbox`` is missing."""
    from importlib.util import find_spec

    if find_spec("uvicorn") is None or find_spec("starlette") is None:
        raise SettingError("the sandbox is not installed", where="sandbox",
                           next_step="make drill, or pip install '.[sandbox]'")  # fmt: skip
