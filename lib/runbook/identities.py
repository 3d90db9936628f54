"""Who each system of one environment says it is: asked when a run opens, and again before a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runbook.errors import Fault, SystemFault
from runbook.model import Identity
from runbook.times import Times, deadline

SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Question:
    """How one system is asked: who it must be, and who it says it is and by which call. Both may raise SystemFault."""

    expected: Callable[[], str]
    seen: Callable[[], tuple[str, str]]
    at_open: bool = True  # False: most runs change nothing there; it is asked before they do, and never holds up a run


class Identities:
    """The answers of one run's systems."""

    def __init__(self, questions: Mapping[str, Question], times: Times) -> None:
        self._questions = questions
        self._times = times
        self._known: dict[str, Identity] = {}

    def ask_all(self, used: Callable[[str], bool]) -> dict[str, Identity]:
        """Ask every system that is used, at once; remembered for ``known``."""
        names = [
            name for name, one in self._questions.items() if one.at_open and used(name) and name not in self._known
        ]
        with ThreadPoolExecutor(max_workers=len(self._questions)) as pool:
            for identity in pool.map(self.ask, names):
                self._known[identity.system] = identity
        return dict(self._known)

    def known(self, system: str) -> Identity | None:
        """Who the system said it is when the run opened; None when it was not asked."""
        return self._known.get(system)

    def ask(self, system: str) -> Identity:
        """Ask a system now; one that cannot tell has no ``matches``."""
        expected = ""
        try:
            expected = self._question(system).expected()
            return self.must_ask(system)
        except SystemFault as fault:
            return Identity(system, expected, "", None, str(fault))

    def must_ask(self, system: str) -> Identity:
        """Ask a system now; a SystemFault where it does not answer."""
        question = self._question(system)
        expected = question.expected()
        with deadline(SECONDS, self._times):
            seen, how = question.seen()
        return Identity(system, expected, seen, seen == expected, how)

    def _question(self, system: str) -> Question:
        if system not in self._questions:
            raise SystemFault(f"{system} has no identity", system=system, fault=Fault.NOT_SET)
        return self._questions[system]
