"""What a run has asked so far, how each question was answered last, and whether what was bad has become well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from runbook.checks.frame import Check, ask_all
from runbook.errors import SettingError
from runbook.model import Finding, Outcome, Status
from runbook.record.journal import Journal
from runbook.run.facts import anything_done, finding_event, findings_of
from runbook.systems import Systems
from runbook.times import Times, parse_iso

RECOVERY_SECONDS = 30.0  # how long the world gets to follow a change that is already proven
LOOK_AGAIN_SECONDS = 1.0


class Questions:
    """The checks of one run. After a restart of the kernel it goes on with the answers that the journal holds."""

    def __init__(self, systems: Systems, journal: Journal, times: Times) -> None:
        self._systems = systems
        self._journal = journal
        self._times = times
        self._asked: dict[str, tuple[Check, dict[str, Any]]] = {}
        history = findings_of(journal.entries)
        self.latest: dict[str, Finding] = {found.check: found for found in history}
        self._was_critical = {found.check for found in history if found.status is Status.CRITICAL}
        self._verified = 0  # how much of the journal the last verify had seen

    def ask(self, checks: Sequence[Check], arguments: dict[str, Any], asked: str = "check") -> list[Finding]:
        """Ask all of them at once, and write the answers down."""
        findings = ask_all(checks, self._systems, arguments)
        for one, found in zip(checks, findings, strict=True):
            self._asked[one.name] = (one, arguments)
            self.latest[found.check] = found
            if found.status is Status.CRITICAL:
                self._was_critical.add(found.check)
            self._journal.append("check.finished", finding_event(found, asked))
        return findings

    @property
    def who_was_asked(self) -> dict[str, tuple[str, ...]]:
        """The systems that each check asks."""
        return {name: one.asks for name, (one, _) in self._asked.items()}

    def not_asked_yet(self) -> list[str]:
        """What was bad when a kernel before this one asked it: only its own cell knows how to ask it again."""
        return [name for name in self.latest if name not in self._asked and self._was_bad(name)]

    def verify(self) -> list[Finding]:
        """Ask again whatever was bad; after a change, wait for the world to follow it. The same change is waited for once."""
        names = [name for name in self._asked if self._was_bad(name)]
        findings = self._ask_again(names)
        give_up = self._times.monotonic() + RECOVERY_SECONDS
        entries = self._journal.entries
        changed = anything_done(entries[self._verified :])
        self._verified = len(entries)
        while changed and any_critical(findings) and self._times.monotonic() < give_up:
            self._times.sleep(LOOK_AGAIN_SECONDS)
            findings = self._ask_again(names)
        return findings

    def has_recovered(self) -> bool:
        """Ask what was critical again; recovered when none of it is critical or unknown now."""
        if not self._was_critical <= set(self._asked):  # asked by a kernel before this one: nobody can tell
            return False
        again = self._ask_again(sorted(self._was_critical))
        return bool(again) and all(found.status in (Status.OK, Status.WARNING) for found in again)

    def recovers_after_the_last_change(self) -> bool:
        """Before another change the last one gets its time: a pool that was emptied fills and settles in seconds."""
        entries = [e for e in self._journal.entries if e.event == "action.finished"]
        changed = [e for e in entries if e.data["outcome"] == Outcome.DONE.value and e.data.get("mends", True)]
        if not changed:
            return False
        since = (self._times.now() - parse_iso(changed[-1].at)).total_seconds()
        give_up = self._times.monotonic() + RECOVERY_SECONDS - since
        while not self.has_recovered():
            if self._times.monotonic() > give_up:
                return False
            self._times.sleep(LOOK_AGAIN_SECONDS)
        return True

    def _ask_again(self, names: Sequence[str]) -> list[Finding]:
        merged: dict[str, Any] = {}
        for name in names:
            merged |= self._asked[name][1]
        return self.ask([self._asked[name][0] for name in names], merged, "verify") if names else []

    def _was_bad(self, name: str) -> bool:
        return self.latest[name].status is not Status.OK or name in self._was_critical


def must_be_taken(arguments: Iterable[str], checks: Sequence[Check]) -> None:
    """SettingError for an argument that none of the checks takes: a misspelt one would silently count for nothing."""
    given = dict.fromkeys(arguments)
    stray = set(given) - {name for one in checks for name in one.accepted(given)}
    if stray:
        names = ", ".join(one.name for one in checks)
        raise SettingError(f"no check takes {sorted(stray)[0]!r}", where=names, next_step="correct the cell")


def any_critical(findings: Iterable[Finding]) -> bool:
    """Whether any of them is."""
    return any(found.status is Status.CRITICAL for found in findings)
