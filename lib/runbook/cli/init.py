"""``runbook init``: from tokens to a profile that the doctor finds ready."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import sys
from collections.abc import Mapping

from runbook import adoption, places, settings
from runbook.cli import doctor
from runbook.cli.screen import Screen
from runbook.errors import SettingError
from runbook.times import Times

WELCOME = """This writes params/environments/{name}.yaml (hosts and ids, for git) and .env (secrets, yours alone).
Each token is tried at once, and what its vendor lists is chosen from a list. Enter takes what stands in brackets.
Nothing is changed anywhere, and nothing is written before the end: Ctrl-C leaves no trace."""


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Which environment, and whether it is only practised."""
    parser.add_argument(
        "--env", metavar="NAME", default="production", help="the environment's name; production unless told"
    )
    parser.add_argument(
        "--practise", action="store_true", help="with the running sandbox's stand-ins in place of the vendors"
    )
    parser.set_defaults(call=_init)


def _init(arguments: argparse.Namespace, screen: Screen) -> int:
    root, name = places.root(), arguments.env
    path = adoption.profile_path(root, name)
    if not sys.stdin.isatty():
        raise SettingError("needs a terminal: it asks", where="init",
                           next_step="in a script copy params/environments/production.example.yaml")  # fmt: skip
    with contextlib.ExitStack() as doors:
        desk = adoption.Desk(
            say=screen.aside, ask=_ask, ask_secret=_ask_secret, times=Times(), doors=doors, known=settings.secrets_set(),
            addresses=_sandbox_addresses() if arguments.practise else {},
        )  # fmt: skip
        screen.aside(WELCOME.format(name=name))
        if path.exists() and not _yes(
            f"\n{path.relative_to(root)} is there already. Replace it at the end?", default=False
        ):
            return 0
        adoption.interview(desk)
    screen.aside(f"\n{len(desk.profile)} systems: {', '.join(desk.profile)}; {len(desk.typed)} secrets were typed.")
    if not desk.profile or not _yes("Write the profile?", default=True):
        screen.aside("Nothing was written.")
        return 0
    for written in adoption.write(root, name, desk.profile, desk.typed):
        screen.aside(f"written: {written.relative_to(root)}")
    screen.aside("")
    return doctor.examine(name, screen)


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt
    return line.rstrip("\n")


def _ask_secret(question: str) -> str:
    try:
        return getpass.getpass(question)
    except EOFError:
        raise KeyboardInterrupt from None


def _yes(question: str, *, default: bool) -> bool:
    given = _ask(f"{question} [{'Y/n' if default else 'y/N'}] ").strip().lower()
    return given in ("y", "yes") if given else default


def _sandbox_addresses() -> Mapping[str, Mapping[str, str]]:
    """The running sandbox's addresses, by system and field."""
    urls = settings.sandbox_state()["urls"]
    return {
        system: {part: urls[name] for part, name in names.items()} for system, names in settings.SANDBOX_URLS.items()
    }
