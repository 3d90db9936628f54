"""The symbol, the word and the tone of everything that has a state. Colour is never alone; unknown is never green."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from runbook.model import Danger, Mode, Outcome, Status
from runbook.view.plain import line


class Tone(StrEnum):
    """How loud something is shown; the style sheet has a colour for each."""

    BAD = "bad"
    WARN = "warn"
    UNSURE = "unsure"
    GOOD = "good"
    CALM = "calm"


@dataclass(frozen=True, slots=True)
class Word:
    """A state as it is shown: ``symbol word``, and a sentence that says what it means for the reader."""

    symbol: str
    word: str
    tone: Tone
    means: str = ""

    def __str__(self) -> str:
        """``✗ critical``."""
        return f"{self.symbol} {self.word}"


STATUS = {
    Status.CRITICAL: Word("✗", "critical", Tone.BAD),
    Status.UNKNOWN: Word("?", "unknown", Tone.UNSURE),
    Status.WARNING: Word("!", "warning", Tone.WARN),
    Status.OK: Word("✓", "ok", Tone.GOOD),
}
WORST_FIRST = {status: rank for rank, status in enumerate(STATUS)}

OUTCOME = {
    Outcome.DONE: Word("✓", "done", Tone.GOOD, "Changed, and proven."),
    Outcome.UNCHANGED: Word("=", "unchanged", Tone.CALM, "It was so already. Nothing was changed."),
    Outcome.PLANNED: Word("»", "planned", Tone.CALM, "Rehearsed. Nothing was changed."),
    Outcome.SKIPPED: Word("»", "skipped", Tone.CALM, "Nothing was changed."),
    Outcome.REFUSED: Word("✗", "refused", Tone.BAD, "Nothing was changed."),
    Outcome.FAILED: Word("✗", "failed", Tone.BAD, "Nothing was changed."),
    Outcome.UNVERIFIED: Word("!", "unverified", Tone.WARN, "It was changed, the effect was not seen."),
    Outcome.UNKNOWN: Word("?", "unknown", Tone.UNSURE, "It was started, its end was not seen."),
}

DANGER = {
    Danger.REVERSIBLE: Word("↺", "reversible", Tone.CALM, "can be taken back"),
    Danger.SIDE_EFFECT: Word("!", "side-effect", Tone.WARN, "cannot be called back"),
    Danger.DISRUPTIVE: Word("!!", "disruptive", Tone.WARN, "costs downtime or money"),
    Danger.DESTRUCTIVE: Word("✗", "destructive", Tone.BAD, "destroys what is there"),
}

MODE = {
    Mode.REHEARSE: Word("»", "rehearse", Tone.CALM, "Everything is read for real; nothing is changed anywhere."),
    Mode.ACT: Word("!", "act", Tone.WARN, "Approved plans are carried out. Everything else only reads."),
}

END = {
    "healthy": Word("✓", "healthy", Tone.GOOD, "Nothing is critical and nothing was."),
    "recovered": Word("✓", "recovered", Tone.GOOD, "What was critical is ok again."),
    "unresolved": Word("✗", "unresolved", Tone.BAD, "Something is critical and still stands."),
    "unknown": Word("?", "unknown", Tone.UNSURE, "Nothing is critical, but a required check could not tell."),
    "refused": Word("✗", "refused", Tone.BAD, "A guard, the target, the lock or an approval said no."),
    "failed": Word("✗", "failed", Tone.BAD, "The runbook itself failed."),
    "unrecorded": Word("✗", "unrecorded", Tone.BAD, "The record could not be written, or a secret was found in it."),
    "timed_out": Word("✗", "timed_out", Tone.BAD, "The time for the run was over."),
    "interrupted": Word("✗", "interrupted", Tone.BAD, "The run was interrupted."),
    "kernel_died": Word("✗", "kernel_died", Tone.BAD, "The kernel died."),
}

CELL = {
    "completed": Word("✓", "completed", Tone.GOOD),
    "failed": Word("✗", "failed", Tone.BAD),
    "timed_out": Word("✗", "timed_out", Tone.BAD),
    "interrupted": Word("✗", "interrupted", Tone.BAD),
    "kernel_died": Word("✗", "kernel_died", Tone.BAD),
    "skipped": Word("»", "skipped", Tone.CALM),
    "not_run": Word("-", "not run", Tone.CALM),
}


def end(status: str) -> Word:
    """The word for a run's status; an unforeseen or missing one is unsure, never green."""
    return END.get(status) or _unforeseen(status or "not closed")


def cell(state: str) -> Word:
    """The word for a cell's state; an unforeseen one is unsure."""
    return CELL.get(state) or _unforeseen(state or "not ended")


def finding(status: str) -> Word:
    """The word for a finding's status as the journal keeps it; an unforeseen one is unsure."""
    return STATUS[Status(status)] if status in set(Status) else _unforeseen(status)


def outcome(text: str) -> Word:
    """The word for an outcome as the journal keeps it; an unforeseen one is unsure."""
    return OUTCOME[Outcome(text)] if text in set(Outcome) else _unforeseen(text)


def danger(text: str) -> Word:
    """The word for a danger as the journal keeps it; an unforeseen one is unsure."""
    return DANGER[Danger(text)] if text in set(Danger) else _unforeseen(text)


def _unforeseen(word: str) -> Word:
    return Word("?", line(word).replace("_", " "), Tone.UNSURE, "This version does not know that word.")
