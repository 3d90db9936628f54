"""Where the questions are asked and the answers kept. Nothing is written until all of them are there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from runbook.clients.choices import Choice
from runbook.clients.http import HttpDoor
from runbook.errors import SystemFault
from runbook.times import Times


class Client(Protocol):
    """A vendor's client."""

    door: HttpDoor


T = TypeVar("T", bound=Client)
TRIES = 3
SHOWN = 30
Part = dict[str, Any]


@dataclass
class Desk:
    """One interview. ``ask`` shows its text and gives a line back; ``ask_secret`` does so without an echo.

    ``known`` are the secrets that are set already; ``addresses`` stand for the vendors' own, by system and field.
    """

    say: Callable[[str], None]
    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]
    times: Times
    doors: contextlib.ExitStack
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    addresses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    profile: dict[str, Part] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict, repr=False)

    def opened(self, client: T) -> T:
        """A client whose door is closed when the interview is over."""
        self.doors.callback(client.door.close)
        return client

    def line(self, question: str, default: str = "") -> str:
        """A line of text; Enter takes what stands in brackets."""
        given = self.ask(f"  {question}{f' [{default}]' if default else ''}: ").strip()
        return given or default

    def secret(self, name: str, otherwise: str) -> str:
        """A secret, never shown; the one that is set already with Enter. Empty: ``otherwise`` happens."""
        known = self.known.get(name, "")
        hint = "set already, Enter keeps it" if known else f"not shown; Enter: {otherwise}"
        given = self.ask_secret(f"  {name} ({hint}): ").strip()
        if given:
            self.typed[name] = given
        return given or known

    def secret_that(self, name: str, otherwise: str, works: Callable[[str], Any]) -> Any:
        """What ``works`` makes of a secret that the system takes; None when it is left out or is refused again and again."""
        for _ in range(TRIES):
            value = self.secret(name, otherwise)
            if not value:
                return None
            try:
                return works(value)
            except SystemFault as fault:
                self.say(f"  {fault}")
                self.typed.pop(name, None)
        self.say(f"  {otherwise}.")
        return None

    def address(self, system: str, part: str, own: str, *, asks: bool = False) -> str:
        """The address of a system; asked where vendors have several, one for each region."""
        given = self.addresses.get(system, {}).get(part)
        return given or (self.line("address", own) if asks else own)

    def choose(self, what: str, choices: Sequence[Choice], default: str = "") -> str:
        """The id of one of them, by its number or typed; the only one with Enter."""
        for number, one in enumerate(choices[:SHOWN], start=1):
            self.say(f"  {number:>4}  {one.key}  {' '.join(filter(None, (one.name, one.more)))}".rstrip())
        if len(choices) > SHOWN:
            self.say(f"        {len(choices) - SHOWN} more: type the id")
        default = default or (choices[0].key if len(choices) == 1 else "")
        while True:
            given = self.line(f"{what}, number or id", default)
            if given.isdecimal() and given not in {one.key for one in choices}:
                if 0 < int(given) <= min(len(choices), SHOWN):
                    return choices[int(given) - 1].key
                self.say(f"  there is no number {given}")
            elif given:
                return given
